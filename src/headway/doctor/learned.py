"""Whether the training that was watched led to right answers, whatever these are.

What follows from made-up answers, or from a guess of what targets mean, is wrong where it did.
"""

import math

from headway.doctor.evidence import Evidence
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.metric_facts import MetricFacts
from headway.doctor.progress import progress
from headway.doctor.training import Course

# So much of the way from a constant answer to right ones is no chance, and so much is nearly
# all of it.
_LEARNED, _NEARLY = 0.3, 0.85
# Shares of itself that a metric must grow by, where that way is known and where it is not.
_GROWN_ON_THE_WAY, _GROWN = 0.1, 0.2


def goes_right(evidence: Evidence) -> bool:
    """Return whether the program's metric, accuracy or R2 rose clearly in its training."""
    return own_metric_rises(evidence) or _standard_rises(evidence)


def is_right(evidence: Evidence) -> bool:
    """Return whether the training brought answers that are nearly all right."""
    reached = progress(evidence)
    standard = _share(reached.metric, reached.dumb, 1.0)
    told, numbers = _told(evidence), _own_numbers(evidence)
    if told is None or numbers is None:
        return standard >= _NEARLY
    own = _share(numbers[1], told.constant, told.right)
    return max(standard, own if own_metric_rises(evidence) else 0.0) >= _NEARLY


def own_metric_rises(evidence: Evidence) -> bool:
    """Return whether a metric function is clearly larger after the training."""
    told, numbers = _told(evidence), _own_numbers(evidence)
    if told is None or numbers is None:
        return False
    begun, ended = numbers
    floor = max(begun, told.constant) if math.isfinite(told.constant) else begun
    grown = ended - floor
    size = max(abs(floor), abs(ended))
    if told.right > told.constant:
        way = max(told.right, ended) - floor
        return grown > max(_LEARNED * way, _GROWN_ON_THE_WAY * size)
    return grown > _GROWN * size


def _standard_rises(evidence: Evidence) -> bool:
    reached = progress(evidence)
    if reached.has_diverged:
        return False
    floor = max(reached.dumb, reached.start)
    learned = _LEARNED * (max(reached.good, reached.metric) - reached.dumb)
    # What is not known is no number, and compares as false.
    is_clear = reached.metric > floor + reached.margin
    return is_clear and reached.metric - reached.dumb > learned


def _told(evidence: Evidence) -> MetricFacts | None:
    first: FirstBatch | None = evidence.first_batch
    told = first.metric if first is not None else None
    return told if callable(evidence.program.metric) else None


def _own_numbers(evidence: Evidence) -> tuple[float, float] | None:
    """Return the program's metric before and after its training, None where unknown."""
    course: Course | None = evidence.course
    if course is None or not course.evaluations:
        return None
    begun, ended = (
        (evaluation.val or evaluation.train).metric
        for evaluation in (course.evaluations[0], course.last)
    )
    return (begun, ended) if math.isfinite(ended - begun) else None


def _share(reached: float, constant: float, right: float) -> float:
    """Return the share of the way to right answers, 0 where there is none that is known."""
    way = right - constant
    share = (reached - constant) / way if way > 0 else 0.0
    return share if math.isfinite(share) else 0.0
