"""The training ends while it still gets better."""

from collections.abc import Iterator
from statistics import fmean

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.watched import Watched
from headway.doctor.progress import progress

# Share of all that the training loss fell by that the last fifth brings, if it still falls.
# An exponential fall to its end brings less than 1 %.
_STILL_FALLING = 0.05
_LEAST_EVALUATIONS = 5
# Programs with so few passes are cut short more often than badly tuned.
_FEW_EPOCHS = 3


def check_epochs_few(evidence: Evidence) -> Iterator[Finding]:
    """Find a loss that still falls at the end of a program that is not good yet."""
    course: Watched | None = evidence.course
    reached = progress(evidence)
    if course is None or course.stop != "done":
        return
    losses = [evaluation.train.loss for evaluation in course.evaluations]
    if len(losses) < _LEAST_EVALUATIONS or not losses[0] - losses[-1] > 0:
        return
    part = max(1, len(losses) // 5)
    before, last = fmean(losses[-2 * part : -part]), fmean(losses[-part:])
    share = (before - last) / (losses[0] - losses[-1])
    if share < _STILL_FALLING or _is_val_rising(course):
        return
    is_short = evidence.program.epochs <= _FEW_EPOCHS
    epochs = 3 * evidence.program.epochs
    yield Finding(
        cause="epochs_few",
        severity="error" if reached.is_poor else "info",
        confidence=0.6 if is_short else 0.4,
        evidence=(
            f"The last fifth of {evidence.program.epochs} epochs brings {share:.0%} of all "
            f"that the training loss fell by, and {reached.describe()}."
        ),
        remedy=f"Train for {epochs} epochs or more.",
        code=f"for epoch in range({epochs}):",
        check="epochs_few",
    )


def _is_val_rising(course: Watched) -> bool:
    vals = [e.val.loss for e in course.evaluations if e.val is not None]
    return len(vals) >= _LEAST_EVALUATIONS and vals[-1] > 1.02 * min(vals)
