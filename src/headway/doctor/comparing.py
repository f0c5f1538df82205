"""Put what came of several arms on one scale."""

import math
import statistics
from collections.abc import Sequence

from headway.doctor.arm import FLOOR, ArmResult


def comparable(results: Sequence[ArmResult]) -> tuple[list[float], float]:
    """Return a value for each arm, larger is better, and what a gain is measured in.

    The values are the metric's; an arm without one, such as one that raised, has the worst of
    all. Where no arm has a metric it is minus the loss.

    Returns:
        The values, and 1 for accuracy and R2, else the range of the values.
    """
    values = [result.value for result in results]
    starts = [result.start for result in results]
    if not any(map(math.isfinite, values)):
        values = [-result.loss for result in results]
        starts = [-result.start_loss for result in results]
        is_share = False
    else:
        known = [value for value in (*values, *starts) if math.isfinite(value)]
        is_share = all(0 <= value <= 1 for value in known)
        is_share = is_share or all(result.is_bounded for result in results)
    known = [value for value in (*values, *starts) if math.isfinite(value)]
    worst = FLOOR if is_share else min(known, default=0.0)
    scale = 1.0 if is_share else (max(known, default=0.0) - worst) or 1.0
    return [value if math.isfinite(value) else worst for value in values], scale


def mean_gain(results: Sequence[ArmResult], reference: Sequence[ArmResult]) -> float:
    """Return how much better the mean of `results` is, in what a gain is measured in."""
    values, scale = comparable([*results, *reference])
    count = len(results)
    return (statistics.fmean(values[:count]) - statistics.fmean(values[count:])) / scale


def mean_value(results: Sequence[ArmResult]) -> float:
    """Return the mean metric of some arms; NaN where one has none."""
    return statistics.fmean(r.value for r in results) if results else math.nan
