"""The learning rate over the steps, as factors of the optimizer's own learning rate.

A schedule is a pure function of the step, so a resumed run needs nothing but its step. Only
`Plateau` has a state, which its observations change.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from headway.errors import RecipeError


@runtime_checkable
class Schedule(Protocol):
    """What the learning rate is multiplied by in each optimizer step."""

    def factor(self, step: int) -> float:
        """Return the factor of optimizer step `step`, counted from 0."""
        ...

    def observe(self, value: float) -> None:
        """Take note of an evaluation."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return what the observations have left behind, ready for JSON."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        ...


class Stateless:
    """The part of a schedule that a pure function of the step has no use for."""

    def observe(self, value: float) -> None:
        """Ignore `value`."""

    def state_dict(self) -> dict[str, Any]:
        """Return an empty state."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Ignore `state`."""


@dataclass(frozen=True)
class Constant(Stateless):
    """Leave the learning rate as it is."""

    def factor(self, step: int) -> float:
        """Return 1."""
        return 1.0


@dataclass(frozen=True)
class StepDecay(Stateless):
    """Multiply the learning rate by `gamma` at every milestone.

    Attributes:
        milestones: Steps, in rising order, that are the first with the smaller rate; at
            least one.
        gamma: Factor of each milestone, above 0.
    """

    milestones: Sequence[int]
    gamma: float = 0.1

    def __post_init__(self) -> None:
        require(self.gamma > 0.0, "gamma", "above 0", self.gamma)
        steps = list(self.milestones)
        is_rising = bool(steps) and steps == sorted(set(steps))
        require(is_rising, "milestones", "one or more steps in rising order", steps)

    def factor(self, step: int) -> float:
        """Return gamma ** (milestones reached)."""
        return self.gamma ** bisect_right(self.milestones, step)


@dataclass(frozen=True)
class Cosine(Stateless):
    """Go from 1 to `final_factor` along half a cosine, and stay there.

    factor = final + (1 - final) * (1 + cos(pi * step / total_steps)) / 2

    Attributes:
        total_steps: Step at which the final factor is reached.
        final_factor: Factor at the end, in 0..1.

    Reference:
        Loshchilov and Hutter, "SGDR", 2016, equation 5, without restarts. arXiv:1608.03983.
    """

    total_steps: int
    final_factor: float = 0.0

    def __post_init__(self) -> None:
        require(self.total_steps >= 1, "total_steps", "at least 1", self.total_steps)
        within = 0.0 <= self.final_factor <= 1.0
        require(within, "final_factor", "in 0..1", self.final_factor)

    def factor(self, step: int) -> float:
        """Return the factor of optimizer step `step`, counted from 0."""
        return anneal(1.0, self.final_factor, step / self.total_steps)


@dataclass(frozen=True)
class OneCycle(Stateless):
    """Rise to the learning rate along half a cosine, then fall far below it along another.

    The start is 1 / start_divisor, the top 1, and the last step 1 / (start_divisor *
    final_divisor). Momentum stays as it is, which the paper cycles the other way.

    Attributes:
        total_steps: Optimizer steps of the whole training.
        peak_fraction: Fraction of the steps before the top, in 0..1.
        start_divisor: How far below the top the first step is, at least 1.
        final_divisor: How far below the first step the last one is, at least 1.

    Reference:
        Smith and Topin, "Super-Convergence", 2017. arXiv:1708.07120.
    """

    total_steps: int
    peak_fraction: float = 0.3
    start_divisor: float = 25.0
    final_divisor: float = 1e4

    def __post_init__(self) -> None:
        require(self.total_steps >= 1, "total_steps", "at least 1", self.total_steps)
        within = 0.0 <= self.peak_fraction <= 1.0
        require(within, "peak_fraction", "in 0..1", self.peak_fraction)
        for name in ("start_divisor", "final_divisor"):
            value = getattr(self, name)
            require(value >= 1.0, name, "at least 1", value)

    def factor(self, step: int) -> float:
        """Return the factor of optimizer step `step`, counted from 0."""
        start = 1.0 / self.start_divisor
        top = max(self.peak_fraction * self.total_steps - 1.0, 0.0)
        last = self.total_steps - 1
        if step < top:
            return anneal(start, 1.0, step / top)
        fraction = (step - top) / (last - top) if last > top else float(step > top)
        return anneal(1.0, start / self.final_divisor, fraction)


