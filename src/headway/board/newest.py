"""The newest number of each metric, read from the end of a file."""

from pathlib import Path

from headway.board.files import Damage, Opened, Stamp
from headway.board.rows import Row, decode_rows

_FIRST_BYTES = 1 << 12
# An evaluation comes once an epoch: between two of them may lie thousands of rows.
_WIDER_BYTES = (1 << 16, 1 << 19)
_EVALUATION = b'"val/'


class Newest:
    """What the end of metrics.jsonl says.

    Args:
        path: The file.

    Attributes:
        stamp: Stamp of the file when it was read last, None where there is none.
        values: The newest number of each metric, with "step", "time" and "epoch".
        damage: Lines at the end that could not be read.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = path
        self.stamp: Stamp | None = None
        self.values: Row = {}
        self.damage: list[Damage] = []

    def read(self) -> None:
        """Read the end of the file as it is now.

        Raises:
            OSError: If there is a file that cannot be read.
        """
        self.stamp, self.values, self.damage = None, {}, []
        try:
            with Opened(self._path) as file:
                self._read(file)
        except FileNotFoundError:
            return

    def _read(self, file: Opened) -> None:
        self.stamp = file.stamp
        start, lines = _last_lines(file, file.stamp.size, _FIRST_BYTES)
        rows, damage = decode_rows(1, lines)
        if start and _EVALUATION not in lines:
            rows = _last_evaluation(file, start) + rows
        for row in rows:
            self.values.update(row)
        if damage:
            before = _count_lines(file, start)
            self.damage = [Damage(d.file, d.line + before, d.text) for d in damage]


def _last_lines(file: Opened, end: int, size: int) -> tuple[int, bytes]:
    """Return whole lines of the last `size` bytes before `end`, and where they start."""
    start = max(0, end - size)
    data = file.part(start, end - start)
    skipped = data.find(b"\n") + 1 if start else 0
    return start + skipped, data[skipped : data.rfind(b"\n") + 1]


def _last_evaluation(file: Opened, end: int) -> list[Row]:
    """Return the last row with metrics of the validation part, as a list of one or none."""
    for size in _WIDER_BYTES:
        start, lines = _last_lines(file, end, size)
        found = lines.rfind(_EVALUATION)
        if found >= 0:
            begin = lines.rfind(b"\n", 0, found) + 1
            stop = lines.find(b"\n", found) + 1
            return decode_rows(1, lines[begin:stop])[0]
        if not start:
            break
    return []


def _count_lines(file: Opened, end: int) -> int:
    """Return the number of lines before a position."""
    count, position = 0, 0
    while position < end:
        part = file.part(position, min(1 << 20, end - position))
        if not part:
            break
        count, position = count + part.count(b"\n"), position + len(part)
    return count
