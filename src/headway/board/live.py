"""Live updates: what changed on disk, told to every page that listens."""

import asyncio
import time
import warnings
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool

Poll = Callable[[], Mapping[str, Sequence[str]]]

_SECONDS_BETWEEN_POLLS = 1.0
_SECONDS_BETWEEN_PINGS = 15.0
# Looking at thousands of runs must not slow down those that train on the same machine.
_SHARE_OF_TIME = 0.06
_MOST_SECONDS_BETWEEN_POLLS = 5.0
_KINDS = ("changed", "added", "removed")


class Listener:
    """A page that listens: what it has not been told yet."""

    def __init__(self) -> None:
        self.has_news = asyncio.Event()
        self._news: dict[str, set[str]] = {kind: set() for kind in _KINDS}

    def tell(self, changes: Mapping[str, Sequence[str]]) -> None:
        """Add to what the page is told next; a page that is slow gets it all at once."""
        for kind in _KINDS:
            self._news[kind].update(changes[kind])
        self.has_news.set()

    def take(self) -> dict[str, list[str]]:
        """Return what is new since the last call."""
        self.has_news.clear()
        news = {kind: sorted(ids) for kind, ids in self._news.items()}
        self._news = {kind: set() for kind in _KINDS}
        return news


class Changes:
    """Asks what changed, once for all pages and only while one listens.

    Args:
        poll: Returns the ids of runs that were "changed", "added" and "removed" since its
            last call. It runs in a thread.
        seconds: Least time from one call to the next.
    """

    def __init__(self, poll: Poll, *, seconds: float = _SECONDS_BETWEEN_POLLS) -> None:
        self._poll = poll
        self._seconds = seconds
        self._listeners: set[Listener] = set()
        self._poller: asyncio.Task[None] | None = None
        self._is_closed = False

    async def stream(self) -> AsyncGenerator[bytes]:
        """Yield server-sent events until the page leaves or the server stops."""
        listener = Listener()
        self._listeners.add(listener)
        if self._poller is None:
            self._poller = asyncio.create_task(self._watch())
        try:
            yield b"retry: 1000\n\n"
            while not self._is_closed:
                yield await self._next_event(listener)
        finally:
            self._listeners.discard(listener)
            self._rest()

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._is_closed = True
        for listener in self._listeners:
            listener.has_news.set()

    async def _next_event(self, listener: Listener) -> bytes:
        try:
            await asyncio.wait_for(listener.has_news.wait(), _SECONDS_BETWEEN_PINGS)
        except TimeoutError:
            return b"event: ping\ndata: {}\n\n"
        return _event(listener.take()) if not self._is_closed else b""

    async def _watch(self) -> None:
        while True:
            start = time.monotonic()
            try:
                self._tell(await run_in_threadpool(self._poll))
            except Exception as error:  # a disk may be away for a while
                warnings.warn(f"could not look for changes: {error}", stacklevel=2)
            taken = time.monotonic() - start
            rest = min(taken / _SHARE_OF_TIME, _MOST_SECONDS_BETWEEN_POLLS)
            await asyncio.sleep(max(self._seconds - taken, rest))

    def _tell(self, changes: Mapping[str, Sequence[str]]) -> None:
        if any(changes[kind] for kind in _KINDS):
            for listener in self._listeners:
                listener.tell(changes)

    def _rest(self) -> None:
        if not self._listeners and self._poller is not None:
            self._poller.cancel()
            self._poller = None


def _event(news: Mapping[str, Any]) -> bytes:
    return b"event: runs\ndata: " + msgspec.json.encode(news) + b"\n\n"
