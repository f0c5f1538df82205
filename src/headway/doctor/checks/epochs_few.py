"""The training ends while it still gets better."""

from collections.abc import Iterator
from itertools import pairwise
from statistics import fmean

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding, Severity
from headway.doctor.probes.watched import Watched
from headway.doctor.progress import Progress, progress

# Share of all that the training loss fell by that the last fifth brings, if it still falls.
# An exponential fall to its end brings less than 1 %.
_STILL_FALLING = 0.05
# The same of the metric, which differs more from one evaluation to the next.
_STILL_RISING = 0.2
_LEAST_EVALUATIONS = 5
# A validation loss jumps by some percent from one evaluation to the next.
_SMOOTHED = 3
_CLEARLY_FALLING = 0.1
# Most small networks take some hundred updates. In so few even a healthy one may get far, so
# that only trials can say whether they are too few.
_FEW_UPDATES = 50
_FEW_CONFIDENCE = 0.55
# Programs with so few passes are cut short more often than badly tuned.
_FEW_EPOCHS = 3


def check_epochs_few(evidence: Evidence) -> Iterator[Finding]:
    """Find a loss that still falls at the end of a program that is not good yet."""
    course: Watched | None = evidence.course
    reached = progress(evidence)
    if course is None or course.stop != "done":
        return
    if course.planned_steps < _FEW_UPDATES and reached.has_room:
        yield _of_few_updates(course, evidence.program.epochs, reached)
        return
    share = course.last_fall
    if _is_val_rising(course):
        return
    is_short = evidence.program.epochs <= _FEW_EPOCHS
    is_early = is_short and (reached.has_room or share > _CLEARLY_FALLING)
    severity = _severity(reached, is_early=is_early)
    if share < _STILL_FALLING or (severity == "info" and _is_rising(course, reached)):
        yield from _still_rising(course, evidence.program.epochs, reached)
        return
    epochs = 3 * evidence.program.epochs
    yield Finding(
        cause="epochs_few",
        severity=severity,
        confidence=0.6 if is_short else 0.4,
        evidence=(
            f"The last fifth of {evidence.program.epochs} epochs brings {share:.0%} of all "
            f"that the training loss fell by, and {reached.describe()}."
        ),
        remedy=f"Train for {epochs} epochs or more.",
        code=f"for epoch in range({epochs}):",
        check="epochs_few",
    )


def _of_few_updates(course: Watched, epochs: int, reached: Progress) -> Finding:
    """Return the suspicion that a handful of updates is not enough, which trials decide."""
    return Finding(
        cause="epochs_few",
        severity="error" if reached.is_poor else "warning",
        confidence=_FEW_CONFIDENCE,
        evidence=f"There are only {course.planned_steps} updates, and {reached.describe()}.",
        remedy=f"Train for {10 * epochs} epochs or so.",
        code=f"for epoch in range({10 * epochs}):",
        check="epochs_few",
    )


def _still_rising(course: Watched, epochs: int, reached: Progress) -> Iterator[Finding]:
    """Find a metric that gets better at the end, where the loss hardly moves.

    That of a rare class does so late. More epochs have to prove that they help.
    """
    if not _is_rising(course, reached):
        return
    yield Finding(
        cause="epochs_few",
        severity="info",
        confidence=_FEW_CONFIDENCE,
        evidence=(
            f"The last fifth of {epochs} epochs brings {course.last_rise:.0%} of all that the "
            f"metric rose by, and {reached.describe()}."
        ),
        remedy=f"Train for {4 * epochs} epochs or more.",
        code=f"for epoch in range({4 * epochs}):",
        check="still_rising",
    )


def _is_rising(course: Watched, reached: Progress) -> bool:
    return course.last_rise >= _STILL_RISING and reached.has_room


def _severity(reached: Progress, *, is_early: bool) -> Severity:
    """Return how much it matters: what is above a cheap answer may stop when it likes.

    The warning of a program that stops early lasts only where more epochs prove to help.
    """
    if reached.is_poor:
        return "error"
    return "warning" if reached.is_behind or is_early else "info"


def _is_val_rising(course: Watched) -> bool:
    """Whether the validation loss rises in the mean of several evaluations.

    By less than it moves from one to the next is no rise.
    """
    vals = [e.val.loss for e in course.evaluations if e.val is not None]
    if len(vals) < _LEAST_EVALUATIONS:
        return False
    means = [fmean(vals[n : n + _SMOOTHED]) for n in range(len(vals) - _SMOOTHED + 1)]
    late = vals[len(vals) // 2 :]
    jump = fmean(abs(after - before) for before, after in pairwise(late))
    return means[-1] > max(1.02 * min(means), min(means) + jump)
