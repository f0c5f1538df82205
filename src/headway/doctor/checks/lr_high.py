"""The learning rate is too high."""

from collections.abc import Iterator
from dataclasses import replace

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.sweep import Sweep
from headway.doctor.probes.watched import Watched
from headway.doctor.progress import Progress, progress
from headway.doctor.sweep_findings import is_usual, rate_finding
from headway.doctor.usual_rates import decades_outside, usual_rates

# The best rate must be five times lower: a factor of two or three is a matter of taste, but
# for a rate that nobody takes, in a program where trials decide.
_FACTOR, _FACTOR_IF_ODD = 0.2, 0.5
# Updates of a fifth of the weights, where 1e-3 is usual (CS231n, "Neural Networks Part 3").
# Networks with batch norm learn with more: it counts only without progress.
_LARGE_RATIO = 0.2
# So many powers of ten above what is usual, a rate is worth a whole training with another one:
# a high rate is ahead at first, and a sweep of a part of the training sees no more.
_FAR_ABOVE = 0.5


def check_lr_high(evidence: Evidence) -> Iterator[Finding]:
    """Find a rate far above the one that a sweep confirms, or a loss that blew up."""
    sweep: Sweep | None = evidence.sweep
    reached = progress(evidence)
    if sweep is None:
        yield from _from_course(evidence.course, reached)
    elif sweep.is_confirmed and sweep.nearest_factor <= _largest(evidence, sweep):
        yield rate_finding("lr_high", sweep, reached, evidence.program.optimizer)
    elif evidence.course is not None and sweep.steps < evidence.course.planned_steps:
        yield from _from_part(evidence, sweep, reached)


def _largest(evidence: Evidence, sweep: Sweep) -> float:
    """Return what a rate may be multiplied by at most to be another one."""
    optimizer = evidence.program.optimizer
    is_odd = usual_rates(optimizer) is not None
    is_odd = is_odd and not is_usual("lr_high", sweep.own_lr, optimizer)
    # A rate far above all that are usual is no matter of taste, where a third of it learns.
    is_far = decades_outside(sweep.own_lr, optimizer) >= _FAR_ABOVE
    return _FACTOR_IF_ODD if is_odd and (progress(evidence).is_fine or is_far) else _FACTOR


def _from_part(evidence: Evidence, sweep: Sweep, reached: Progress) -> Iterator[Finding]:
    """Suspect a rate that nobody takes in a program that learns, for trials to decide."""
    optimizer = evidence.program.optimizer
    usual = usual_rates(optimizer)
    is_far = decades_outside(sweep.own_lr, optimizer) >= _FAR_ABOVE
    if usual is None or not is_far or not (reached.is_fine and reached.has_room):
        return
    told = (
        f"The learning rate of {sweep.own_lr:.2g} is far above the {usual[1]:.2g} that is the "
        "most for its kind of optimizer as a rule."
    )
    yield replace(_suspicion(0.5, told), severity="warning")


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
