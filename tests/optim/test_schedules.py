import json
import math
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Literal

import pytest
import torch
from torch.optim import SGD, lr_scheduler

from headway.errors import RecipeError
from headway.optim import (
    Constant,
    Cosine,
    OneCycle,
    Plateau,
    Schedule,
    StepDecay,
    Warmup,
    build_schedule,
)

PURE = [
    Constant(),
    StepDecay([3, 7]),
    Cosine(10, 0.1),
    OneCycle(10),
    Warmup(Cosine(10), steps=4),
]
Mode = Literal["max", "min"]


def torch_factors(make: Callable[[Any], Any], num_steps: int) -> list[float]:
    """Return the learning rates of one of torch's schedulers on a base rate of 1."""
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimizer)
    factors: list[float] = []
    for _ in range(num_steps):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return factors


def factors_of(schedule: Schedule, num_steps: int) -> list[float]:
    return [schedule.factor(step) for step in range(num_steps)]


def test_constant_is_one() -> None:
    assert factors_of(Constant(), 3) == [1.0, 1.0, 1.0]


def test_step_decay_reduces_from_each_milestone_on() -> None:
    expected = [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    assert factors_of(StepDecay([2, 4], gamma=0.5), 6) == expected


def test_step_decay_equals_multi_step_lr_of_torch() -> None:
    expected = torch_factors(lambda o: lr_scheduler.MultiStepLR(o, [3, 5, 11], 0.3), 15)
    assert factors_of(StepDecay([3, 5, 11], 0.3), 15) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "milestones", [[], [5, 3], [3, 3]], ids=["none", "falling", "twice"]
)
def test_step_decay_refuses_milestones_that_do_not_rise(milestones: list[int]) -> None:
    with pytest.raises(RecipeError, match="milestones of a schedule must be one or more"):
        StepDecay(milestones)


@pytest.mark.parametrize(
    ("step", "factor"),
    [(0, 1.0), (25, 0.2 + 0.8 * (1.0 + math.sqrt(0.5)) / 2.0), (50, 0.6), (100, 0.2)],
    ids=["start", "quarter", "half", "end"],
)
def test_cosine_has_its_closed_form(step: int, factor: float) -> None:
    assert Cosine(100, final_factor=0.2).factor(step) == pytest.approx(factor, rel=1e-14)


def test_cosine_stays_at_its_end() -> None:
    assert Cosine(100, final_factor=0.2).factor(250) == 0.2


def test_cosine_equals_cosine_annealing_lr_of_torch() -> None:
    make = lambda o: lr_scheduler.CosineAnnealingLR(o, 20, eta_min=0.05)  # noqa: E731
    expected = torch_factors(make, 21)
    assert factors_of(Cosine(20, 0.05), 21) == pytest.approx(expected, rel=1e-10)


def test_cosine_refuses_a_final_factor_above_one() -> None:
    with pytest.raises(RecipeError, match=r"final_factor .* must be in 0\.\.1, got 2\.0"):
        Cosine(10, 2.0)


@pytest.mark.parametrize(
    ("step", "factor"),
    [(0, 1 / 25), (29, 1.0), (99, 1 / 25e4), (500, 1 / 25e4)],
    ids=["start", "top", "last", "after"],
)
def test_one_cycle_has_its_end_points(step: int, factor: float) -> None:
    assert OneCycle(100, peak_fraction=0.3).factor(step) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize("peak_fraction", [0.3, 0.251, 0.0, 1.0])
def test_one_cycle_is_continuous(peak_fraction: float) -> None:
    factors = factors_of(OneCycle(10_000, peak_fraction, 2.0, 2.0), 10_000)
    assert max(abs(a - b) for a, b in pairwise(factors)) < 1e-3


