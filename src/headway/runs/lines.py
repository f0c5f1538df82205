"""JSON lines: one object a line, appended whole and read back past any damage."""

import contextlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, SupportsFloat, cast

from headway.runs.files import write_error

# JSON has no such numbers, and null would lose which one it was.
_NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_CHUNK_BYTES = 65536


def encode_line(row: Mapping[str, Any]) -> bytes:
    r"""Return `row` as one line of JSON, with strings for the numbers JSON lacks.

    Example:
        >>> encode_line({"step": 3, "loss": float("nan")})
        b'{"step": 3, "loss": "nan"}\n'
    """
    return json.dumps(_to_json(row)).encode() + b"\n"


def decode_line(line: bytes) -> dict[str, Any] | None:
    """Return what `encode_line` was given, or None if the line is damaged."""
    try:
        row = json.loads(line.decode())
    except ValueError:
        return None
    return _from_json(row) if isinstance(row, dict) else None


def read_lines(path: Path) -> Iterator[dict[str, Any] | None]:
    """Yield the rows of `path`, None for a damaged line; nothing if there is no file.

    A last line without its newline is still being written, or was torn by a kill: it does
    not count.
    """
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        yield from (decode_line(line) for line in file if line.endswith(b"\n"))


def read_last_lines(path: Path) -> list[dict[str, Any]]:
    """Return the undamaged rows of the last 64 KiB of `path`, without reading the rest."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        start = max(0, os.fstat(file.fileno()).st_size - _CHUNK_BYTES)
        file.seek(start)
        lines = file.read().split(b"\n")[1 if start else 0 : -1]
        return [row for line in lines if (row := decode_line(line)) is not None]
    return []


class LineFile:
    """A file of JSON lines, opened to append.

    Each row goes to the operating system in one write, unbuffered, so that a killed process
    loses no row it logged. A torn last line is cut off on opening.

    Args:
        path: The file; created when missing.

    Raises:
        RunError: If it cannot be opened for writing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("ab+", buffering=0)
        except OSError as error:
            raise write_error(path, error) from error
        self.truncate(self.position)

    @property
    def position(self) -> int:
        """Size of the file in bytes."""
        return os.fstat(self._file.fileno()).st_size

    def append(self, row: Mapping[str, Any]) -> None:
        """Write `row` as one line, or nothing at all.

        Raises:
            RunError: If the disk refuses.
        """
        self.append_line(encode_line(row))

    def append_line(self, line: bytes) -> None:
        """Write a line with its newline, or nothing at all.

        Raises:
            RunError: If the disk refuses.
        """
        start = self.position
        try:
            self._write(line)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(start)
            raise write_error(self._path, error) from error

    def _write(self, line: bytes) -> None:
        # A disk that fills up takes part of the line first and refuses on the next write.
        while line:
            line = line[self._file.write(line) :]

    def truncate(self, position: int) -> None:
        """Keep the whole lines within the first `position` bytes.

        Raises:
            RunError: If the disk refuses.
        """
        end = self._end_of_lines(min(position, self.position))
        if end == self.position:
            return
        try:
            self._file.truncate(end)
        except OSError as error:
            raise write_error(self._path, error) from error

    def _end_of_lines(self, end: int) -> int:
        while end > 0:
            start = max(0, end - _CHUNK_BYTES)
            self._file.seek(start)
            newline = self._file.read(end - start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
        return 0

    def sync(self) -> None:
        """Wait until the disk has every line.

        Raises:
            RunError: If the disk refuses.
        """
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise write_error(self._path, error) from error

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._file.close()


def _to_json(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(float(value))
        case Mapping():
            items = cast("Mapping[Any, Any]", value).items()
            return {str(key): _to_json(item) for key, item in items}
        case list() | tuple():
            return [_to_json(item) for item in cast("list[Any]", value)]
        case SupportsFloat():
            return _to_json(float(value))
        case _:
            return str(value)


def _from_json(value: Any) -> Any:
    match value:
        case str():
            return _NON_FINITE.get(value, value)
        case dict():
            items = cast("dict[str, Any]", value).items()
            return {key: _from_json(item) for key, item in items}
        case list():
            return [_from_json(item) for item in cast("list[Any]", value)]
        case _:
            return value
