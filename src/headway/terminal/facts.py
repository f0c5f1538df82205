"""What is known of a run before its first and after its last step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from headway.data import DataInfo
from headway.engine import Outcome
from headway.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class StartFacts:
    """What there is to say before the first step.

    Attributes:
        run: Name of the run.
        folder: Where the run lies, or None if nothing is kept.
        info: The data.
        input_note: One sample in words, such as "8x8x1 uint8, in memory".
        recipe: Every setting, without "auto".
        parameters: Trainable numbers of the network.
        multiply_adds: Multiplications of one forward pass of one sample, or None.
        device: Where it is trained, such as "cpu (AMD EPYC)".
        processes: How many processes train together.
        chance: What guessing reaches, by metric.
        total_steps: Optimizer steps of the whole training.
        resumed_at: Steps that were done before this session.
    """

    run: str
    folder: str | None
    info: DataInfo
    input_note: str
    recipe: Recipe
    parameters: int
    multiply_adds: int | None
    device: str
    processes: int
    chance: Mapping[str, float]
    total_steps: int
    resumed_at: int


@dataclass(frozen=True, kw_only=True)
class EndFacts:
    """What there is to say after the last step.

    Attributes:
        outcome: How the training ended.
        monitor: Metric that picked the best snapshot, without its part of the data.
        monitor_mode: Whether a larger or a smaller value of it is better.
        classes: Class names in label order.
        confusion: Validation samples by true (row) and predicted (column) class, or None.
        folder: Where the run lies, or None if nothing was kept.
        data: What `headway evaluate` is to be called with.
        report: The run as one page, or None if there is none.
    """

    outcome: Outcome
    monitor: str
    monitor_mode: Literal["max", "min"]
    classes: tuple[str, ...]
    confusion: list[list[int]] | None
    folder: str | None
    data: str
    report: str | None = None
