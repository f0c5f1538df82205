"""Arms of a contrast run on equal seeds, batches and lengths."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
import torch

from headway.doctor.evidence import Evidence
from headway.doctor.examples import Examples
from headway.doctor.finding import Cause
from headway.doctor.program import MakeProgram, Program
from headway.doctor.remedies.duration import SetEpochs
from headway.doctor.remedies.rates import SetLearningRate
from headway.doctor.short_runs import ShortRuns, affordable_steps

Digits = Callable[..., MakeProgram]
Measure = Callable[..., Evidence]


class Failing:
    """A remedy that does not work."""

    cause: ClassVar[Cause] = "other"

    def apply(self, program: Program) -> Program:
        raise ZeroDivisionError("by zero")

    def describe(self) -> str:
        return "Fail."

    def snippet(self) -> str:
        return ""


def test_the_untreated_arm_is_the_program_s_own_course(
    digits: Digits, measured: Measure
) -> None:
    evidence = measured(digits(epochs=2))
    reached = ShortRuns(evidence, seconds=60, num_runs=2).run()
    assert reached.scores == (evidence.course.last.val.standard,)
    assert reached.seconds == 0


def test_arms_of_equal_remedies_are_run_once(digits: Digits, measured: Measure) -> None:
    evidence = measured(digits(epochs=1))
    seeds: list[int] = []
    make = evidence.make

    def counting(seed: int) -> Program:
        seeds.append(seed)
        return make(seed)

    evidence.make = counting
    runs = ShortRuns(evidence, seconds=60, num_runs=2)
    for _ in range(2):
        runs.run(SetLearningRate(lr=0.2), seeds=(0, 1))
    assert seeds == [0, 1]


def test_a_remedy_that_fails_is_told_and_nothing_more(
    digits: Digits, measured: Measure
) -> None:
    reached = ShortRuns(measured(digits(epochs=1)), seconds=60, num_runs=2).run(Failing())
    assert reached.error == "ZeroDivisionError: by zero"
    assert reached.scores == ()


def test_more_epochs_are_more_updates(digits: Digits, measured: Measure) -> None:
    reached = ShortRuns(measured(digits(epochs=1)), seconds=60, num_runs=2).run(
        SetEpochs(3)
    )
    assert reached.steps == 75


def test_a_lost_seed_has_the_worst_score(digits: Digits, measured: Measure) -> None:
    make = digits(epochs=1, metric="r2")
    reached = ShortRuns(measured(make), seconds=60, num_runs=2).run(SetLearningRate(lr=1e9))
    assert reached.score == -1


def test_little_time_means_few_updates(digits: Digits, measured: Measure) -> None:
    evidence = measured(digits(epochs=4))
    assert affordable_steps(evidence, 60) == 100
    evidence.course.seconds, evidence.course.evaluation_seconds = 10.0, 11.0
    # A tenth of a second for each update, and a whole one for each of two evaluations.
    assert len(evidence.course.evaluations) == 18
    assert affordable_steps(evidence, 5) == pytest.approx(37, abs=1)


def test_little_time_means_few_runs_before_it_means_short_ones(
    digits: Digits, measured: Measure
) -> None:
    evidence = measured(digits(epochs=8))
    evidence.course.seconds, evidence.course.evaluation_seconds = 20.0, 0.0
    assert ShortRuns(evidence, seconds=40, num_runs=100).steps == 100


def test_no_time_means_no_runs(digits: Digits, measured: Measure) -> None:
    assert ShortRuns(measured(digits(epochs=1)), seconds=0, num_runs=2).is_over


def test_without_a_course_nothing_can_be_planned(digits: Digits, measured: Measure) -> None:
    evidence: Any = measured(digits(epochs=1))
    evidence.course = None
    assert affordable_steps(evidence, 60) == 0


def test_a_program_of_few_updates_has_arms_as_short_as_itself(
    digits: Digits, measured: Measure
) -> None:
    runs = ShortRuns(measured(digits(epochs=1, train=_few())), seconds=60, num_runs=4)
    assert (runs.steps, runs.is_over, runs.part) == (5, False, 1.0)


def _few() -> Examples:
    inputs = torch.rand(40, 64, generator=torch.Generator().manual_seed(0))
    return Examples(source=(inputs, torch.arange(40) % 10), batch_size=8)
