"""Train a program to its end and judge it; what mutations and repairs are judged by."""

import math
import time
from dataclasses import dataclass
from typing import Any

from headway.doctor.examples import Examples
from headway.doctor.program import Program
from headway.doctor.training import train


@dataclass(frozen=True)
class Outcome:
    """How a training ended: its last metric, -inf where it diverged or raised."""

    metric: float
    seconds: float
    stop: str
    error: str = ""


def as_program(made: dict[str, Any], seed: int) -> Program:
    """Return the dict of a `make` as the doctor's trainer wants it."""
    given = dict(made)
    size, shuffle = given.pop("batch_size", 32), given.pop("shuffle", True)
    examples = Examples(source=given.pop("train"), batch_size=size, shuffle=shuffle)
    val = given.pop("val", None)
    if val is not None:
        val = Examples(source=val, batch_size=size, shuffle=False)
    return Program(train=examples, val=val, seed=seed, **given)


def outcome(made: dict[str, Any], seed: int, max_seconds: float = 60.0) -> Outcome:
    """Train to the end and return the last metric, on validation data where there are any."""
    return outcome_of(as_program(made, seed), max_seconds)


def outcome_of(program: Program, max_seconds: float = 60.0) -> Outcome:
    """Train a program to the end and return the same."""
    begun = time.perf_counter()
    try:
        course = train(program, evaluations=2, max_seconds=max_seconds)
    except Exception as error:  # whatever a faulty program raises is its outcome
        return Outcome(-math.inf, time.perf_counter() - begun, "error", repr(error))
    seconds = time.perf_counter() - begun
    last = -math.inf
    if course.evaluations:
        last = (course.last.val or course.last.train).metric
    is_lost = course.stop in ("diverged", "error") or not math.isfinite(last)
    metric = -math.inf if is_lost else last
    error = repr(course.error) if course.error else ""
    return Outcome(metric, seconds, course.stop, error[:200])
