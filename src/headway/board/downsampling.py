"""Fewer points that look the same."""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Points:
    """A curve of few points.

    Attributes:
        x: Mean place of what each point stands for.
        y: Mean of what it stands for.
        low: The smallest of it.
        high: The largest of it.
    """

    x: Array
    y: Array
    low: Array
    high: Array


def downsample(x: Array, y: Array, points: int) -> Points:
    """Return at most `points` points in place of many.

    Neighbours are merged, about equally many into each point. First and last stay as they
    are: a curve begins and ends where it did, and the newest number can be read off.

    Args:
        x: Places in rising order.
        y: Finite numbers.
        points: How many are wanted, at least 3.

    Example:
        >>> downsample(np.arange(6.0), np.array([5.0, 1, 3, 9, 1, 0]), 4).high.tolist()
        [5.0, 3.0, 9.0, 0.0]
    """
    if len(x) <= points:
        return Points(x, y, y, y)
    inner = np.linspace(1, len(x) - 1, points - 1).round().astype(int)
    starts = np.concatenate([[0], inner])
    sizes = np.diff(np.append(starts, len(x)))
    # Sums of large numbers overflow where their mean does not.
    x_mean = np.add.reduceat(x / np.repeat(sizes, sizes), starts)
    y_mean = np.add.reduceat(y / np.repeat(sizes, sizes), starts)
    low, high = np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
    return Points(x_mean, np.clip(y_mean, low, high), low, high)
