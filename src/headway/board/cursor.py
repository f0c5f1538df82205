"""Following a file that grows line by line."""

from pathlib import Path
from typing import Protocol

from headway.board.files import Opened, Stamp

_CHUNK_BYTES = 1 << 20
_LONGEST_LINE = 1 << 24
# Rows carry the time to the microsecond, so no others end in the same bytes.
_MARK_BYTES = 256


class Sink(Protocol):
    """Takes what a cursor reads."""

    def restart(self) -> None:
        """Forget everything: another file stands in the place of the one before."""
        ...

    def take(self, first: int, lines: bytes) -> None:
        """Take whole lines, each with its newline; the first has number `first`."""
        ...

    def skip(self, line: int, start: bytes) -> None:
        """Take note that a line is too long to be one; `start` is how it begins."""
        ...


class LineCursor:
    """Reads what was appended to a file since the last time, and nothing twice.

    A file that was replaced, cut or rewritten (a resumed run takes back what came after its
    checkpoint) is read from its start again. A last line without its newline is left for
    later.

    Args:
        path: The file; it need not exist yet.

    Attributes:
        stamp: Stamp of the file when it was read last, None before.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = path
        self.stamp: Stamp | None = None
        self._begin()

    def _begin(self) -> None:
        self._offset, self._line, self._mark = 0, 1, b""
        self._is_skipping = False

    def read(self, sink: Sink) -> None:
        """Give `sink` the lines that are new.

        Raises:
            OSError: If the file cannot be read, such as a folder or a link.
        """
        try:
            with Opened(self._path) as file:
                if self.stamp is not None and not self._is_continued(file):
                    self._begin()
                    sink.restart()
                self.stamp = file.stamp
                while self._advance(file, sink):
                    pass
        except FileNotFoundError:
            if self.stamp is not None:
                self.stamp = None
                self._begin()
                sink.restart()

    def _is_continued(self, file: Opened) -> bool:
        assert self.stamp is not None
        if file.stamp.inode != self.stamp.inode or file.stamp.size < self._offset:
            return False
        start = self._offset - len(self._mark)
        return file.part(start, len(self._mark)) == self._mark

    def _advance(self, file: Opened, sink: Sink) -> bool:
        """Read one more piece, and return whether there may be another."""
        data = file.part(self._offset, _CHUNK_BYTES)
        if b"\n" not in data and len(data) == _CHUNK_BYTES:
            data = self._long_line(file, data)
        cut = data.rfind(b"\n") + 1
        if cut:
            self._give(data[:cut], sink)
        elif len(data) >= _LONGEST_LINE:
            self._drop(data, sink)
        else:
            return False
        return True

    def _long_line(self, file: Opened, data: bytes) -> bytes:
        """Return `data` with what follows, up to where a line ends or is too long."""
        more = data
        while more and b"\n" not in more and len(data) < _LONGEST_LINE:
            more = file.part(self._offset + len(data), _CHUNK_BYTES)
            data += more
        return data

    def _drop(self, data: bytes, sink: Sink) -> None:
        if not self._is_skipping:
            sink.skip(self._line, data[:_MARK_BYTES])
        self._is_skipping = True
        self._move(data)

    def _give(self, lines: bytes, sink: Sink) -> None:
        self._move(lines)
        if self._is_skipping:  # this is the end of a line that was dropped
            self._is_skipping = False
            self._line += 1
            lines = lines[lines.find(b"\n") + 1 :]
        if lines:
            first, self._line = self._line, self._line + lines.count(b"\n")
            sink.take(first, lines)

    def _move(self, data: bytes) -> None:
        self._offset += len(data)
        self._mark = (self._mark + data[-_MARK_BYTES:])[-_MARK_BYTES:]
