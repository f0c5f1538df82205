"""Curves of metrics over the course of runs."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from headway.board.columns import Columns
from headway.board.cursor import LineCursor
from headway.board.downsampling import downsample
from headway.board.files import Damage
from headway.board.memory import Memory
from headway.board.numbers import as_list
from headway.board.record import RunFiles
from headway.board.rows import NO_METRICS
from headway.runs import METRICS

Axis = Literal["step", "epoch", "time", "samples"]
AXES: tuple[Axis, ...] = get_args(Axis)
Array = np.ndarray


class RunMetrics:
    """All numbers of a run, read on as its file grows.

    Args:
        folder: Folder of the run.

    Attributes:
        columns: The numbers.
    """

    def __init__(self, folder: Path) -> None:
        self.columns = Columns()
        self._cursor = LineCursor(folder / METRICS)
        self._fault: list[Damage] = []

    @property
    def nbytes(self) -> int:
        """Bytes that the numbers take."""
        return self.columns.nbytes

    @property
    def damage(self) -> list[Damage]:
        """What could not be read of the file."""
        return [*self._fault, *self.columns.damage]

    def read(self) -> None:
        """Read what is new."""
        try:
            self._cursor.read(self.columns)
            self._fault = []
        except OSError as error:
            self._fault = [Damage(METRICS, 0, str(error))]


class MetricStore:
    """The numbers of the runs that were looked at last.

    Args:
        limit_bytes: Memory that they may take.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._memory: Memory[RunMetrics] = Memory(limit_bytes)

    def columns(self, run: RunFiles) -> Columns:
        """Return all numbers of a run as they are now, and tell it what is damaged."""
        id_ = run.place.id
        found = self._memory.find(id_) or RunMetrics(run.place.folder)
        found.read()
        self._memory.put(id_, found)
        run.note_damage(METRICS, found.damage)
        return found.columns


def metric_names(columns: Columns) -> list[str]:
    """Return the names of the metrics of a run, in order."""
    return sorted(set(columns.names) - NO_METRICS)


def series_of(
    run: RunFiles, columns: Columns, metrics: Iterable[str], *, axis: Axis, points: int
) -> Iterator[dict[str, Any]]:
    """Yield the curves of those of `metrics` that a run has.

    Args:
        run: The run.
        columns: Its numbers.
        metrics: Names.
        axis: What the curves are drawn over.
        points: How many points a curve may have.
    """
    places = axis_of(run, columns, axis)
    for name in metrics:
        rows, values = columns.column(name)
        if not len(rows):
            continue
        x = places[rows]
        known = np.isfinite(x)
        x, y = _in_order(x[known], values[known])
        finite = np.isfinite(y)
        curve = downsample(x[finite], y[finite], points)
        yield {
            "run": run.place.id,
            "metric": name,
            "x": as_list(curve.x),
            "y": curve.y.tolist(),
            "low": curve.low.tolist(),
            "high": curve.high.tolist(),
            "total": len(rows),
            "not_finite": as_list(x[~finite][:points]),
        }


@np.errstate(over="ignore", invalid="ignore")  # of damaged rows, which are left out
def axis_of(run: RunFiles, columns: Columns, axis: Axis) -> Array:
    """Return the place of each row on an axis; not finite where it is not known."""
    steps = columns.at_rows("step")
    if axis == "step":
        return steps
    if axis == "samples":
        return steps * (run.batch_size or 1)
    if axis == "time":
        times = columns.at_rows("time")
        known = times[np.isfinite(times)]
        return times - known[0] if len(known) else times
    return _epochs(run, columns, steps)


def _epochs(run: RunFiles, columns: Columns, steps: Array) -> Array:
    """Return the epoch of each row, worked out from its step where it does not say."""
    epochs = columns.at_rows("epoch")
    missing = np.isnan(epochs) & np.isfinite(steps)
    if not missing.any():
        return epochs
    known = np.isfinite(epochs) & np.isfinite(steps)
    if known.any():
        order = np.argsort(steps[known], kind="stable")
        epochs[missing] = np.interp(
            steps[missing], steps[known][order], epochs[known][order]
        )
        return epochs
    if run.batch_size and run.origin.num_train:
        steps_per_epoch = np.ceil(run.origin.num_train / run.batch_size)
        epochs[missing] = steps[missing] / steps_per_epoch
    return epochs


def _in_order(x: Array, y: Array) -> tuple[Array, Array]:
    if np.all(x[1:] >= x[:-1]):
        return x, y
    order = np.argsort(x, kind="stable")
    return x[order], y[order]
