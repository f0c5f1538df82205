"""What an activation does to signals and gradients: range, saturation, dead regions, gain."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float64
from torch import Tensor, nn

from headway.nn.gains import (
    ACTIVATIONS,
    Function,
    activation_function,
    activation_gain,
    gaussian_mean,
    slope,
)

Interval = tuple[float, float]

# Where the slope is below a tenth of the largest: |x| > 3.6 for sigmoid, 1.8 for tanh, whose
# outputs are then beyond 0.95.
_SMALL_SLOPE = 0.1
# Farther out, slopes that only tend to zero round to it: of GELU in its tanh form at -7.1.
_REACH, _POINTS_PER_UNIT = 7, 1024
# An activation that exceeds _LARGE at _FAR is called unbounded.
_FAR, _LARGE = 1e15, 1e3


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivationFacts:
    """What an activation f does to signals and gradients.

    Attributes:
        name: Name of the activation.
        range: Infimum and supremum of f.
        mean: E f(z) for z ~ N(0, 1); outputs of mean zero are called zero-centered.
        gain: 1 / sqrt(E f(z)**2), see `activation_gain`.
        max_slope: Largest abs(f').
        saturated: Intervals of x where abs(f') is below a tenth of `max_slope`.
        dead: Intervals of x where f' is exactly zero, so that nothing is learned.
    """

    name: str
    range: Interval
    mean: float
    gain: float
    max_slope: float
    saturated: tuple[Interval, ...]
    dead: tuple[Interval, ...]

    @property
    def is_bounded(self) -> bool:
        """Whether f has a finite infimum and supremum."""
        return all(math.isfinite(end) for end in self.range)

    @property
    def is_zero_centered(self) -> bool:
        """Whether the outputs have mean zero for inputs from N(0, 1)."""
        return abs(self.mean) < 1e-6

    @property
    def can_die(self) -> bool:
        """Whether f' is zero for all x beyond some point, so that a unit may stay dead."""
        return any(math.isinf(end) for interval in self.dead for end in interval)


def activation_facts(activation: str | nn.Module | Function) -> ActivationFacts:
    """Measure an elementwise activation: its range, slopes, dead regions, mean and gain.

    The ends of intervals are exact to 1/1024; tails that reach x = +-7 count as endless.

    Args:
        activation: Name as in `torch.nn.functional`, module or function.

    Raises:
        ValueError: If the name is unknown, or f is zero almost everywhere.

    Example:
        >>> facts = activation_facts("relu")
        >>> facts.dead, facts.is_zero_centered, facts.range
        (((-inf, 0.0),), False, (0.0, inf))
    """
    f = activation_function(activation)
    steps = _REACH * _POINTS_PER_UNIT
    x = (
        torch.arange(-steps, steps + 1, dtype=torch.float64, device="cpu")
        / _POINTS_PER_UNIT
    )
    slopes = slope(f, x).abs()
    max_slope = float(slopes.max())
    return ActivationFacts(
        name=_name(activation),
        range=_range(f, x),
        mean=gaussian_mean(f),
        gain=activation_gain(activation),
        max_slope=max_slope,
        saturated=_intervals(x, slopes < _SMALL_SLOPE * max_slope),
        dead=_intervals(x, slopes == 0),
    )


def _name(activation: str | nn.Module | Function) -> str:
    if isinstance(activation, str):
        return activation
    if isinstance(activation, nn.Module):
        kind = type(activation)
        return next(
            (key for key, value in ACTIVATIONS.items() if value is kind), kind.__name__
        )
    return getattr(activation, "__name__", "function")


def _range(f: Function, x: Float64[Tensor, " points"]) -> Interval:
    with torch.no_grad():
        far = f(torch.tensor([-_FAR, _FAR], dtype=x.dtype, device=x.device))
        values = torch.cat((f(x), far))
    low, high = float(values.min()), float(values.max())
    return (-math.inf if low < -_LARGE else low, math.inf if high > _LARGE else high)


def _intervals(
    x: Float64[Tensor, " points"], holds: Bool[Tensor, " points"]
) -> tuple[Interval, ...]:
    """Return the intervals of more than one point on which `holds` is true."""
    padded = torch.cat((holds.new_zeros(1), holds, holds.new_zeros(1))).int()
    starts = (padded.diff() == 1).nonzero().flatten().tolist()
    stops = (padded.diff() == -1).nonzero().flatten().tolist()
    last = len(x) - 1
    return tuple(
        (
            -math.inf if start == 0 else float(x[start]),
            math.inf if stop - 1 == last else float(x[stop - 1]),
        )
        for start, stop in zip(starts, stops, strict=True)
        if stop - start > 1
    )
