"""Update-to-weight ratios."""

import math

import pytest
import torch
from torch import nn

from headway.measure import copy_weights, update_ratios


def test_a_step_of_gradient_descent_has_lr_times_the_relative_gradient() -> None:
    model = nn.Linear(3, 2).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
    before = copy_weights(model)
    model(torch.ones(1, 3, dtype=torch.float64)).sum().backward()
    optimizer.step()
    expected = 0.25 * math.sqrt(6.0) / float(before["weight"].norm())
    assert update_ratios(before, model)["weight"] == pytest.approx(expected)


def test_a_frozen_parameter_does_not_move_and_one_from_zero_moves_infinitely() -> None:
    model = nn.Linear(2, 2)
    nn.init.zeros_(model.bias)
    before = copy_weights(model)
    with torch.no_grad():
        model.bias.add_(1.0)
    assert update_ratios(before, model) == {"weight": 0.0, "bias": math.inf}
