import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import AdamW

from headway.errors import RecipeError
from headway.optim import Muon, build_optimizer, split_for_muon


class Network(nn.Module):
    """One of each kind of parameter that the rule tells apart."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(5, 4)
        self.conv = nn.Conv2d(2, 4, 3, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.grid_norm = nn.LayerNorm((4, 4))
        self.hidden = nn.Linear(4, 6)
        self.head = nn.Linear(6, 3)


def names_of(model: nn.Module, parameters: list[Any]) -> list[str]:
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return [names[id(parameter)] for parameter in parameters]


def give_gradients(model: nn.Module, seed: int = 1) -> None:
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.grad = torch.empty_like(parameter).copy_(
            torch.randn(parameter.shape, generator=generator)
        )


def weights(model: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in model.parameters()]


def test_kernels_and_hidden_weights_are_matrices_and_the_rest_is_not() -> None:
    model = Network()
    matrices, others = split_for_muon(model, 0.1)
    assert names_of(model, matrices) == ["conv.weight", "hidden.weight"]
    # By the rule of parameter_groups, embeddings decay like other weights.
    decayed, left_alone = others
    assert names_of(model, decayed["params"]) == ["embedding.weight", "head.weight"]
    assert "grid_norm.weight" in names_of(model, left_alone["params"])
    assert (decayed["weight_decay"], left_alone["weight_decay"]) == (0.1, 0.0)


def test_matrices_are_stepped_as_by_torch_and_the_others_as_by_adamw() -> None:
    model, other = Network(), Network()
    optimizer = build_optimizer(
        model, name="muon", lr=0.01, weight_decay=0.1, momentum=0.9, fused=False
    )
    hidden = torch.optim.Muon(
        [other.hidden.weight],
        lr=0.01,
        weight_decay=0.1,
        momentum=0.9,
        nesterov=False,
        adjust_lr_fn="match_rms_adamw",
    )
    head = AdamW([other.head.weight], lr=0.01, weight_decay=0.1)
    for seed in range(3):
        give_gradients(model, seed)
        give_gradients(other, seed)
        for each in (optimizer, hidden, head):
            each.step()
    assert torch.equal(model.hidden.weight, other.hidden.weight)
    torch.testing.assert_close(model.head.weight, other.head.weight, rtol=0, atol=0)


def test_a_kernel_is_orthogonalized_as_a_matrix() -> None:
    model = Network()
    before = model.conv.weight.detach().clone()
    give_gradients(model)
    gradient = model.conv.weight.grad.flatten(1)
    build_optimizer(model, name="muon", lr=0.01, momentum=0.0).step()
    update = (before - model.conv.weight.detach()).flatten(1)

    left, _, right = torch.linalg.svd(gradient, full_matrices=False)
    values = torch.linalg.svdvals(update) / (0.01 * 0.2 * 18**0.5)
    # The iteration of torch ends between 0.7 and 1.2, in bfloat16.
    assert float(values.min()) > 0.6
    assert float(values.max()) < 1.3
    assert float((update.flatten() @ (left @ right).flatten()) / update.norm()) > 1.9


def test_the_layout_of_a_kernel_does_not_matter() -> None:
    plain, channels_last = Network(), Network().to(memory_format=torch.channels_last)
    for model in (plain, channels_last):
        optimizer = build_optimizer(model, name="muon", lr=0.1)
        for seed in range(3):
            give_gradients(model, seed)
            optimizer.step()
    assert not channels_last.conv.weight.is_contiguous()
    # Products of bfloat16 are added up in another order.
    torch.testing.assert_close(
        plain.conv.weight, channels_last.conv.weight, rtol=0.0, atol=0.01
    )


def test_a_model_that_moves_after_the_optimizer_was_made_is_still_trained() -> None:
    model, moved = Network(), Network()
    optimizer, late = (build_optimizer(m, name="muon", lr=0.1) for m in (model, moved))
    moved.double().float()
    for m, each in ((model, optimizer), (moved, late)):
        give_gradients(m)
        each.step()
    for a, b in zip(weights(model), weights(moved), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("is_channels_last", [False, True])
def test_a_state_goes_on_in_another_optimizer(is_channels_last: bool) -> None:
    whole, resumed = Network(), Network()
    if is_channels_last:
        resumed.to(memory_format=torch.channels_last)
        whole.to(memory_format=torch.channels_last)
    first = build_optimizer(whole, name="muon", lr=0.1)
    give_gradients(whole, 1)
    first.step()
    resumed.load_state_dict(whole.state_dict())
    second = build_optimizer(resumed, name="muon", lr=0.1)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for model, optimizer in ((whole, first), (resumed, second)):
        give_gradients(model, 2)
        optimizer.step()
    for a, b in zip(weights(whole), weights(resumed), strict=True):
        assert torch.equal(a, b)


def test_a_copy_of_it_works() -> None:
    model = Network()
    optimizer = build_optimizer(model, name="muon", lr=0.1)
    model, optimizer = copy.deepcopy((model, optimizer))
    before = weights(model)
    give_gradients(model)
    optimizer.step()
    assert all(not torch.equal(a, b) for a, b in zip(before, weights(model), strict=True))


def test_a_schedule_moves_all_groups() -> None:
    model = Network()
    optimizer = build_optimizer(model, name="muon", lr=0.1, weight_decay=0.5)
    before = weights(model)
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    give_gradients(model)
    optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(before, weights(model), strict=True))


def test_parameters_without_gradient_stay() -> None:
    model = Network()
    optimizer = build_optimizer(model, name="muon", lr=0.1)
    before = model.hidden.weight.detach().clone()
    give_gradients(model)
    model.hidden.weight.grad = None
    optimizer.step()
    assert torch.equal(model.hidden.weight, before)


def test_norms_and_biases_decay_where_they_are_not_excluded() -> None:
    model = Network()
    optimizer = build_optimizer(
        model, name="muon", lr=0.1, weight_decay=0.5, exclude_norm_and_bias=False
    )
    assert {group["weight_decay"] for group in optimizer.param_groups} == {0.5}


def test_it_lowers_a_loss_on_which_it_is_used() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = build_optimizer(model, name="muon", lr=0.02)
    x = torch.randn(64, 8)
    losses: list[float] = []
    for _ in range(150):
        loss = (model(x) - x[:, :1] * x[:, 1:2]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


def test_a_model_without_hidden_matrices_is_refused() -> None:
    with pytest.raises(RecipeError, match="has none besides its last layer; use adamw"):
        build_optimizer(nn.Linear(2, 2), name="muon", lr=0.1)


def test_it_takes_parameters_of_ones_own_choice() -> None:
    w = torch.eye(2).requires_grad_()
    bias = torch.zeros(2, requires_grad=True)
    optimizer = Muon([w], [bias], lr=1.0, weight_decay=0.0)
    w.grad, bias.grad = torch.eye(2), torch.ones(2)
    optimizer.step()
    torch.testing.assert_close(bias.detach(), -torch.ones(2))
    assert w[0, 0].item() == w[1, 1].item() < 1.0
