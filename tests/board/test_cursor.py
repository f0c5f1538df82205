"""Each line of a growing file comes once, with its number, whatever happens to the file."""

import os
import random
from pathlib import Path

import pytest

from headway.board import cursor
from headway.board.cursor import LineCursor

from .records import append


class Collected:
    """Keeps what a cursor gives."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, bytes]] = []
        self.skipped: list[int] = []
        self.restarts = 0

    def restart(self) -> None:
        self.lines.clear()
        self.restarts += 1

    def take(self, first: int, lines: bytes) -> None:
        self.lines += enumerate(lines.splitlines(), start=first)

    def skip(self, line: int, start: bytes) -> None:
        self.skipped.append(line)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lines"


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cursor, "_CHUNK_BYTES", 8)
    monkeypatch.setattr(cursor, "_LONGEST_LINE", 40)


def test_lines_come_with_their_numbers(path: Path):
    path.write_bytes(b"a\nb\n")
    sink = Collected()
    LineCursor(path).read(sink)
    assert sink.lines == [(1, b"a"), (2, b"b")]


def test_only_new_lines_come_the_second_time(path: Path):
    path.write_bytes(b"a\n")
    reader = LineCursor(path)
    reader.read(Collected())
    append(path, b"b\n")
    sink = Collected()
    reader.read(sink)
    assert (sink.lines, sink.restarts) == ([(2, b"b")], 0)


def test_a_torn_last_line_waits_until_it_is_whole(path: Path):
    path.write_bytes(b"a\nto")
    reader, sink = LineCursor(path), Collected()
    reader.read(sink)
    assert sink.lines == [(1, b"a")]
    append(path, b"rn\n")
    reader.read(sink)
    assert sink.lines == [(1, b"a"), (2, b"torn")]


def test_a_file_that_was_cut_is_read_anew(path: Path):
    path.write_bytes(b"a\nb\n")
    reader, sink = LineCursor(path), Collected()
    reader.read(sink)
    os.truncate(path, 2)
    reader.read(sink)
    assert (sink.lines, sink.restarts) == ([(1, b"a")], 1)


def test_a_file_that_was_cut_and_has_outgrown_its_old_end_is_read_anew(path: Path):
    path.write_bytes(b"a 1\nb 2\n")
    reader, sink = LineCursor(path), Collected()
    reader.read(sink)
    os.truncate(path, 4)
    append(path, b"b 3\nc 4\n")
    reader.read(sink)
    assert (sink.lines, sink.restarts) == ([(1, b"a 1"), (2, b"b 3"), (3, b"c 4")], 1)


def test_a_file_that_was_replaced_is_read_anew(path: Path):
    path.write_bytes(b"a\n")
    reader, sink = LineCursor(path), Collected()
    reader.read(sink)
    other = path.with_name("other")
    other.write_bytes(b"a\nb\n")
    other.replace(path)
    reader.read(sink)
    assert (sink.lines, sink.restarts) == ([(1, b"a"), (2, b"b")], 1)


def test_a_file_that_is_not_there_gives_nothing(path: Path):
    sink = Collected()
    LineCursor(path).read(sink)
    assert (sink.lines, sink.restarts) == ([], 0)


def test_a_file_that_went_is_forgotten_and_read_when_it_comes_back(path: Path):
    path.write_bytes(b"a\n")
    reader, sink = LineCursor(path), Collected()
    reader.read(sink)
    path.unlink()
    reader.read(sink)
    assert sink.lines == []
    path.write_bytes(b"b\n")
    reader.read(sink)
    assert sink.lines == [(1, b"b")]


@pytest.mark.usefixtures("small_chunks")
def test_a_line_longer_than_a_chunk_comes_whole(path: Path):
    path.write_bytes(b"a\n" + b"b" * 30 + b"\nc\n")
    sink = Collected()
    LineCursor(path).read(sink)
    assert sink.lines == [(1, b"a"), (2, b"b" * 30), (3, b"c")]


@pytest.mark.usefixtures("small_chunks")
def test_a_line_too_long_is_named_once_and_the_next_keeps_its_number(path: Path):
    path.write_bytes(b"a\n" + b"b" * 99)
    reader, sink = LineCursor(path), Collected()
    reader.read(sink)
    append(path, b"b" * 99 + b"\nc\n")
    reader.read(sink)
    assert (sink.lines, sink.skipped) == ([(1, b"a"), (3, b"c")], [2])


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("seed", range(20))
def test_lines_written_in_pieces_come_once_each(path: Path, seed: int):
    draw = random.Random(seed)
    lines = [bytes([97 + i % 26]) * draw.randrange(20) for i in range(60)]
    left = b"\n".join(lines) + b"\n"
    reader, sink = LineCursor(path), Collected()
    while left:
        size = draw.randrange(1, 30)
        append(path, left[:size])
        left = left[size:]
        reader.read(sink)
    assert sink.lines == list(enumerate(lines, start=1))


def test_a_link_is_not_followed(path: Path, tmp_path: Path):
    (tmp_path / "secret").write_bytes(b"a\n")
    path.symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic links"):
        LineCursor(path).read(Collected())


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_plain_file_is_refused_at_once(path: Path, make):
    make(path)
    with pytest.raises(OSError, match="not a plain file"):
        LineCursor(path).read(Collected())
