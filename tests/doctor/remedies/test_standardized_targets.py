"""Targets of large values that are brought to mean 0 and deviation 1."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.remedies.labels import FixLabels
from headway.doctor.training import train


def mean_error(output: Tensor, target: Tensor) -> float:
    return -float((output - target).abs().mean())


def raw(on_digits: Any, **others: Any) -> Any:
    return on_digits(
        lambda: nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 1)),
        loss_fn=nn.MSELoss(),
        targets=lambda y: 1000 * y.float()[:, None] + 50_000,
        optimizer=lambda p: torch.optim.Adam(p, lr=0.01),
        **others,
    )


def test_values_that_are_standardized_are_learned(on_digits, reached):
    assert reached(raw(on_digits)) < 0
    assert reached(FixLabels("standardized").apply(raw(on_digits))) > 0.6


def test_the_program_s_own_metric_sees_the_old_numbers(on_digits):
    program = FixLabels("standardized").apply(raw(on_digits, metric=mean_error))
    _, targets = program.train.first(600)
    last = train(program, evaluations=1).last

    assert float(targets.mean()) == pytest.approx(0, abs=1e-3)
    assert float(targets.std()) == pytest.approx(1, abs=1e-3)
    assert last.val is not None
    assert -3000 < last.val.metric < -100
