"""The course of one metric in a few numbers, without reading every row."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np

from headway.board.files import Opened, Stamp
from headway.board.memory import Memory
from headway.board.numbers import as_float
from headway.board.record import RunFiles
from headway.board.rows import decode_rows
from headway.runs import METRICS

MOST_NUMBERS = 60
# A file up to this size is read whole: that takes a millisecond.
_WHOLE_BYTES = 1 << 22
_PIECE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class _Kept:
    """The line of a run as it was when its file had a stamp."""

    stamp: Stamp | None
    numbers: list[float]

    @property
    def nbytes(self) -> int:
        """Bytes that the line takes, about."""
        return 300 + 32 * len(self.numbers)


class SparklineStore:
    """Lines of runs, read again when their file has changed.

    Args:
        limit_bytes: Memory that they may take.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._memory: Memory[_Kept] = Memory(limit_bytes)

    def line(self, run: RunFiles, metric: str) -> list[float]:
        """Return the line of a metric of a run; the monitored one where empty."""
        stamp, name = run.newest.stamp, metric or run.monitor
        folder, key = run.place.folder, f"{run.place.id}\n{name}"
        kept = self._memory.find(key)
        if kept is None or kept.stamp != stamp:
            kept = self._memory.put(key, _Kept(stamp, sparkline(folder, name)))
        return kept.numbers


def sparkline(folder: Path, metric: str) -> list[float]:
    """Return at most `MOST_NUMBERS` finite numbers of a metric, from the whole of its course.

    Looks for rows with the metric from evenly spread places of the file on; of a large file
    a piece at each of them is read. The newest row with the metric is always among them.

    Args:
        folder: Folder of the run.
        metric: Name of the metric.
    """
    name = msgspec.json.encode(metric) + b":"
    try:
        with Opened(folder / METRICS) as file:
            lines = _sampled(file, name)
    except OSError:
        return []
    rows, _ = decode_rows(1, b"".join(dict.fromkeys(lines)))
    values = (as_float(row[metric]) for row in rows if metric in row)
    return [value for value in values if np.isfinite(value)][-MOST_NUMBERS:]


def _sampled(file: Opened, name: bytes) -> list[bytes]:
    """Return lines with a name, in their order."""
    size = file.stamp.size
    if size > _WHOLE_BYTES:
        starts = np.linspace(0, size - _PIECE_BYTES, MOST_NUMBERS).astype(int).tolist()
        pieces = [file.part(start, _PIECE_BYTES) for start in starts]
        found = [_line_with(name, piece, 0, len(piece)) for piece in pieces]
        return [*found, _last_line_with(name, pieces[-1])]
    data = file.part(0, size)
    if data.count(name) <= MOST_NUMBERS:
        return [line for line in data.splitlines(keepends=True) if name in line]
    edges = np.linspace(0, len(data), MOST_NUMBERS).astype(int).tolist()
    found = [_line_with(name, data, start, end) for start, end in pairwise(edges)]
    return [*found, _last_line_with(name, data)]


def _line_with(name: bytes, data: bytes, start: int, end: int) -> bytes:
    """Return the first whole line with a name that begins between two places, if any."""
    return _line_around(data, data.find(name, start, end))


def _last_line_with(name: bytes, data: bytes) -> bytes:
    return _line_around(data, data.rfind(name, 0, data.rfind(b"\n") + 1))


def _line_around(data: bytes, place: int) -> bytes:
    if place < 0:
        return b""
    return data[data.rfind(b"\n", 0, place) + 1 : data.find(b"\n", place) + 1]
