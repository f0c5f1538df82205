"""Decide after each pair of trainings whether a change helps, with an error rate that holds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["accepted", "rejected", "undecided"]

# One-sided levels of the looks after so many pairs. With the tests below they accept 0.93 % of
# useless changes where differences are normal, and less where the noise of seeds has heavy
# tails, two modes or is skewed (simulated in tests/doctor/test_sequential_test.py). The first
# look gets most: a pair costs two trainings, and the cure of a fault is usually plain after
# three.
_LEVELS = {3: 0.004, 4: 0.002, 5: 0.0015, 6: 0.0015, 7: 0.0015, 8: 0.0015}
# The same for the two arms as samples of their own, which the first looks allow as well: with
# three pairs that has twice the degrees of freedom, and saves most cures the fourth pair.
_POOLED_LEVELS = {3: 0.0008, 4: 0.0004, 5: 0.0004}
FEWEST_PAIRS = min(_LEVELS)
MOST_PAIRS = max(_LEVELS)
# Below this spread the differences say more about rounding of the metric than about seeds.
_LEAST_SPREAD = 0.005
# With less support than this at a look, a further pair is not worth its time.
_FUTILE = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgment:
    """What the pairs so far say.

    Attributes:
        verdict: "undecided" asks for a further pair, if there is time for one.
        difference: Mean of treated minus untreated metric.
        p_value: One-sided p-value of the paired t-test at this look alone; 1 before the
            second pair.
        least: The least mean difference that counts.
    """

    verdict: Verdict
    difference: float
    p_value: float
    least: float


def judge(
    control: Sequence[float], treated: Sequence[float], *, least: float = 0.01
) -> Judgment:
    """Judge whether `treated` is larger than `control`, seed by seed.

    A paired one-sided t-test after each pair from the third to the eighth, and one of the two
    arms as samples of their own after the first ones, at nominal levels that spend a total
    error below 0.01, so that stopping early costs no certainty. After the
    eighth pair, differences that are all positive are accepted as well (the exact sign-flip
    test, probability 2**-8 by chance), which covers a treatment that cures what fails for
    some seeds only. The gain has to be as large as `least` and as the noise of the quieter arm.

    Args:
        control: Metric of the untreated program for each seed, larger is better.
        treated: Metric of the treated program for the same seeds.
        least: The least gain that counts, in the metric's units.

    Reference:
        Lan and DeMets, "Discrete Sequential Boundaries for Clinical Trials", 1983; Jennison
        and Turnbull, "Group Sequential Methods", 2000, section 4.4 for levels with the t
        distribution; Fisher, "The Design of Experiments", 1935, for sign flips.

    Example:
        >>> judge([0.11, 0.10, 0.12], [0.95, 0.94, 0.96]).verdict
        'accepted'
    """
    pairs = list(zip(control, treated, strict=True))
    if not pairs:
        return Judgment(verdict="undecided", difference=0.0, p_value=1.0, least=least)
    differences = [after - before for before, after in pairs]
    mean = _mean(differences)
    p_value = paired_p_value(differences)
    least = max(least, min(_spread(control), _spread(treated)))
    is_apart = pooled_p_value(control, treated) <= _POOLED_LEVELS.get(len(pairs), 0.0)
    verdict = _verdict(differences, p_value, least, is_apart=is_apart)
    return Judgment(verdict=verdict, difference=mean, p_value=p_value, least=least)


def _verdict(
    differences: Sequence[float], p_value: float, least: float, *, is_apart: bool
) -> Verdict:
    count, mean = len(differences), _mean(differences)
    if count < FEWEST_PAIRS:
        is_hopeless = count > 1 and max(differences) <= 0
        return "rejected" if is_hopeless else "undecided"
    level = _LEVELS[min(count, MOST_PAIRS)]
    is_sure = p_value <= level or (count == MOST_PAIRS and min(differences) > 0)
    is_sure = is_sure or is_apart
    if is_sure and mean > least:
        return "accepted"
    is_futile = mean < least or p_value > _FUTILE or count >= MOST_PAIRS
    return "rejected" if is_futile else "undecided"


def paired_p_value(differences: Sequence[float]) -> float:
    """Return the one-sided p-value that the mean of `differences` is not above 0."""
    count = len(differences)
    if count < 2:
        return 1.0
    spread = max(_spread(differences), _LEAST_SPREAD)
    return student_t_tail(_mean(differences) / spread * math.sqrt(count), count - 1)


def pooled_p_value(control: Sequence[float], treated: Sequence[float]) -> float:
    """Return the one-sided p-value of the two-sample t-test with a common variance.

    A change that does nothing gives both arms the same distribution, so that their variances
    are equal where it matters.
    """
    count = len(control)
    if count < 2:
        return 1.0
    spread = math.hypot(_spread(control), _spread(treated)) / math.sqrt(2)
    difference = _mean(treated) - _mean(control)
    t = difference / max(spread, _LEAST_SPREAD) * math.sqrt(count / 2)
    return student_t_tail(t, 2 * count - 2)


def student_t_tail(t: float, df: int) -> float:
    """Return the probability that Student's t with `df` degrees of freedom is above `t`.

    Reference:
        Abramowitz and Stegun, "Handbook of Mathematical Functions", 1964, 26.7.3 and 26.7.4.

    Example:
        >>> round(student_t_tail(2.920, 2), 4)
        0.05
    """
    theta = math.atan(t / math.sqrt(df))
    cosine = math.cos(theta)
    is_odd = df % 2
    term = cosine if is_odd else 1.0
    total = 0.0
    for k in range(1 + is_odd, df, 2):
        total += term
        term *= cosine**2 * k / (k + 1)
    inside = math.sin(theta) * total
    if is_odd:
        inside = 2 / math.pi * (theta + inside)
    return 0.5 * (1 - inside)


def _spread(values: Sequence[float]) -> float:
    if len(values) < 2:
        return 0.0
    mean = _mean(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
