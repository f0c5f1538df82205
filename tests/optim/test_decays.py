import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler

from headway.errors import RecipeError
from headway.optim import (
    Constant,
    CosineRestarts,
    Exponential,
    InverseSqrt,
    Polynomial,
    Schedule,
    StableDecay,
    Warmup,
    build_schedule,
)


def by_torch(make: Callable[[Any], Any], steps: int) -> list[float]:
    """Return the factors of one of torch's schedulers over a rate of 1."""
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    scheduler = make(optimizer)
    factors: list[float] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(steps):
            factors.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
    return factors


def by_us(schedule: Schedule, steps: int) -> list[float]:
    return [schedule.factor(step) for step in range(steps)]


@pytest.mark.parametrize(
    ("schedule", "reference"),
    [
        (
            Polynomial(20, 1.0, 0.2),
            lambda o: lr_scheduler.LinearLR(o, 1.0, 0.2, total_iters=20),
        ),
        (Polynomial(20, 2.5), lambda o: lr_scheduler.PolynomialLR(o, 20, 2.5)),
        (Exponential(20, 0.01), lambda o: lr_scheduler.ExponentialLR(o, 0.01 ** (1 / 20))),
        (
            CosineRestarts(5, 1, 0.1),
            lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 5, 1, eta_min=0.1),
        ),
        (
            CosineRestarts(3, 2),
            lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3, 2),
        ),
        (
            StableDecay(20, 0.25, 0.1),
            lambda o: lr_scheduler.SequentialLR(
                o,
                [
                    lr_scheduler.ConstantLR(o, 1.0, 1),
                    lr_scheduler.LinearLR(o, 1.0, 0.1, total_iters=5),
                ],
                [15],
            ),
        ),
    ],
    ids=["linear", "polynomial", "exponential", "restarts", "longer-restarts", "wsd"],
)
def test_the_factors_are_those_of_torch(schedule: Schedule, reference: Any) -> None:
    assert by_us(schedule, 21) == pytest.approx(by_torch(reference, 21), abs=1e-12)


@pytest.mark.parametrize(
    "schedule",
    [Polynomial(10, 2.0, 0.3), Exponential(10, 0.3), StableDecay(10, 0.5, 0.3)],
    ids=["polynomial", "exponential", "wsd"],
)
def test_the_final_factor_stays(schedule: Schedule) -> None:
    assert by_us(schedule, 13)[10:] == pytest.approx([0.3] * 3, rel=1e-15)


def test_the_inverse_root_after_a_rise_from_zero_is_that_of_the_transformer() -> None:
    warmup = 8
    schedule = Warmup(InverseSqrt(warmup), steps=warmup, start_factor=0.0)
    paper = [min(t**-0.5, t * warmup**-1.5) * warmup**0.5 for t in range(1, 40)]
    assert by_us(schedule, 40)[1:] == pytest.approx(paper, rel=1e-12)


def test_a_flat_warmup_jumps() -> None:
    schedule = Warmup(Constant(), steps=3, start_factor=0.1, is_flat=True)
    assert by_us(schedule, 5) == [0.1, 0.1, 0.1, 1.0, 1.0]


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("linear", {"final_factor": 0.5}, 0.75),
        ("polynomial", {"power": 2.0}, 0.25),
        ("exponential", {"final_factor": 0.01}, 0.1),
        ("inverse-sqrt", {"warmup_steps": 2}, math.sqrt(2 / 50)),
        ("inverse-sqrt", {}, math.sqrt(1 / 50)),
        ("cosine-restarts", {"cycle_steps": 100}, 0.5),
        ("wsd", {"decay_fraction": 1.0}, 0.5),
        ("wsd", {}, 1.0),
    ],
)
def test_a_name_gives_the_schedule(name: str, settings: Any, expected: float) -> None:
    schedule = build_schedule(name, total_steps=100, **settings)
    assert schedule.factor(50) == pytest.approx(expected)


@pytest.mark.parametrize(("total", "multiplier"), [(700, 2), (100, 2), (30, 1), (130, 3)])
def test_the_third_cycle_ends_with_the_training(total: int, multiplier: int) -> None:
    schedule = build_schedule(
        "cosine-restarts", total_steps=total, cycle_multiplier=multiplier
    )
    factors = by_us(schedule, total)
    restarts = [step for step in range(1, total) if factors[step] > factors[step - 1]]
    assert len(restarts) == 2
    assert factors[-1] < 0.05


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Polynomial(0), "total_steps of a schedule must be at least 1, got 0"),
        (lambda: Polynomial(5, 0.0), "power of a schedule must be above 0"),
        (lambda: Exponential(5, 0.0), "final_factor of a schedule must be above 0"),
        (lambda: InverseSqrt(0), "flat_steps of a schedule must be at least 1"),
        (lambda: CosineRestarts(5, 0), "multiplier of a schedule must be at least 1"),
        (lambda: StableDecay(5, 0.0), "decay_fraction of a schedule must be above 0"),
        (lambda: StableDecay(5, 0.5, 2.0), "final_factor of a schedule must be in"),
    ],
)
def test_a_setting_out_of_range_is_refused(make: Any, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        make()
