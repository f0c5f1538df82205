"""Repeat a training that diverged up to where its numbers were lost, and name the operation."""

import math
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.probes.forward_trace import Tracer
from headway.doctor.probes.traced import BadOp
from headway.doctor.program import Program
from headway.doctor.training import Course, train

# Share of the budget that repeating a training may take.
_SHARE = 0.2


@dataclass(frozen=True, kw_only=True)
class LostNumbers:
    """Where a training that went well so far lost its numbers.

    Attributes:
        step: The update whose loss is no number.
        bad_op: The operation that made a NaN or an infinity of finite numbers, or None.
        backward_error: What torch's anomaly mode says about the update before, or None.
        loss_before: Median loss of the last updates before.
        loss_at_start: Median loss of the first ones.
    """

    step: int
    bad_op: BadOp | None
    backward_error: str | None
    loss_before: float
    loss_at_start: float

    @property
    def went_well(self) -> bool:
        """Whether the loss had not grown before."""
        return self.loss_before <= self.loss_at_start


def probe_lost_numbers(evidence: Evidence, budget: Budget) -> LostNumbers | None:
    """Repeat the program's own training, with a look at every operation of its last update.

    Returns:
        None where that training did not diverge, or repeating it would take too long.
    """
    course: Course | None = evidence.course
    if course is None or course.stop != "diverged":
        return None
    if course.seconds > budget.part(_SHARE) or course.steps < 1:
        return None
    program = evidence.make(0)
    repeat = _Repeat(program, course.steps)
    with repeat.watching:
        again = train(program, max_steps=course.steps, evaluations=1, on_step=repeat)
    finite = [loss for loss in course.losses[:-1] if math.isfinite(loss)] or [math.nan]
    return LostNumbers(
        step=course.steps,
        bad_op=repeat.tracer.trace.bad_op,
        backward_error=_operation(again.error),
        loss_before=_median(finite[-5:]),
        loss_at_start=_median(finite[:5]),
    )


class _Repeat:
    """Looks at the last two updates: the gradient of one, and the forward of the other."""

    def __init__(self, program: Program, last: int) -> None:
        self.tracer = Tracer(program)
        self.watching = ExitStack()
        self._last = last
        self._prepare(0)

    def __call__(self, step: int, inputs: Any, targets: Any, loss: float) -> None:
        self._prepare(step)

    def _prepare(self, step: int) -> None:
        """Get ready for the update after this step."""
        if step == self._last - 2:
            self.watching.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            self.watching.enter_context(torch.autograd.set_detect_anomaly(True))
        if step == self._last - 1:
            self.watching.close()
            self.watching.enter_context(self.tracer.on())


def _operation(error: Exception | None) -> str | None:
    text = str(error)
    return text.split("'")[1] if "returned nan values" in text and "'" in text else None


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
