"""A page that listens hears of a new point soon, and a server that stops does not wait."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPResponse
from pathlib import Path

import pytest

from headway.board.live import Changes
from headway.board.security import Access
from headway.runs import RunRecord

from .conftest import Visitor, make_run

NOTHING: dict[str, list[str]] = {"changed": [], "added": [], "removed": []}


@pytest.fixture
def visitor(tmp_path, serving) -> Iterator[Visitor]:
    with serving(tmp_path / "runs", Access()) as visitor:
        yield visitor


def next_news(response: HTTPResponse) -> dict[str, list[str]]:
    """Return the next event that names runs."""
    while not response.readline().startswith(b"event: runs"):
        assert not response.isclosed()
    return json.loads(response.readline().removeprefix(b"data: "))


@contextmanager
def listening(visitor: Visitor) -> Iterator[HTTPResponse]:
    """Listen as a page does that knows the runs there are."""
    visitor.get("/api/runs")
    with visitor.open("GET", "/api/changes", None, {}) as response:
        assert response.readline() == b"retry: 1000\n"
        yield response


def test_a_new_point_is_told_within_two_seconds(visitor):
    make_run(visitor.root / "run").close()
    with listening(visitor) as response:
        start = time.monotonic()
        with closing(RunRecord(visitor.root / "run")) as record:
            record.log(4, {"train/loss": 0.1})
        news = next_news(response)

    assert time.monotonic() - start < 2.0
    assert news == NOTHING | {"changed": ["run"]}


def test_every_page_that_listens_is_told(visitor):
    with listening(visitor) as one, listening(visitor) as other:
        make_run(visitor.root / "run").close()

        assert next_news(one)["added"] == next_news(other)["added"] == ["run"]


def test_a_server_that_stops_ends_the_streams(tmp_path, serving):
    with ExitStack() as stack:
        with serving(tmp_path, Access()) as visitor:
            response = stack.enter_context(listening(visitor))
            start = time.monotonic()

        assert time.monotonic() - start < 2.0
        assert response.read() == b"\n"


class Disk:
    """What changes, as a test says."""

    def __init__(self) -> None:
        self.news = NOTHING
        self.num_looks = 0
        self.looked = threading.Event()

    def poll(self) -> dict[str, list[str]]:
        self.num_looks += 1
        news, self.news = self.news, NOTHING
        return news


async def _runs_told(stream: AsyncGenerator[bytes]) -> dict[str, list[str]]:
    async for event in stream:
        if event.startswith(b"event: runs"):
            return json.loads(event.partition(b"data: ")[2])
    raise AssertionError("the stream ended")


def test_nobody_looks_at_the_disk_while_nobody_listens():
    async def listen_and_leave() -> tuple[int, int]:
        disk = Disk()
        changes = Changes(disk.poll, seconds=0.01)
        stream = changes.stream()
        await anext(stream)
        while not disk.num_looks:
            await asyncio.sleep(0.01)
        await stream.aclose()
        await asyncio.sleep(0.02)
        before = disk.num_looks
        await asyncio.sleep(0.1)
        return before, disk.num_looks

    before, after = asyncio.run(listen_and_leave())

    assert before == after


def test_a_page_that_is_slow_is_told_everything_at_once():
    async def listen() -> dict[str, list[str]]:
        disk = Disk()
        changes = Changes(disk.poll, seconds=0.01)
        stream = changes.stream()
        await anext(stream)
        for run in ("b", "a", "b"):
            disk.news = NOTHING | {"changed": [run]}
            while disk.news["changed"]:
                await asyncio.sleep(0.01)
        told = await _runs_told(stream)
        await stream.aclose()
        return told

    assert asyncio.run(listen()) == NOTHING | {"changed": ["a", "b"]}


def test_a_look_that_fails_does_not_end_the_updates():
    async def listen() -> dict[str, list[str]]:
        disk = Disk()
        changes = Changes(_failing_once(disk), seconds=0.01)
        stream = changes.stream()
        await anext(stream)
        disk.news = NOTHING | {"added": ["a"]}
        told = await asyncio.wait_for(_runs_told(stream), 5)
        await stream.aclose()
        return told

    with pytest.warns(UserWarning, match="could not look for changes: the disk is away"):
        told = asyncio.run(listen())

    assert told == NOTHING | {"added": ["a"]}


def _failing_once(disk: Disk):
    def poll() -> dict[str, list[str]]:
        if disk.num_looks == 0:
            disk.num_looks = 1
            raise OSError("the disk is away")
        return disk.poll()

    return poll


def test_a_silent_stream_pings(monkeypatch):
    monkeypatch.setattr("headway.board.live._SECONDS_BETWEEN_PINGS", 0.01)

    async def listen() -> bytes:
        stream = Changes(lambda: NOTHING, seconds=0.01).stream()
        await anext(stream)
        event = await anext(stream)
        await stream.aclose()
        return event

    assert asyncio.run(listen()) == b"event: ping\ndata: {}\n\n"


def test_the_folder_may_appear_later(visitor):
    assert visitor.get("/api/runs").json["runs"] == []

    make_run(Path(visitor.root) / "run").close()

    assert [row["id"] for row in visitor.get("/api/runs").json["runs"]] == ["run"]
