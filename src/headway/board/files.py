"""Reading files that anyone may have put into a run folder."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_TEXT_LENGTH = 200
# Neither a link out of the folder is followed, nor does a pipe hold the board up.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


@dataclass(frozen=True, slots=True)
class Damage:
    """Something in a file that could not be read.

    Attributes:
        file: Name of the file in the folder of its run.
        line: Its line, counted from 1; 0 for the whole file.
        text: What is wrong, and the beginning of what stands there.
    """

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes whenever a file is written.

    Attributes:
        inode: Number of the file; one that was replaced has another.
        size: Bytes.
        changed: When it was written last, in nanoseconds.
    """

    inode: int
    size: int
    changed: int


def stamp_of(path: Path | str) -> Stamp | None:
    """Return the stamp of a plain file, or None if there is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return _stamp(found) if stat.S_ISREG(found.st_mode) else None


class Opened:
    """A plain file that is open to be read.

    Args:
        path: The file.

    Attributes:
        descriptor: Its descriptor.
        stamp: Its stamp.

    Raises:
        OSError: If it cannot be opened, or is a link, a folder or a device.
    """

    def __init__(self, path: Path | str) -> None:
        self.descriptor = os.open(path, _FLAGS)
        found = os.fstat(self.descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(self.descriptor)
            raise OSError("it is not a plain file")
        self.stamp = _stamp(found)

    def part(self, start: int, size: int) -> bytes:
        """Return `size` bytes from `start`, fewer where the file ends."""
        os.lseek(self.descriptor, start, os.SEEK_SET)
        found = os.read(self.descriptor, size)
        while found and len(found) < size:
            more = os.read(self.descriptor, size - len(found))
            if not more:
                break
            found += more
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)


def read_file(path: Path | str, *, limit: int) -> bytes:
    """Return the content of a plain file.

    Raises:
        OSError: If it cannot be read, or is longer than `limit` bytes.
    """
    with Opened(path) as file:
        if file.stamp.size > limit:
            raise OSError(f"it has {file.stamp.size:,} bytes, more than {limit:,}")
        return file.part(0, file.stamp.size)


def excerpt(text: str | bytes) -> str:
    """Return the beginning of a text on one line, as Python would write it."""
    start = text[:_TEXT_LENGTH]
    shown = start.decode(errors="backslashreplace") if isinstance(start, bytes) else start
    return repr(shown.strip()) + ("..." if len(text) > _TEXT_LENGTH else "")


def _stamp(found: os.stat_result) -> Stamp:
    return Stamp(found.st_ino, found.st_size, found.st_mtime_ns)
