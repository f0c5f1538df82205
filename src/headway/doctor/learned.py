"""Whether the training that was watched led to right answers, whatever these are.

What follows from made-up answers, or from a guess of what targets mean, is wrong where it did.
"""

from headway.doctor.evidence import Evidence
from headway.doctor.own_metric import (
    NEARLY,
    learns_by_own,
    own_numbers,
    share_of_way,
    told_of_metric,
)
from headway.doctor.progress import progress

# So much of the way from a constant answer to right ones is no chance.
_LEARNED = 0.3


def goes_right(evidence: Evidence) -> bool:
    """Return whether the program's metric, accuracy or R2 rose clearly in its training."""
    return learns_by_own(evidence) or _standard_rises(evidence)


def is_right(evidence: Evidence) -> bool:
    """Return whether the training brought answers that are nearly all right."""
    reached = progress(evidence)
    standard = share_of_way(reached.metric, reached.dumb, 1.0)
    told, numbers = told_of_metric(evidence), own_numbers(evidence)
    if told is None or numbers is None:
        return standard >= NEARLY
    own = share_of_way(numbers[1], told.constant, told.right)
    return max(standard, own if learns_by_own(evidence) else 0.0) >= NEARLY


def _standard_rises(evidence: Evidence) -> bool:
    reached = progress(evidence)
    if reached.has_diverged:
        return False
    floor = max(reached.dumb, reached.start)
    learned = _LEARNED * (max(reached.good, reached.metric) - reached.dumb)
    # What is not known is no number, and compares as false.
    is_clear = reached.metric > floor + reached.margin
    return is_clear and reached.metric - reached.dumb > learned
