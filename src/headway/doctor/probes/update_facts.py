"""What is known about an update and about a parameter after a few updates."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ParameterFacts:
    """What happened to one parameter during the watched updates.

    Attributes:
        name: As `named_parameters` has it, or where the optimizer has it.
        layer: Name of the module that it belongs to, or None if it is not in the model.
        shape: Its shape.
        requires_grad: Whether it wants a gradient.
        is_held: Whether an optimizer of the program holds it.
        lr: Learning rate of its group, or None.
        reached: Updates in which a gradient arrived.
        nonzero: Updates in which that gradient was not exactly zero.
        nonfinite: Updates in which it had a NaN or an infinity.
        used: Optimizer steps that found a gradient that is not zero.
        stale: Those of them whose gradient had parts from before the step before.
        lost: Optimizer steps before which the gradient had been zeroed or dropped.
        has_moved: Whether its values changed.
        is_run: Whether its module was called with gradients on.
        norm: Norm of its values at the start.
        grad_norm: Norm of the gradient that arrived in the first update, or 0.
        ascent: Cosine between its first change and its gradient; below 0 is descent.
        num_equal: How many equal parts it has along an axis, before and after the updates,
            though gradients moved them; 0 where they differ.
    """

    name: str
    layer: str | None
    shape: tuple[int, ...]
    requires_grad: bool
    is_held: bool
    lr: float | None
    reached: int
    nonzero: int
    nonfinite: int
    used: int
    stale: int
    lost: int
    has_moved: bool
    is_run: bool
    norm: float
    grad_norm: float
    ascent: float = math.nan
    num_equal: int = 0

    @property
    def numel(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def is_left(self) -> bool:
        """Whether a gradient arrives that no optimizer has and nothing else uses."""
        return self.nonzero > 0 and not self.is_held and not self.has_moved


@dataclass(frozen=True, kw_only=True)
class UpdateFacts:
    """One update.

    Attributes:
        loss: What it returned.
        backwards: Most gradients that arrived at one parameter.
        optimizer_steps: Calls of `step` of any optimizer.
        idle_steps: Those without a new gradient since the same optimizer's last step.
        grad_norm: Norm of all gradients that arrived.
        used_grad_norm: Norm of the gradients that the optimizer found, or NaN without a step.
        half_zero_fraction: Share of exact zeros and subnormal numbers in gradients of half
            precision, or NaN where there are none.
        eval_layers: Modules that were called in evaluation mode with gradients on.
        train_layers: Modules that were called in training mode with gradients on.
    """

    loss: float
    backwards: int
    optimizer_steps: int
    idle_steps: int
    grad_norm: float
    used_grad_norm: float
    half_zero_fraction: float
    eval_layers: frozenset[str]
    train_layers: frozenset[str]