class Plateau:
    """Multiply the learning rate by `gamma` when an observed value stops getting better.

    As in torch, `patience` observations without a better value are allowed and the next one
    reduces the rate. Better means by more than 1e-4 of the best value so far; a value that
    is not finite never is.

    Args:
        patience: Observations without a better value that are allowed.
        gamma: Factor of each reduction, in 0..1.
        mode: Whether a larger ("max") or a smaller ("min") value is better.
    """

    def __init__(
        self, patience: int, *, gamma: float = 0.1, mode: Literal["max", "min"] = "min"
    ) -> None:
        require(patience >= 0, "patience", "at least 0", patience)
        require(0.0 < gamma < 1.0, "gamma", "between 0 and 1", gamma)
        self._patience = patience
        self._gamma = gamma
        self._sign = 1.0 if mode == "max" else -1.0
        self._best: float | None = None
        self._num_bad = 0
        self._num_reductions = 0

    def factor(self, step: int) -> float:
        """Return gamma ** (reductions so far), whatever the step."""
        return self._gamma**self._num_reductions

    def observe(self, value: float) -> None:
        """Take note of the monitored value of one evaluation."""
        if self._is_better(value):
            self._best, self._num_bad = value, 0
            return
        self._num_bad += 1
        if self._num_bad > self._patience:
            self._num_bad = 0
            self._num_reductions += 1

    def state_dict(self) -> dict[str, Any]:
        """Return the best value, the bad observations since and the reductions so far."""
        return {
            "best": self._best,
            "num_bad": self._num_bad,
            "num_reductions": self._num_reductions,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        self._best = state["best"]
        self._num_bad = state["num_bad"]
        self._num_reductions = state["num_reductions"]

    def _is_better(self, value: float) -> bool:
        if self._best is None or not math.isfinite(value):
            return math.isfinite(value)
        # 1e-4 is the default threshold of torch's ReduceLROnPlateau.
        return self._sign * (value - self._best) > 1e-4 * abs(self._best)


class Warmup:
    """Rise to what another schedule says, in a straight line or in one jump.

    factor = (start + (1 - start) * step / steps) * schedule.factor(step) up to step
    `steps`, and the schedule alone from there on. Its steps count from the same start, so
    its milestones and its end stay where they are. With `is_flat` the factor is start *
    schedule.factor(step) up to the jump: He et al. train ResNet-110 at a tenth of the rate
    until the training error is below 80 %, which took them about 400 steps.

    Args:
        schedule: Any schedule.
        steps: Optimizer steps of the rise; 0 for none.
        start_factor: Factor of step 0, in 0..1.
        is_flat: Whether the factor stays at the start until it jumps.

    Reference:
        Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 2.2 (both forms).
        arXiv:1706.02677; He et al., "Deep Residual Learning for Image Recognition", 2015,
        section 4.2 (the jump, and the start at a tenth). arXiv:1512.03385.

    Example:
        >>> schedule = Warmup(Constant(), steps=10, start_factor=0.5)
        >>> [schedule.factor(step) for step in (0, 5, 10, 99)]
        [0.5, 0.75, 1.0, 1.0]
    """

    def __init__(
        self,
        schedule: Schedule,
        *,
        steps: int,
        start_factor: float = 0.1,
        is_flat: bool = False,
    ) -> None:
        require(steps >= 0, "warm-up steps", "at least 0", steps)
        require(0.0 <= start_factor <= 1.0, "start_factor", "in 0..1", start_factor)
        self._schedule = schedule
        self._steps = steps
        self._start_factor = start_factor
        self._is_flat = is_flat

    def factor(self, step: int) -> float:
        """Return the factor of optimizer step `step`, counted from 0."""
        fraction = 1.0
        if step < self._steps:
            fraction = 0.0 if self._is_flat else step / self._steps
        rise = self._start_factor + (1.0 - self._start_factor) * fraction
        return rise * self._schedule.factor(step)

    def observe(self, value: float) -> None:
        """Pass `value` on to the schedule."""
        self._schedule.observe(value)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the schedule."""
        return self._schedule.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        self._schedule.load_state_dict(state)


def anneal(start: float, end: float, fraction: float) -> float:
    """Go from `start` at fraction 0 to `end` at 1 along half a cosine, then stay."""
    if fraction >= 1.0:
        return end
    return end + (start - end) * (1.0 + math.cos(math.pi * fraction)) / 2.0


def require(is_met: bool, name: str, expected: str, value: Any) -> None:
    """Refuse a setting of a schedule.

    Raises:
        RecipeError: If not `is_met`.
    """
    if not is_met:
        raise RecipeError(f"{name} of a schedule must be {expected}, got {value!r}")
