"""The loss jumps over its minimum to and fro."""

from collections.abc import Iterator
from itertools import pairwise
from statistics import fmean

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.watched import Watched
from headway.doctor.progress import progress

# Independent noise of batches has a correlation of 0, and its standard error over a hundred
# losses is 0.1.
_CORRELATION = -0.3
_LEAST_LOSSES = 50
# Losses on either side of one that make its trend.
_TREND = 10


def check_oscillation(evidence: Evidence) -> Iterator[Finding]:
    """Find losses whose deviations from their trend alternate, without progress."""
    course: Watched | None = evidence.course
    reached = progress(evidence)
    if course is None or evidence.sweep is not None or not reached.is_poor:
        return
    correlation = alternation(course.losses)
    if correlation < _CORRELATION:
        yield Finding(
            cause="lr_high",
            severity="error",
            confidence=0.45,
            evidence=(
                f"The loss goes up and down in turn (correlation {correlation:.2f} of one "
                f"update with the next), and {reached.describe()}."
            ),
            remedy="Lower the learning rate three to ten times.",
            code='for group in optimizer.param_groups:\n    group["lr"] /= 3',
            check="oscillation",
        )


def alternation(losses: list[float]) -> float:
    """Return the lag-1 autocorrelation of losses around their moving mean, 0 if too few."""
    if len(losses) < _LEAST_LOSSES:
        return 0.0
    trend = [fmean(losses[max(0, n - _TREND) : n + _TREND + 1]) for n in range(len(losses))]
    rest = [loss - mean for loss, mean in zip(losses, trend, strict=True)]
    power = sum(value * value for value in rest)
    return sum(a * b for a, b in pairwise(rest)) / power if power > 0 else 0.0
