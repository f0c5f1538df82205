"""Which settings of a sweep matter."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headway.board.numbers import as_float

Array = np.ndarray
_FEWEST_TRIALS = 8


def importance_of(
    settings: Sequence[Mapping[str, Any]],
    values: Sequence[float],
    kinds: Mapping[str, str],
) -> list[dict[str, Any]] | None:
    """Return how much of a metric each setting explains by itself, the most important first.

    Trials are put into groups of like values of the setting. Its importance is the share of
    the variance of the metric's ranks that lies between the groups, less what chance puts
    there: epsilon**2 = (between - (groups - 1) * within_mean) / total. Ranks, because one
    trial that diverged must not be all that is explained. It is 0 for a setting that says
    nothing and 1 for one that says all; what two settings do only together is in neither.

    Args:
        settings: Settings of each trial.
        values: The metric of each trial.
        kinds: "number", "log" or "choice" for each setting that varies.

    Returns:
        Name and importance of each setting, or None where fewer than eight trials have a
        number, or all have the same.

    Reference:
        Kelley, "An Unbiased Correlation Ratio Measure", 1935, equation 10; Hutter, Hoos and
        Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter Importance", 2014
        (main effects).
    """
    known = [index for index, value in enumerate(values) if math.isfinite(value)]
    ranks = _ranks(np.array([values[index] for index in known]))
    if len(known) < _FEWEST_TRIALS or ranks.min() == ranks.max():
        return None
    shares = {
        name: _share(_groups([settings[index].get(name) for index in known], kind), ranks)
        for name, kind in kinds.items()
    }
    ordered = sorted(shares.items(), key=lambda pair: -pair[1])
    return [{"name": name, "importance": round(share, 4)} for name, share in ordered]


def _ranks(values: Array) -> Array:
    """Return ranks, equal values having the mean of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[places]


def _groups(values: Sequence[Any], kind: str) -> Array:
    """Return a number for each value: that of its group of like ones."""
    if kind == "choice":
        return np.unique([repr(value) for value in values], return_inverse=True)[1]
    numbers = np.array([as_float(value) for value in values])
    distinct, places = np.unique(numbers, return_inverse=True)
    most = max(2, math.isqrt(len(values)))
    if len(distinct) <= most:
        return places
    return np.floor(_ranks(numbers) * most / (len(values) + 1)).astype(int)


def _share(groups: Array, ranks: Array) -> float:
    """Return the share of the variance of `ranks` between groups, corrected for chance."""
    names, places, counts = np.unique(groups, return_inverse=True, return_counts=True)
    spare = len(ranks) - len(names)
    if len(names) < 2 or spare < 1:
        return 0.0
    means = np.bincount(places, weights=ranks) / counts
    between = float(np.sum(counts * (means - ranks.mean()) ** 2))
    total = float(np.sum((ranks - ranks.mean()) ** 2))
    within = (total - between) / spare
    return max(0.0, (between - (len(names) - 1) * within) / total)
