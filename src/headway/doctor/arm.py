"""One arm of an experiment: a program with some remedies, trained from one seed."""

import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

from headway.doctor.program import MakeProgram, Program
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.scoring import Scores
from headway.doctor.training import Course, train
from headway.errors import HeadwayError

Remedies = tuple[Remedy, ...]

# R2 has no lower end; what is worse than this is all the same.
FLOOR = -1.0
_EVAL_SAMPLES = 2048


@dataclass(frozen=True, kw_only=True, slots=True)
class ArmResult:
    """What came of one training.

    Attributes:
        seed: What it was made from.
        value: What arms are compared by, larger is better: the metric on validation data
            after the last update. A training that diverged has the worst value of its
            course; NaN where it raised, which the start says nothing about, and where there
            is no metric.
        start: The same before the first update.
        is_bounded: Whether the value is an accuracy or R2, not a metric of the user's own.
        loss: Loss on validation data at the end.
        start_loss: The same before the first update.
        stop: How it ended, as in `Course`; "budget" where time ran out before the last of
            the updates that it was allowed.
        error: What was raised, or "".
        steps: Updates done.
        planned_steps: Updates that the program asks for.
        seconds: How long it took, evaluations included.
    """

    seed: int
    value: float
    start: float
    is_bounded: bool
    loss: float
    start_loss: float
    stop: str
    error: str = ""
    steps: int = 0
    planned_steps: int = 0
    seconds: float = 0.0

    @property
    def is_finished(self) -> bool:
        """Whether time was enough for it."""
        return self.stop != "budget"


def treat(program: Program, remedies: Iterable[Remedy]) -> Program:
    """Return the program with all remedies applied, in order.

    Raises:
        RemedyDoesNotFit: If one of them has nothing to change.
    """
    for remedy in remedies:
        program = remedy.apply(program)
    return program


def treated(make: MakeProgram, remedies: Iterable[Remedy]) -> MakeProgram:
    """Return what makes the programs of `make` with all remedies applied."""
    kept = tuple(remedies)
    return lambda seed: treat(make(seed), kept)


def run_arm(
    make: MakeProgram,
    remedies: Remedies,
    seed: int,
    *,
    fraction: float = 1.0,
    max_seconds: float | None = None,
    by_standard: bool = False,
) -> ArmResult:
    """Train one arm and return what came of it.

    Args:
        make: Makes programs that have validation data.
        remedies: Applied in order.
        seed: Equal seeds see the same batches in every arm.
        fraction: Share of its own planned updates that it may do.
        max_seconds: When to give up.
        by_standard: Whether to compare by accuracy or R2 whatever the program's metric.

    Raises:
        HeadwayError: If the program cannot be made or a remedy does not fit.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            program = treat(make(seed), remedies)
        except HeadwayError:
            raise
        except Exception as error:  # A remedy met a program that it was not written for.
            return _failed(seed, error)
        planned = program.epochs * program.train.num_batches
        limit = max(1, round(planned * fraction))
        course = train(
            program,
            max_steps=limit,
            max_seconds=max_seconds,
            evaluations=1,
            eval_samples=_EVAL_SAMPLES,
        )
    return _result(program, course, seed, limit, by_standard)


def _result(
    program: Program, course: Course, seed: int, limit: int, by_standard: bool
) -> ArmResult:
    if not course.evaluations:
        return _failed(seed, course.error)
    is_bounded = by_standard or not callable(program.metric)
    scores = [evaluation.val or evaluation.train for evaluation in course.evaluations]
    values = [_value(score, by_standard, is_bounded) for score in scores]
    is_cut = course.stop == "budget" and course.steps < limit
    has_raised, has_diverged = course.stop == "error", course.stop == "diverged"
    value = math.nan if has_raised else _worst(values) if has_diverged else values[-1]
    return ArmResult(
        seed=seed,
        value=value,
        start=values[0],
        is_bounded=is_bounded,
        loss=scores[-1].loss,
        start_loss=scores[0].loss,
        stop="budget" if is_cut else course.stop if has_raised or has_diverged else "done",
        error=_words(course.error),
        steps=course.steps,
        planned_steps=course.planned_steps,
        seconds=course.seconds,
    )


def _value(scores: Scores, by_standard: bool, is_bounded: bool) -> float:
    wanted = scores.standard if by_standard else scores.metric
    value = wanted if math.isfinite(wanted) else scores.standard
    return max(value, FLOOR) if is_bounded and math.isfinite(value) else value


def _worst(values: list[float]) -> float:
    return min((value for value in values if math.isfinite(value)), default=math.nan)


def _failed(seed: int, error: Exception | None) -> ArmResult:
    return ArmResult(
        seed=seed,
        value=math.nan,
        start=math.nan,
        is_bounded=True,
        loss=math.nan,
        start_loss=math.nan,
        stop="error",
        error=_words(error),
    )


def _words(error: Exception | None) -> str:
    first_line = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {first_line}" if error is not None else ""