@pytest.mark.parametrize("peak_fraction", [0.3, 0.37])
def test_one_cycle_equals_one_cycle_lr_of_torch(peak_fraction: float) -> None:
    def make(optimizer: SGD) -> lr_scheduler.OneCycleLR:
        return lr_scheduler.OneCycleLR(
            optimizer, 1.0, total_steps=40, pct_start=peak_fraction, cycle_momentum=False
        )

    expected = torch_factors(make, 40)
    assert factors_of(OneCycle(40, peak_fraction), 40) == pytest.approx(expected, rel=1e-9)


def test_one_cycle_of_a_single_step_is_its_top() -> None:
    assert OneCycle(1).factor(0) == 1.0


@pytest.mark.parametrize("name", ["start_divisor", "final_divisor"])
def test_one_cycle_refuses_a_divisor_below_one(name: str) -> None:
    settings: dict[str, Any] = {name: 0.5}
    with pytest.raises(RecipeError, match=rf"{name} .* must be at least 1, got 0\.5"):
        OneCycle(10, **settings)


@pytest.mark.parametrize("schedule", PURE, ids=lambda s: type(s).__name__)
def test_a_pure_schedule_knows_nothing_of_earlier_questions(
    schedule: Schedule,
) -> None:
    forward = factors_of(schedule, 12)
    assert [schedule.factor(step) for step in reversed(range(12))] == forward[::-1]


@pytest.mark.parametrize("schedule", PURE, ids=lambda s: type(s).__name__)
def test_a_pure_schedule_ignores_observations(schedule: Schedule) -> None:
    before = factors_of(schedule, 12)
    for _ in range(20):
        schedule.observe(1.0)
    assert factors_of(schedule, 12) == before


@pytest.mark.parametrize("schedule", PURE, ids=lambda s: type(s).__name__)
def test_a_pure_schedule_has_no_state(schedule: Schedule) -> None:
    schedule.load_state_dict(schedule.state_dict())
    assert schedule.state_dict() == {}


@pytest.mark.parametrize(("mode", "worse"), [("max", 0.5), ("min", 2.0)])
def test_plateau_reduces_after_its_patience(mode: Mode, worse: float) -> None:
    plateau = Plateau(2, gamma=0.5, mode=mode)
    factors: list[float] = []
    for value in [1.0, worse, worse, worse, worse, worse, worse]:
        plateau.observe(value)
        factors.append(plateau.factor(0))
    assert factors == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25]


@pytest.mark.parametrize(("mode", "better"), [("max", 2.0), ("min", 0.5)])
def test_a_better_value_starts_the_patience_anew(mode: Mode, better: float) -> None:
    plateau = Plateau(1, gamma=0.5, mode=mode)
    for value in [1.0, 1.0, better, better]:
        plateau.observe(value)
    assert plateau.factor(0) == 1.0


@pytest.mark.parametrize("mode", ["max", "min"])
@pytest.mark.parametrize("patience", [0, 1, 3])
def test_plateau_equals_reduce_lr_on_plateau_of_torch(mode: Mode, patience: int) -> None:
    generator = random.Random(0)
    values = [1.0 + generator.random() for _ in range(200)]
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = lr_scheduler.ReduceLROnPlateau(
        optimizer, mode, factor=0.9, patience=patience, eps=0.0
    )
    ours = Plateau(patience, gamma=0.9, mode=mode)
    for value in values:
        theirs.step(value)
        ours.observe(value)
        assert ours.factor(0) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)


@pytest.mark.parametrize(("mode", "start"), [("max", -2.0), ("min", -1.0)])
def test_plateau_takes_no_equal_negative_value_as_better(mode: Mode, start: float) -> None:
    plateau = Plateau(0, gamma=0.5, mode=mode)
    plateau.observe(start)
    plateau.observe(start)
    assert plateau.factor(0) == 0.5


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("mode", ["max", "min"])
def test_a_value_that_is_not_finite_is_never_the_best(mode: Mode, value: float) -> None:
    plateau = Plateau(0, gamma=0.5, mode=mode)
    plateau.observe(value)
    plateau.observe(1.0)
    assert plateau.state_dict() == {"best": 1.0, "num_bad": 0, "num_reductions": 1}


