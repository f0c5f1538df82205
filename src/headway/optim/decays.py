"""Ways down for the learning rate that are known beforehand, besides steps and one cosine."""

import math
from dataclasses import dataclass

from headway.optim.schedules import Stateless, anneal, require


@dataclass(frozen=True)
class Polynomial(Stateless):
    """Go from 1 to `final_factor` along a power of the steps that are left, and stay there.

    factor = final + (1 - final) * (1 - step / total_steps) ** power; power 1 is a straight
    line.

    Attributes:
        total_steps: Step at which the final factor is reached.
        power: Exponent, above 0.
        final_factor: Factor at the end, in 0..1.

    Reference:
        torch's PolynomialLR, and its LinearLR for power 1.
    """

    total_steps: int
    power: float = 1.0
    final_factor: float = 0.0

    def __post_init__(self) -> None:
        require(self.total_steps >= 1, "total_steps", "at least 1", self.total_steps)
        require(self.power > 0.0, "power", "above 0", self.power)
        within = 0.0 <= self.final_factor <= 1.0
        require(within, "final_factor", "in 0..1", self.final_factor)

    def factor(self, step: int) -> float:
        """Return the factor of optimizer step `step`, counted from 0."""
        left = max(0.0, 1.0 - step / self.total_steps)
        return self.final_factor + (1.0 - self.final_factor) * left**self.power


@dataclass(frozen=True)
class Exponential(Stateless):
    """Multiply the learning rate by the same number in every step, down to `final_factor`.

    factor = final ** (step / total_steps), and final from there on.

    Attributes:
        total_steps: Step at which the final factor is reached.
        final_factor: Factor at the end, above 0 and at most 1.

    Reference:
        torch's ExponentialLR with gamma = final ** (1 / total_steps).
    """

    total_steps: int
    final_factor: float = 0.01

    def __post_init__(self) -> None:
        require(self.total_steps >= 1, "total_steps", "at least 1", self.total_steps)
        within = 0.0 < self.final_factor <= 1.0
        expected = "above 0 and at most 1 where the decay is exponential"
        require(within, "final_factor", expected, self.final_factor)

    def factor(self, step: int) -> float:
        """Return the factor of optimizer step `step`, counted from 0."""
        return self.final_factor ** min(1.0, step / self.total_steps)


@dataclass(frozen=True)
class InverseSqrt(Stateless):
    """Keep the learning rate for some steps, then let it fall as one over their root.

    factor = sqrt(flat_steps / max(step, flat_steps)). After a warm-up over the same steps
    that starts at 0 it is the schedule of the Transformer, scaled to a top of 1. It does not
    depend on the length of the training.

    Attributes:
        flat_steps: Steps at the full rate, at least 1.

    Reference:
        Vaswani et al., "Attention Is All You Need", 2017, equation 3. arXiv:1706.03762.
    """

    flat_steps: int

    def __post_init__(self) -> None:
        require(self.flat_steps >= 1, "flat_steps", "at least 1", self.flat_steps)

    def factor(self, step: int) -> float:
        """Return the factor of optimizer step `step`, counted from 0."""
        return math.sqrt(self.flat_steps / max(step, self.flat_steps))


@dataclass(frozen=True)
class CosineRestarts(Stateless):
    """Go down half a cosine again and again, each time `multiplier` times as long.

    factor = final + (1 - final) * (1 + cos(pi * t / T)) / 2, where t counts the steps since
    the last restart and T those of the present cycle.

    Attributes:
        cycle_steps: Steps of the first cycle, at least 1.
        multiplier: How many times as long each cycle is as the one before, at least 1.
        final_factor: Factor that each cycle goes down to, in 0..1.

    Reference:
        Loshchilov and Hutter, "SGDR", 2016, equation 5. arXiv:1608.03983.
    """

    cycle_steps: int
    multiplier: int = 2
    final_factor: float = 0.0

    def __post_init__(self) -> None:
        require(self.cycle_steps >= 1, "cycle_steps", "at least 1", self.cycle_steps)
        require(self.multiplier >= 1, "multiplier", "at least 1", self.multiplier)
        within = 0.0 <= self.final_factor <= 1.0
        require(within, "final_factor", "in 0..1", self.final_factor)

    def factor(self, step: int) -> float:
        """Return the factor of optimizer step `step`, counted from 0."""
        length = self.cycle_steps
        if self.multiplier == 1:
            step %= length
        while step >= length:
            step -= length
            length *= self.multiplier
        return anneal(1.0, self.final_factor, step / length)


def cycle_of_three(total_steps: int, multiplier: int) -> int:
    """Return the first cycle of `CosineRestarts` of which the third ends with the training.

    Args:
        total_steps: Optimizer steps of the whole training.
        multiplier: How many times as long each cycle is as the one before.
    """
    return -(-total_steps // (1 + multiplier + multiplier**2))


@dataclass(frozen=True)
class StableDecay(Stateless):
    """Keep the learning rate, then go down in a straight line over the last steps.

    With a warm-up in front it is known as warmup-stable-decay, and as the trapezoid. What
    comes before the decay does not depend on the length of the training.

    Attributes:
        total_steps: Step at which the final factor is reached.
        decay_fraction: Part of the steps that the way down takes, above 0 and at most 1.
        final_factor: Factor at the end, in 0..1.

    Reference:
        Hu et al., "MiniCPM", 2024, section 4 (the name). arXiv:2404.06395; Haegele et al.,
        "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations", 2024,
        section 3 (the line). arXiv:2405.18392.
    """

    total_steps: int
    decay_fraction: float = 0.2
    final_factor: float = 0.0

    def __post_init__(self) -> None:
        require(self.total_steps >= 1, "total_steps", "at least 1", self.total_steps)
        within = 0.0 < self.decay_fraction <= 1.0
        require(within, "decay_fraction", "above 0 and at most 1", self.decay_fraction)
        within = 0.0 <= self.final_factor <= 1.0
        require(within, "final_factor", "in 0..1", self.final_factor)

    def factor(self, step: int) -> float:
        """Return the factor of optimizer step `step`, counted from 0."""
        left = max(0.0, 1.0 - step / self.total_steps)
        height = min(1.0, left / self.decay_fraction)
        return self.final_factor + (1.0 - self.final_factor) * height
