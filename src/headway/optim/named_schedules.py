"""Schedules by name, built from plain settings."""

from collections.abc import Sequence
from typing import Literal, get_args

from headway.errors import RecipeError, did_you_mean
from headway.optim.decays import (
    CosineRestarts,
    Exponential,
    InverseSqrt,
    Polynomial,
    StableDecay,
    cycle_of_three,
)
from headway.optim.schedules import (
    Constant,
    Cosine,
    OneCycle,
    Plateau,
    Schedule,
    StepDecay,
)

ScheduleName = Literal[
    "constant",
    "step",
    "linear",
    "polynomial",
    "exponential",
    "inverse-sqrt",
    "cosine",
    "cosine-restarts",
    "one-cycle",
    "wsd",
    "plateau",
]


def build_schedule(
    name: str,
    *,
    total_steps: int,
    milestones: Sequence[int] = (),
    gamma: float = 0.1,
    final_factor: float = 0.0,
    power: float = 2.0,
    warmup_steps: int = 0,
    cycle_steps: int | None = None,
    cycle_multiplier: int = 2,
    decay_fraction: float = 0.2,
    peak_fraction: float = 0.3,
    patience: int = 10,
    mode: Literal["max", "min"] = "max",
) -> Schedule:
    """Build a schedule by name; settings of the other schedules are not looked at.

    Args:
        name: One of `ScheduleName`.
        total_steps: Optimizer steps of the whole training.
        milestones: Steps at which "step" reduces the rate.
        gamma: Factor of each reduction of "step" and "plateau".
        final_factor: Where "linear", "polynomial", "exponential", "cosine",
            "cosine-restarts" and "wsd" end.
        power: Exponent of "polynomial".
        warmup_steps: Steps before "inverse-sqrt" begins to fall; the warm-up itself is
            `Warmup`.
        cycle_steps: First cycle of "cosine-restarts"; None lets its third cycle end with
            the training.
        cycle_multiplier: How many times as long each of its cycles is as the one before.
        decay_fraction: Part of the steps in which "wsd" goes down.
        peak_fraction: Fraction of the steps that "one-cycle" rises.
        patience: Evaluations without a better value that "plateau" allows.
        mode: Whether "plateau" takes a larger or a smaller value as better.

    Raises:
        RecipeError: If `name` is unknown or a setting of it is out of range.

    Example:
        >>> build_schedule("cosine", total_steps=100).factor(50)
        0.5
    """
    if cycle_steps is None:
        cycle_steps = cycle_of_three(total_steps, cycle_multiplier)
    makers = {
        "constant": Constant,
        "step": lambda: StepDecay(milestones, gamma),
        "linear": lambda: Polynomial(total_steps, 1.0, final_factor),
        "polynomial": lambda: Polynomial(total_steps, power, final_factor),
        "exponential": lambda: Exponential(total_steps, final_factor),
        "inverse-sqrt": lambda: InverseSqrt(max(1, warmup_steps)),
        "cosine": lambda: Cosine(total_steps, final_factor),
        "cosine-restarts": lambda: CosineRestarts(
            cycle_steps, cycle_multiplier, final_factor
        ),
        "one-cycle": lambda: OneCycle(total_steps, peak_fraction),
        "wsd": lambda: StableDecay(total_steps, decay_fraction, final_factor),
        "plateau": lambda: Plateau(patience, gamma=gamma, mode=mode),
    }
    if name not in makers:
        known = get_args(ScheduleName)
        raise RecipeError(
            f"unknown schedule {name!r}; known are {', '.join(known)}."
            f"{did_you_mean(name, known)}"
        )
    return makers[name]()