def test_plateau_goes_on_from_its_state_through_json() -> None:
    values = [3.0, 2.0, 2.5, 2.5, 2.5, 1.0, 1.5, 1.5, 1.5]
    whole, first, second = (Plateau(1, mode="min") for _ in range(3))
    for value in values[:4]:
        first.observe(value)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    for value in values[4:]:
        second.observe(value)
    for value in values:
        whole.observe(value)
    assert second.state_dict() == whole.state_dict()


def test_plateau_refuses_a_gamma_of_one() -> None:
    with pytest.raises(RecipeError, match=r"gamma .* must be between 0 and 1, got 1\.0"):
        Plateau(2, gamma=1.0)


def test_warmup_rises_in_a_straight_line() -> None:
    schedule = Warmup(Constant(), steps=4, start_factor=0.2)
    assert factors_of(schedule, 6) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])


def test_warmup_meets_the_schedule_without_a_jump() -> None:
    factors = factors_of(Warmup(Cosine(10_000), steps=1000, start_factor=0.0), 10_000)
    assert max(abs(a - b) for a, b in pairwise(factors)) < 1.1e-3


def test_warmup_leaves_the_schedule_alone_after_its_steps() -> None:
    schedule = Warmup(StepDecay([5]), steps=3)
    assert factors_of(schedule, 8)[3:] == factors_of(StepDecay([5]), 8)[3:]


def test_warmup_equals_linear_lr_chained_by_torch() -> None:
    def make(optimizer: SGD) -> lr_scheduler.ChainedScheduler:
        rise = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=6)
        return lr_scheduler.ChainedScheduler(
            [rise, lr_scheduler.CosineAnnealingLR(optimizer, 20)], optimizer
        )

    ours = factors_of(Warmup(Cosine(20), steps=6, start_factor=0.1), 20)
    assert ours == pytest.approx(torch_factors(make, 20), rel=1e-9)


def test_warmup_of_no_steps_changes_nothing() -> None:
    assert factors_of(Warmup(Cosine(9), steps=0), 9) == factors_of(Cosine(9), 9)


def test_warmup_passes_observations_on() -> None:
    schedule = Warmup(Plateau(0, gamma=0.5), steps=2, start_factor=0.5)
    schedule.observe(1.0)
    schedule.observe(1.0)
    assert factors_of(schedule, 3) == [0.25, 0.375, 0.5]


def test_warmup_keeps_the_state_of_the_schedule() -> None:
    old = Warmup(Plateau(0, gamma=0.5), steps=2)
    old.observe(1.0)
    old.observe(1.0)
    new = Warmup(Plateau(0, gamma=0.5), steps=2)
    new.load_state_dict(old.state_dict())
    assert new.factor(2) == 0.5


def test_warmup_refuses_negative_steps() -> None:
    with pytest.raises(RecipeError, match=r"warm-up steps .* must be at least 0, got -1"):
        Warmup(Constant(), steps=-1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("constant", Constant()),
        ("step", StepDecay((4,), 0.3)),
        ("cosine", Cosine(12, 0.3)),
        ("one-cycle", OneCycle(12, 0.4)),
    ],
)
def test_a_name_builds_its_schedule(name: str, expected: Schedule) -> None:
    built = build_schedule(
        name,
        total_steps=12,
        milestones=(4,),
        gamma=0.3,
        final_factor=0.3,
        peak_fraction=0.4,
    )
    assert built == expected


def test_plateau_is_built_with_its_settings() -> None:
    built = build_schedule("plateau", total_steps=9, gamma=0.5, patience=0, mode="min")
    for value in (1.0, 2.0):
        built.observe(value)
    assert built.factor(0) == 0.5


def test_an_unknown_schedule_is_refused_with_the_closest_one() -> None:
    with pytest.raises(RecipeError, match=r"'cosin'.*Did you mean 'cosine'"):
        build_schedule("cosin", total_steps=10)


def test_a_training_of_no_steps_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"total_steps .* must be at least 1, got 0"):
        build_schedule("cosine", total_steps=0)
