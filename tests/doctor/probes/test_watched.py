"""Watching a training changes nothing in it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn

from headway.doctor.checks.train_eval_mode import check_train_eval_mode
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


def evaluating_step(*, comes_back: bool) -> Callable[..., torch.Tensor]:
    """Return an update that evaluates the model after the tenth, and may put it back."""
    done = [0]

    def step(model: nn.Module, optimizer, loss_fn, x, y) -> torch.Tensor:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        done[0] += 1
        if done[0] == 10:
            model.eval()
        if comes_back:
            model.train()
        return loss.detach()

    return step


def with_step(make: MakeProgram, *, comes_back: bool) -> MakeProgram:
    return lambda seed: replace(make(seed), step=evaluating_step(comes_back=comes_back))


def test_a_model_that_stays_in_evaluation_mode_is_a_certain_fault(
    digits: Digits, measured: Measure
) -> None:
    make = digits(epochs=2, activation=lambda: nn.Dropout(0.3))
    evidence = measured(with_step(make, comes_back=False))
    (found,) = check_train_eval_mode(evidence)
    assert evidence.course.eval_from == 11
    assert (found.cause, found.is_certain) == ("train_eval_mode", True)


def test_a_model_that_comes_back_to_training_mode_has_no_fault(
    digits: Digits, measured: Measure
) -> None:
    make = digits(epochs=2, activation=lambda: nn.Dropout(0.3))
    evidence = measured(with_step(make, comes_back=True))
    assert evidence.course.eval_from is None
    assert not list(check_train_eval_mode(evidence))


def test_a_model_without_layers_that_mind_may_stay_in_evaluation_mode(
    digits: Digits, measured: Measure
) -> None:
    evidence = measured(with_step(digits(epochs=2), comes_back=False))
    assert not [f for f in check_train_eval_mode(evidence) if f.severity != "info"]
