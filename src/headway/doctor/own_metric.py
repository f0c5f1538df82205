"""The metric that a user gave as a function, as evidence of its own."""

import math
from dataclasses import dataclass

from headway.doctor.evidence import Evidence
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.metric_facts import MetricFacts
from headway.doctor.training import Course

# So much of the way from a constant answer to right ones is no chance, and so much is nearly
# all of it.
_LEARNED, NEARLY = 0.3, 0.85
# Shares of itself that a metric must grow by, where that way is known and where it is not.
_GROWN_ON_THE_WAY, _GROWN = 0.1, 0.2


@dataclass(frozen=True, kw_only=True)
class OwnMetric:
    """What a program's own metric says of answers that need no network.

    Attributes:
        constant: Of the same answer to all samples.
        right: Of right answers.
    """

    constant: float
    right: float

    @property
    def way(self) -> float:
        """From a constant answer to right ones."""
        return self.right - self.constant


def own_metric(evidence: Evidence) -> OwnMetric | None:
    """Return the scale of a metric function, or None where it has none that is known.

    A name such as "accuracy" asks for what is judged in any case.
    """
    told = told_of_metric(evidence)
    if told is None:
        return None
    if not math.isfinite(told.right - told.constant) or told.right <= told.constant:
        return None
    return OwnMetric(constant=told.constant, right=told.right)


def told_of_metric(evidence: Evidence) -> MetricFacts | None:
    """Return what is known of a metric function, or None where the program has none."""
    first: FirstBatch | None = evidence.first_batch
    told = first.metric if first is not None else None
    return told if callable(evidence.program.metric) else None


def own_numbers(evidence: Evidence) -> tuple[float, float] | None:
    """Return the program's metric before and after its training, None where unknown."""
    course: Course | None = evidence.course
    if course is None or not course.evaluations:
        return None
    begun, ended = (
        (evaluation.val or evaluation.train).metric
        for evaluation in (course.evaluations[0], course.last)
    )
    return (begun, ended) if math.isfinite(ended - begun) else None


def learns_by_own(evidence: Evidence) -> bool:
    """Return whether a metric function rose clearly in the training, or ends nearly right."""
    told, numbers = told_of_metric(evidence), own_numbers(evidence)
    if told is None or numbers is None:
        return False
    begun, ended = numbers
    floor = max(begun, told.constant) if math.isfinite(told.constant) else begun
    grown = ended - floor
    size = max(abs(floor), abs(ended))
    if told.right > told.constant:
        way = max(told.right, ended) - floor
        is_there = share_of_way(ended, told.constant, told.right) >= NEARLY
        return is_there or grown > max(_LEARNED * way, _GROWN_ON_THE_WAY * size)
    return grown > _GROWN * size


def share_of_way(reached: float, constant: float, right: float) -> float:
    """Return the share of the way to right answers, 0 where there is none that is known."""
    way = right - constant
    share = (reached - constant) / way if way > 0 else 0.0
    return share if math.isfinite(share) else 0.0


def describe_own(evidence: Evidence) -> str:
    """Return what the own metric did in half a sentence, "" where it is not known."""
    told, numbers = told_of_metric(evidence), own_numbers(evidence)
    if told is None or numbers is None:
        return ""
    said = f"its own metric goes from {numbers[0]:.3g} to {numbers[1]:.3g}"
    if math.isfinite(told.constant):
        said += f", where a constant answer has {told.constant:.3g}"
    return said
