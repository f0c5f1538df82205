"""The reading side of a run record."""

import os
import socket
import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from headway.errors import RunError
from headway.runs.lines import read_last_lines, read_lines
from headway.runs.processes import is_alive
from headway.runs.schema import EVENTS, METRICS, RECIPE, read_environment

RunState = Literal["running", "done", "diverged", "stopped", "failed"]

_STATE_AFTER: dict[str, RunState] = {
    "started": "running",
    "resumed": "running",
    "finished": "done",
    "diverged": "diverged",
    "interrupted": "stopped",
    "failed": "failed",
}
# The kinds of events that say what became of a run.
TELLING_EVENTS = frozenset(_STATE_AFTER)
_SILENCE_SECONDS = 300.0


@dataclass(frozen=True)
class Run:
    """A run on disk, finished or not.

    Metrics and events are read anew each time, so that a running one can be watched.

    Args:
        folder: Folder of the run.
    """

    folder: Path

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.resolve().name

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Versions, processor, git commit and command the run was started with.

        Raises:
            RunError: If the folder is not a run or was written by a newer headway.
        """
        return read_environment(self.folder)

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """Every setting of the run.

        Raises:
            RunError: If the file is missing or damaged.
        """
        path = self.folder / RECIPE
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise RunError(f"cannot read {path}: {error.strerror}.") from error
        except ValueError as error:
            raise RunError(f"{path} is damaged, it is not TOML: {error}.") from error

    def metrics(self) -> Iterator[dict[str, float]]:
        """Yield the rows of numbers, oldest first, each with "step" and "time".

        A torn last line is ignored and a damaged one skipped; `damaged_lines` counts those.
        """
        return (row for row in read_lines(self.folder / METRICS) if row is not None)

    def events(self) -> list[dict[str, Any]]:
        """Return the events, oldest first, each with "event", "time", "pid" and "host"."""
        return [row for row in read_lines(self.folder / EVENTS) if row is not None]

    @property
    def damaged_lines(self) -> int:
        """Whole lines of metrics and events that could not be read."""
        paths = (self.folder / METRICS, self.folder / EVENTS)
        return sum(row is None for path in paths for row in read_lines(path))

    @property
    def state(self) -> RunState:
        """What became of the run, or "running" while its process lives.

        Of a run on another host one sees only its files: it counts as running while it
        wrote something in the last five minutes.
        """
        return self._state(self.events())

    @property
    def best(self) -> dict[str, Any] | None:
        """The newest "best" event, with its step, epoch and values, if there is one."""
        return _last(self.events(), "best")

    def summary(self) -> dict[str, Any]:
        """Return what a list of runs shows, without reading all metrics.

        Returns:
            "name", "folder", "state", "created" and "updated" (unix seconds), "step" (0
            before the first row), "values" (newest number of each metric) and "best".
        """
        events = self.events()
        values = {
            key: value
            for row in read_last_lines(self.folder / METRICS)
            for key, value in row.items()
        }
        return {
            "name": self.name,
            "folder": str(self.folder),
            "state": self._state(events),
            "created": self.environment.get("created", 0.0),
            "updated": self._updated(events),
            "step": values.pop("step", 0),
            "values": {key: value for key, value in values.items() if key != "time"},
            "best": _last(events, "best"),
        }

    def _state(self, events: list[dict[str, Any]]) -> RunState:
        last = _last(events, *TELLING_EVENTS)
        return state_after(last, updated=self._written())

    def _updated(self, events: list[dict[str, Any]]) -> float:
        return max([self._written(), *(float(event["time"]) for event in events[-1:])])

    def _written(self) -> float:
        path = self.folder / METRICS
        return path.stat().st_mtime if path.exists() else 0.0


def state_after(event: Mapping[str, Any] | None, *, updated: float) -> RunState:
    """Return what became of a run whose last event of `TELLING_EVENTS` is `event`.

    Args:
        event: The event with its time, pid and host; None where there is none.
        updated: When the metrics were written last, in unix seconds.
    """
    if event is None:
        return "stopped"
    state = _STATE_AFTER[event["event"]]
    return "stopped" if state == "running" and not _is_running(event, updated) else state


def _is_running(start: Mapping[str, Any], updated: float) -> bool:
    # Windows has no signal 0: there, os.kill would end the process instead of asking.
    if start["host"] == socket.gethostname() and os.name == "posix":
        return is_alive(int(start["pid"]), since=float(start["time"]))
    return time.time() - max(updated, float(start["time"])) < _SILENCE_SECONDS


def _last(events: list[dict[str, Any]], *kinds: str) -> dict[str, Any] | None:
    return next((event for event in reversed(events) if event.get("event") in kinds), None)
