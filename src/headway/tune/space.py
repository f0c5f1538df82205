"""What a search may choose from."""

import itertools
import math
import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Dimension(Protocol):
    """The values that one setting may take."""

    def draw(self, generator: random.Random) -> Any:
        """Return a value at random."""
        ...

    def grid(self, points: int) -> list[Any]:
        """Return about `points` values from one end to the other."""
        ...


@dataclass(frozen=True)
class _Between(ABC):
    """Numbers from `low` to `high`."""

    low: float
    high: float

    def draw(self, generator: random.Random) -> float:
        """Return a value at random."""
        return self._at(generator.random())

    def grid(self, points: int) -> list[float]:
        """Return `points` values with equal steps, the ends among them."""
        if points == 1:
            return [self._at(0.5)]
        return [self._at(i / (points - 1)) for i in range(points)]

    @abstractmethod
    def _at(self, share: float) -> float:
        """Return the number at a share of the way, in 0..1."""


@dataclass(frozen=True)
class LogUniform(_Between):
    """Numbers of every size alike: log(x) is uniform between log(low) and log(high).

    Args:
        low: Smallest value, above 0.
        high: Largest value.

    Raises:
        ValueError: If not 0 < `low` < `high`.

    Example:
        >>> [f"{x:g}" for x in LogUniform(1e-4, 1e-1).grid(4)]
        ['0.0001', '0.001', '0.01', '0.1']
    """

    def __post_init__(self) -> None:
        if not 0.0 < self.low < self.high:
            raise ValueError(f"expected 0 < low < high, got {self.low} and {self.high}")

    def _at(self, share: float) -> float:
        low, high = math.log(self.low), math.log(self.high)
        return math.exp(low + share * (high - low))


@dataclass(frozen=True)
class Uniform(_Between):
    """Numbers between two ends, each alike.

    Args:
        low: Smallest value.
        high: Largest value.

    Raises:
        ValueError: If not `low` < `high`.

    Example:
        >>> Uniform(0.0, 1.0).grid(3)
        [0.0, 0.5, 1.0]
    """

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"expected low < high, got {self.low} and {self.high}")

    def _at(self, share: float) -> float:
        return self.low + share * (self.high - self.low)


@dataclass(frozen=True)
class Choice:
    """One of several values.

    Args:
        values: At least one.

    Raises:
        ValueError: If there is none.

    Example:
        >>> Choice((1e-4, 1e-5, 0.0)).grid(2)
        [0.0001, 1e-05, 0.0]
    """

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("values must hold at least one value, got none")

    def draw(self, generator: random.Random) -> Any:
        """Return a value at random."""
        return generator.choice(self.values)

    def grid(self, points: int) -> list[Any]:
        """Return every value, however many `points` are asked for."""
        return list(self.values)


# Settings by their path, such as {"optimizer.lr": LogUniform(1e-3, 1e-1)}.
Space = Mapping[str, Dimension]
Settings = dict[str, Any]


def grid_points(space: Space, *, points: int) -> list[Settings]:
    """Return every combination of `points` values of each setting.

    Args:
        space: Settings by path.
        points: Values of each setting; a `Choice` gives all of its own.

    Example:
        >>> len(grid_points({"a": Uniform(0, 1), "b": Choice((1, 2))}, points=3))
        6
    """
    axes = [dimension.grid(points) for dimension in space.values()]
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*axes)]


def random_points(space: Space, *, count: int, seed: int = 0) -> list[Settings]:
    """Return `count` points at random; more points begin with the same ones.

    Where few settings matter, random points try `count` values of each of them, and a grid
    with as many points only few.

    Args:
        space: Settings by path.
        count: Points.
        seed: Decides the points.

    Reference:
        Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", 2012.

    Example:
        >>> [p["a"] for p in random_points({"a": Choice((1,))}, count=2)]
        [1, 1]
    """
    generator = random.Random(seed)
    return [
        {path: dimension.draw(generator) for path, dimension in space.items()}
        for _ in range(count)
    ]
