"""A schedule takes the learning rate away long before the training ends."""

from collections.abc import Iterator

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.watched import Watched
from headway.doctor.progress import Progress, progress

# Less than this share of the largest rate moves nothing that matters: the step schedules of
# published recipes end at 1e-2 or 1e-3 of it, and cosine is below only at its very end.
_NOTHING = 1.1e-3
# Share of the planned updates that such a rate may have; cosine has 2 %.
_LARGE_PART = 0.3
# Where nothing is reached, another optimizer or rate does better under the same schedule too.
_CONFIDENCE, _IF_POOR = 0.85, 0.96
# A tenth of the largest rate or less for such a part of the updates is worth a trial: a cosine
# has a fifth of them there.
_SMALL, _EARLY = 0.1001, 0.4
_UNTRIED = 0.3


def check_schedule(evidence: Evidence) -> Iterator[Finding]:
    """Find updates with next to no rate in a program that is no better than cheap answers."""
    course: Watched | None = evidence.course
    scheduler = evidence.program.scheduler
    if course is None or not any(course.rates):
        return
    reached = progress(evidence)
    idle = _updates_below(_NOTHING, course)
    is_good = reached.is_known and reached.metric > reached.good + reached.margin
    if idle <= _LARGE_PART * course.planned_steps or is_good or not reached.is_known:
        yield from _falling_early(course, reached)
        return
    highest, lowest = max(course.rates), course.rates[-1]
    # An update of the program's own may step a scheduler that nobody else knows.
    who = "The training step" if scheduler is None else type(scheduler).__name__
    yield Finding(
        cause="lr_low",
        severity="warning" if reached.is_fine else "error",
        confidence=_IF_POOR if reached.is_poor else _CONFIDENCE,
        evidence=(
            f"{who} takes the learning rate from {highest:.2g} to "
            f"{lowest:.2g}: {idle} of {course.planned_steps} updates have a thousandth of it "
            f"or less, and {reached.describe()}."
        ),
        remedy=(
            "Spread the schedule over the whole training: set T_max or total_steps to all of "
            "it, step_size to a third of it; step it once an epoch if it counts epochs."
        ),
        code=(
            "scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)"
        ),
        check="schedule",
    )


def _falling_early(course: Watched, reached: Progress) -> Iterator[Finding]:
    """Find a rate that is small for a large part of a training which leaves much to win.

    Many sound schedules do that: only a trial says what a rate that stays would reach.
    """
    small = _updates_below(_SMALL, course)
    if small <= _EARLY * course.planned_steps or not reached.has_room:
        return
    yield Finding(
        cause="lr_low",
        severity="info" if reached.is_fine else "warning",
        confidence=_UNTRIED,
        evidence=(
            f"The learning rate falls from {max(course.rates):.2g} to "
            f"{course.rates[-1]:.2g}: {small} of {course.planned_steps} updates have a "
            f"tenth of it or less, and {reached.describe()}."
        ),
        remedy=(
            "Let the rate stay high for longer; a ReduceLROnPlateau that watches what "
            "should rise needs mode='max'."
        ),
        code="scheduler = ReduceLROnPlateau(optimizer, mode='max', patience=5)",
        check="falling_rate",
    )


def _updates_below(share: float, course: Watched) -> int:
    """Return how many updates at the end have at most a share of the largest rate."""
    least = share * max(course.rates)
    busy = max((n for n, rate in enumerate(course.rates) if rate > least), default=-1)
    return len(course.rates) - 1 - busy
