"""The curves of a training: every loss, what moves under them, and what is measured beside."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headway.runs import Run


@dataclass(frozen=True, kw_only=True)
class Curve:
    """What one looks at after a training: points, and a line through them.

    Attributes:
        steps: Step of each training loss.
        losses: Training losses, for a scatter plot.
        moving_average: Average of the losses near each step, for a line over it.
        eval_steps: Step of each evaluation.
        train: Metrics on part of the training data, by name, one for each evaluation.
        val: Metrics on the validation part, by name, one for each evaluation.
    """

    steps: tuple[int, ...]
    losses: tuple[float, ...]
    moving_average: tuple[float, ...]
    eval_steps: tuple[int, ...]
    train: dict[str, tuple[float, ...]]
    val: dict[str, tuple[float, ...]]


def read_curve(run: Run, *, window: int | None = None) -> Curve:
    """Return the curves of a run.

    Args:
        run: The run.
        window: Losses that are averaged; a tenth of them where None.
    """
    rows = list(run.metrics())
    reports = [row for row in rows if "train/loss" in row]
    evaluations = [row for row in rows if "val/loss" in row]
    losses = [row["train/loss"] for row in reports]
    return Curve(
        steps=tuple(int(row["step"]) for row in reports),
        losses=tuple(losses),
        moving_average=moving_average(losses, window or max(1, len(losses) // 10)),
        eval_steps=tuple(int(row["step"]) for row in evaluations),
        train=_part(evaluations, "train_eval/"),
        val=_part(evaluations, "val/"),
    )


def moving_average(values: Sequence[float], window: int) -> tuple[float, ...]:
    """Return the mean of the last `window` values at each place, of fewer at the start.

    Args:
        values: Numbers.
        window: How many are averaged, at least 1.

    Example:
        >>> moving_average([4.0, 2.0, 0.0], 2)
        (4.0, 3.0, 1.0)
    """
    if window < 1:
        raise ValueError(f"window must be at least 1, got {window}")
    parts = [values[max(0, i + 1 - window) : i + 1] for i in range(len(values))]
    return tuple(math.fsum(part) / len(part) for part in parts)


def _part(rows: list[dict[str, Any]], prefix: str) -> dict[str, tuple[float, ...]]:
    names = [name for name in (rows[0] if rows else {}) if name.startswith(prefix)]
    return {
        name.removeprefix(prefix): tuple(float(row.get(name, math.nan)) for row in rows)
        for name in names
    }
