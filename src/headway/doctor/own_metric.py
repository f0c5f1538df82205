"""The metric that a user gave as a function, as evidence of its own."""

import math
from dataclasses import dataclass

from headway.doctor.evidence import Evidence
from headway.doctor.probes.first_batch import FirstBatch


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
    first: FirstBatch | None = evidence.first_batch
    told = first.metric if first is not None else None
    if told is None or not callable(evidence.program.metric):
        return None
    if not math.isfinite(told.right - told.constant) or told.right <= told.constant:
        return None
    return OwnMetric(constant=told.constant, right=told.right)
