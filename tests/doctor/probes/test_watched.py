"""Watching a training changes nothing in it."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from headway.doctor.evidence import Evidence
from headway.doctor.program import MakeProgram
from headway.doctor.training import train

Digits = Callable[..., MakeProgram]
Measure = Callable[..., Evidence]


def test_a_watched_training_is_the_program_s_own_bit_for_bit(
    digits: Digits, measured: Measure
) -> None:
    make = digits(epochs=2, activation=lambda: nn.Dropout(0.3))
    program = make(0)
    course = train(program)
    watched = measured(make).course
    assert watched.losses == course.losses
    theirs, ours = watched.program.model.parameters(), program.model.parameters()
    assert all(torch.equal(a, b) for a, b in zip(theirs, ours, strict=True))


def test_the_ratio_of_plain_gradient_descent_is_lr_times_gradient_over_weight(
    digits: Digits, measured: Measure
) -> None:
    program = digits(epochs=1)(0)
    weight = program.model.get_parameter("0.weight")
    before = weight.detach().norm()
    train(program, max_steps=1)
    first = measured(digits(epochs=1)).course.updates[0]
    assert weight.grad is not None
    expected = 0.1 * weight.grad.norm() / before
    assert first.ratios["0.weight"] == pytest.approx(float(expected), rel=1e-4)
    assert first.grad_norms["0.weight"] == pytest.approx(float(weight.grad.norm()))


def test_updates_are_measured_now_and_then(digits: Digits, measured: Measure) -> None:
    steps = [update.step for update in measured(digits(epochs=8)).course.updates]
    assert steps[:3] == [1, 2, 3]
    assert 15 < len(steps) < 30


def test_a_large_rate_has_a_large_ratio(digits: Digits, measured: Measure) -> None:
    small, large = (measured(digits(lr=lr, epochs=1)).course for lr in (0.001, 1.0))
    assert large.median_ratio > 30 * small.median_ratio
