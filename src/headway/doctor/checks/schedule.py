"""A schedule takes the learning rate away long before the training ends."""

from collections.abc import Iterator

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.watched import Watched
from headway.doctor.progress import progress

# Less than this share of the largest rate moves nothing that matters: the step schedules of
# published recipes end at 1e-2 or 1e-3 of it, and cosine is below only at its very end.
_NOTHING = 1.1e-3
# Share of the planned updates that such a rate may have; cosine has 2 %.
_LARGE_PART = 0.3
# Where nothing is reached, another optimizer or rate does better under the same schedule too.
_CONFIDENCE, _IF_POOR = 0.85, 0.96


def check_schedule(evidence: Evidence) -> Iterator[Finding]:
    """Find updates with next to no rate in a program that is no better than cheap answers."""
    course: Watched | None = evidence.course
    scheduler = evidence.program.scheduler
    if course is None or not any(course.rates):
        return
    reached = progress(evidence)
    idle = _idle_updates(course)
    is_good = reached.is_known and reached.metric > reached.good + reached.margin
    if idle <= _LARGE_PART * course.planned_steps or is_good or not reached.is_known:
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


def _idle_updates(course: Watched) -> int:
    """Return how many updates at the end have next to no rate, after those with one."""
    least = _NOTHING * max(course.rates)
    busy = max((n for n, rate in enumerate(course.rates) if rate > least), default=-1)
    return len(course.rates) - 1 - busy
