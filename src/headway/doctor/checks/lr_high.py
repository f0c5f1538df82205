"""The learning rate is too high."""

from collections.abc import Iterator

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.sweep import Sweep
from headway.doctor.probes.watched import Watched
from headway.doctor.progress import Progress, progress
from headway.doctor.sweep_findings import rate_finding

# The best rate must be five times lower: a factor of two or three is a matter of taste.
_FACTOR = 0.2
# Updates of a fifth of the weights, where 1e-3 is usual (CS231n, "Neural Networks Part 3").
# Networks with batch norm learn with more: it counts only without progress.
_LARGE_RATIO = 0.2


def check_lr_high(evidence: Evidence) -> Iterator[Finding]:
    """Find a rate far above the one that a sweep confirms, or a loss that blew up."""
    sweep: Sweep | None = evidence.sweep
    reached = progress(evidence)
    if sweep is None:
        yield from _from_course(evidence.course, reached)
    elif sweep.is_confirmed and sweep.nearest_factor <= _FACTOR:
        yield rate_finding("lr_high", sweep, reached, evidence.program.optimizer)


def _from_course(course: Watched | None, reached: Progress) -> Iterator[Finding]:
    if course is None or not reached.is_poor:
        return
    if course.stop == "diverged":
        told = f"The loss became no number at update {course.steps}."
        yield _suspicion(0.5, told)
    elif course.largest_ratio > _LARGE_RATIO:
        told = (
            f"An update changed the weights by {course.largest_ratio:.0%} of their norm, and "
            f"{reached.describe()}."
        )
        yield _suspicion(0.4, told)


def _suspicion(confidence: float, told: str) -> Finding:
    return Finding(
        cause="lr_high",
        severity="error",
        confidence=confidence,
        evidence=told,
        remedy="Lower the learning rate ten times.",
        code='for group in optimizer.param_groups:\n    group["lr"] /= 10',
        check="lr_high",
    )
