"""The sweep finds a rate that does better on another seed, or keeps the program's own."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from headway.doctor.checks.lr_high import check_lr_high
from headway.doctor.checks.lr_low import check_lr_low
from headway.doctor.evidence import Evidence
from headway.doctor.probes.sweep import Sweep
from headway.doctor.program import MakeProgram, Program, usual_step

Digits = Callable[..., MakeProgram]
Measure = Callable[..., Evidence]


@pytest.fixture(scope="module")
def of_low_rate(digits: Digits, measured: Measure) -> Sweep:
    """The sweep of a program whose rate is a thousand times too low."""
    return measured(digits(lr=1e-4, epochs=5), "sweep").sweep


def test_a_rate_far_too_low_is_raised(of_low_rate: Sweep) -> None:
    sweep = of_low_rate
    assert sweep.is_confirmed
    assert sweep.nearest_factor >= 100
    assert sweep.gain > 0.5


def test_a_rate_far_too_high_is_lowered(digits: Digits, measured: Measure) -> None:
    sweep = measured(digits(lr=30.0, epochs=5), "sweep").sweep
    assert sweep.is_confirmed
    assert sweep.nearest_factor <= 0.1


def test_rates_whose_loss_is_no_number_do_not_move_the_best(of_low_rate: Sweep) -> None:
    assert max(point.factor for point in of_low_rate.points) > 1e4
    assert 0.03 <= of_low_rate.best.lr <= 3


def test_a_healthy_program_is_tried_at_two_rates_and_keeps_its_own(
    digits: Digits, measured: Measure
) -> None:
    sweep = measured(digits(lr=0.3), "sweep").sweep
    assert len(sweep.points) == 3
    assert not sweep.is_confirmed


@pytest.mark.slow
def test_an_optimizer_without_a_rate_is_swept_around_a_usual_one(
    digits: Digits, measured: Measure
) -> None:
    sweep = measured(digits(lr=0.0, epochs=5), "sweep").sweep
    assert sweep.is_confirmed
    assert sweep.own_lr == 0


def test_groups_keep_the_ratio_of_their_rates(digits: Digits, measured: Measure) -> None:
    seen: set[float] = set()

    def make(seed: int) -> Any:
        program = digits()(seed)
        first, *rest = program.model.parameters()
        groups = [{"params": [first], "lr": 1e-6}, {"params": rest, "lr": 1e-5}]
        optimizer = torch.optim.SGD(groups)

        def remember(optimizer: Any, *_: Any) -> None:
            rates = [group["lr"] for group in optimizer.param_groups]
            seen.add(round(rates[1] / rates[0], 6))

        optimizer.register_step_pre_hook(remember)
        return replace(program, optimizer=optimizer)

    measured(make, "sweep", budget=3.0)
    # Adam and SGD, which are tried too, follow the groups as well.
    assert seen == {10.0}


@pytest.mark.slow
@pytest.mark.parametrize("lr", [0.05, 0.3])
def test_usual_rates_of_a_healthy_program_are_left_alone(
    digits: Digits, measured: Measure, lr: float
) -> None:
    evidence = measured(digits(lr=lr, epochs=12), "sweep")
    found = [*check_lr_low(evidence), *check_lr_high(evidence)]
    assert [finding for finding in found if finding.severity != "info"] == []


@pytest.mark.parametrize("lr", [1e-7, 1e3], ids=["far below", "far above"])
def test_a_rate_with_nothing_around_it_that_learns_is_compared_with_a_usual_one(
    digits: Digits, measured: Measure, lr: float
) -> None:
    sweep = measured(digits(lr=lr, epochs=4, activation=torch.nn.Tanh), "sweep").sweep
    assert sweep.is_confirmed
    assert 0.01 <= sweep.best.lr <= 3


def test_a_rate_that_the_step_writes_is_swept_like_any_other(
    digits: Digits, measured: Measure
) -> None:
    def make(seed: int) -> Program:
        program = digits(lr=0.0, epochs=5)(seed)

        def step(model: Any, optimizer: Any, *others: Any) -> Any:
            for group in optimizer.param_groups:
                group["lr"] = 1e-4
            return usual_step(model, optimizer, *others)

        return replace(program, step=step)

    sweep = measured(make, "sweep").sweep
    assert sweep.own_lr == 1e-4
    assert sweep.is_confirmed
    assert sweep.nearest_factor >= 100


def test_a_rate_whose_loss_is_no_number_on_another_seed_is_not_the_best(
    digits: Digits, measured: Measure
) -> None:
    def make(seed: int) -> Program:
        program = digits(lr=3.0, epochs=5)(seed)
        highest = 0.15 if seed else 2.0

        def step(model: Any, optimizer: Any, *others: Any) -> Any:
            loss = usual_step(model, optimizer, *others)
            is_lost = optimizer.param_groups[0]["lr"] > highest
            return loss * math.nan if is_lost else loss

        return replace(program, step=step)

    sweep = measured(make, "sweep").sweep
    assert sweep.best.lr <= 0.15
    assert sweep.nearest_factor <= 0.05
    assert sweep.is_confirmed
