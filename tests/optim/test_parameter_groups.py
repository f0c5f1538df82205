import pytest
import torch
from torch import Tensor, nn

from headway.errors import ModelError
from headway.optim import parameter_groups


class Tied(nn.Module):
    """An embedding whose table is also the last layer's weight."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 3)
        self.norm = nn.LayerNorm((2, 3))
        self.head = nn.Linear(3, 5)
        self.head.weight = self.embedding.weight
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * self.head(self.norm(self.embedding(x)))


def convolutional() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.GroupNorm(1, 2), nn.Linear(4, 3)
    )


def names_of(model: nn.Module, parameters: list[Tensor]) -> set[str]:
    names = {id(p): name for name, p in model.named_parameters()}
    return {names[id(p)] for p in parameters}


def decayed_names(model: nn.Module) -> set[str]:
    return names_of(model, parameter_groups(model, 0.1)[0]["params"])


@pytest.mark.parametrize("model", [convolutional(), Tied()], ids=["convolutional", "tied"])
def test_every_trainable_parameter_is_in_exactly_one_group(model: nn.Module) -> None:
    grouped = [id(p) for group in parameter_groups(model, 0.1) for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in model.parameters())


def test_weights_of_layers_decay_and_norms_and_biases_do_not() -> None:
    assert decayed_names(convolutional()) == {"0.weight", "3.weight"}


def test_a_norm_with_two_dimensional_scale_does_not_decay() -> None:
    assert decayed_names(Tied()) == {"embedding.weight"}


def test_the_groups_carry_the_decay_and_zero() -> None:
    assert [g["weight_decay"] for g in parameter_groups(convolutional(), 0.3)] == [0.3, 0.0]


def test_a_weight_shared_with_a_norm_does_not_decay() -> None:
    model = nn.Sequential(nn.Linear(3, 2, bias=False), nn.LayerNorm((2, 3), bias=False))
    model[1].weight = model[0].weight
    assert [g["weight_decay"] for g in parameter_groups(model, 0.3)] == [0.0]


def test_frozen_parameters_are_left_out() -> None:
    model = convolutional()
    model[0].requires_grad_(False)
    assert decayed_names(model) == {"3.weight"}


def test_a_group_without_parameters_is_left_out() -> None:
    assert len(parameter_groups(nn.Linear(2, 2, bias=False), 0.1)) == 1


@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_a_lazy_module_without_a_shape_is_refused() -> None:
    with pytest.raises(ModelError, match=r"'0\.weight' of the model has no shape yet"):
        parameter_groups(nn.Sequential(nn.LazyLinear(2)), 0.1)
