"""Layers that keep their weights."""

import pytest
import torch
from torch import nn

from headway.models import build_model
from headway.nn import freeze_, hold_frozen_norms_


def resnet() -> nn.Module:
    return build_model("resnet-8", input_shape=(1, 8, 8), num_outputs=3)


def learning(model: nn.Module) -> list[str]:
    return [name for name, p in model.named_parameters() if p.requires_grad]


def test_one_layer_is_the_last_with_its_bias():
    model = resnet()

    assert freeze_(model, train_last=1) == ["classifier"]
    assert learning(model) == ["classifier.weight", "classifier.bias"]


def test_a_norm_behind_a_learning_layer_learns_and_one_before_does_not():
    model = nn.Sequential(
        nn.Linear(4, 4),
        nn.BatchNorm1d(4),
        nn.Linear(4, 4),
        nn.BatchNorm1d(4),
        nn.Linear(4, 2),
    )
    freeze_(model, train_last=2)

    assert learning(model) == [
        "2.weight",
        "2.bias",
        "3.weight",
        "3.bias",
        "4.weight",
        "4.bias",
    ]


def test_all_layers_may_learn():
    model = resnet()

    assert freeze_(model, train_last=8)[0] == "stem.0"
    assert len(learning(model)) == len(list(model.parameters()))


def test_statistics_of_a_frozen_norm_stay_and_others_move():
    model = nn.Sequential(
        nn.Linear(4, 4),
        nn.BatchNorm1d(4),
        nn.Linear(4, 4),
        nn.BatchNorm1d(4),
        nn.Linear(4, 2),
    )
    freeze_(model, train_last=2)
    model.train()
    hold_frozen_norms_(model)

    model(torch.randn(16, 4, generator=torch.Generator().manual_seed(0)))

    assert torch.equal(model[1].running_mean, torch.zeros(4))
    assert not torch.equal(model[3].running_mean, torch.zeros(4))


@pytest.mark.parametrize("count", [0, 4])
def test_more_layers_than_there_are_cannot_learn(count):
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))

    with pytest.raises(ValueError, match=f"from 1 to the 2 layers .*, got {count}"):
        freeze_(model, train_last=count)
