"""What the board knows of a run without reading its metrics."""

import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from headway.board.cursor import LineCursor
from headway.board.discovery import RunPlace
from headway.board.events import EventDigest
from headway.board.files import Damage, Stamp, read_file, stamp_of
from headway.board.monitoring import monitored
from headway.board.newest import Newest
from headway.board.numbers import as_count, as_float, decode_json
from headway.board.settings import Settings, read_settings
from headway.runs import (
    ENVIRONMENT,
    EVENTS,
    LAYERS,
    METRICS,
    NOTES,
    RECIPE,
    SCHEMA_VERSION,
    Notes,
    RunState,
    read_notes,
    state_after,
)

LIMIT_BYTES = 1 << 24
_GROWING = (METRICS, EVENTS, LAYERS)
_FILES = (*_GROWING, ENVIRONMENT, RECIPE, NOTES)
_WHILE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Origin:
    """What environment.json says that a table needs.

    Attributes:
        created: When the run was started, in unix seconds.
        total_steps: Steps that were planned.
        data: How the data is called.
        task: What its targets are good for.
        num_train: Samples to learn from.
    """

    created: float = 0.0
    total_steps: int | None = None
    data: str = ""
    task: str = ""
    num_train: int | None = None


class RunFiles:
    """The small files of a run and the ends of its large ones, read as they change.

    A file that cannot be read is named as damage; what it would have said is empty.

    Args:
        place: Where the run lies.

    Attributes:
        place: Where the run lies.
        version: Grows whenever anything below changes.
        settings: Its recipe, flat.
        origin: What it was started with.
        notes: What a person said about it.
        events: What its events come to.
        newest: The newest number of each metric.
        state: What became of it.
        damage: What could not be read.
    """

    def __init__(self, place: RunPlace) -> None:
        self.place = place
        self.version = 0
        self.settings: Settings = {}
        self.origin = Origin()
        self.notes = Notes()
        self.events = EventDigest()
        self._paths = {name: f"{place.folder}{os.sep}{name}" for name in _FILES}
        self.newest = Newest(self._paths[METRICS])
        self.state: RunState = "stopped"
        self._cursor = LineCursor(self._paths[EVENTS])
        self._stamps: dict[str, Stamp | None] = dict.fromkeys(_FILES)
        self._is_new = True
        self._moved = 0.0
        self._faults: dict[str, Damage] = {}
        self._noted: dict[str, list[Damage]] = {}

    def refresh(self, place: RunPlace) -> bool:
        """Read what has changed, and return whether anything has."""
        has_moved, self._is_new = self._is_new or place != self.place, False
        self.place = place
        if has_moved:
            self._moved = time.monotonic()
        changed = [name for name in self._watched() if self._has_changed(name)]
        for name in changed:
            self._read(name)
        state = state_after(self.events.telling, updated=self.written)
        is_new_state, self.state = state != self.state, state
        is_changed = bool(changed) or has_moved or is_new_state
        self.version += is_changed
        return is_changed

    def _watched(self) -> Sequence[str]:
        """Return the files to look at: those that grow, and all for a while after a change.

        The others are written at once or replaced, which changes the time of the folder; a
        slow copy of a folder from elsewhere is what the while is for.
        """
        is_quiet = time.monotonic() - self._moved > _WHILE_SECONDS and not self._faults
        names = _GROWING if is_quiet else _FILES
        return names if LAYERS in self.place.files else [n for n in names if n != LAYERS]

    def _has_changed(self, name: str) -> bool:
        stamp = stamp_of(self._paths[name])
        is_same = stamp == self._stamps[name]
        self._stamps[name] = stamp
        return not is_same

    def _read(self, name: str) -> None:
        self._faults.pop(name, None)
        self._noted.pop(name, None)
        try:
            self._read_anew(name)
        except (OSError, ValueError, RecursionError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            self._faults[name] = Damage(name, 0, reason or str(error))

    def _read_anew(self, name: str) -> None:
        path = self._paths[name]
        if name == METRICS:
            self.newest.read()
        elif name == EVENTS:
            self._cursor.read(self.events)
        elif name == ENVIRONMENT:
            self.origin = Origin()
            self.origin = read_origin(path)
        elif name == RECIPE:
            self.settings = {}
            self.settings = read_settings(read_file(path, limit=LIMIT_BYTES).decode())
        elif name == NOTES:
            # Not a link, nor a pipe that would hold the board up.
            is_plain = self._stamps[NOTES] is not None
            self.notes = read_notes(self.place.folder) if is_plain else Notes()

    @property
    def written(self) -> float:
        """When the metrics were written last, in unix seconds; 0 before."""
        stamp = self._stamps[METRICS]
        return stamp.changed / 1e9 if stamp is not None else 0.0

    def note_damage(self, name: str, damage: list[Damage]) -> None:
        """Keep what another reader found in a file, until the file changes."""
        if damage != self._noted.get(name, []):
            self._noted[name] = damage
            self.version += 1

    @property
    def damage(self) -> list[Damage]:
        """What could not be read; of the metrics only their end, unless all were read."""
        noted = {METRICS: self.newest.damage, **self._noted}
        of_lines = [each for found in noted.values() for each in found]
        return [*self._faults.values(), *self.events.damage, *of_lines]

    @property
    def seconds(self) -> float:
        """Seconds from the first event to the last, or to the newest row while it runs."""
        events = self.events
        last = max(events.last, self.written) if self.state == "running" else events.last
        return max(0.0, last - events.first) if events.first is not None else 0.0

    @property
    def monitor(self) -> str:
        """The metric that picks the best snapshot."""
        best = self.events.best
        known = [*self.newest.values, *(best["values"] if best is not None else ())]
        return monitored(self.settings, self.origin.task, known)

    @property
    def batch_size(self) -> int | None:
        """Samples of a step, where the recipe says it."""
        return as_count(self.settings.get("training.batch_size"))

    @property
    def data(self) -> str:
        """How the data is called, without the folders before it."""
        source = self.settings.get("data.source") or self.origin.data
        return Path(str(source)).name

    def best_value(self, metric: str) -> float:
        """Return the number of the best snapshot, the newest where there is none, or nan."""
        best = self.events.best
        found = best["values"].get(metric) if best is not None else None
        return as_float(self.newest.values.get(metric) if found is None else found)


def read_object(path: Path | str) -> dict[str, Any]:
    """Return the JSON object in a file.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is no JSON object.
    """
    content: Any = decode_json(read_file(path, limit=LIMIT_BYTES))
    if not isinstance(content, dict):
        raise ValueError("no JSON object")
    return cast("dict[str, Any]", content)


def read_origin(path: Path | str) -> Origin:
    """Return what environment.json says that a table needs.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is damaged or of a newer version.
    """
    content = read_object(path)
    version = content.get("schema_version")
    if not isinstance(version, int):
        raise ValueError("no schema_version")
    if version > SCHEMA_VERSION:
        raise ValueError(
            f"written by a newer headway ({content.get('headway')}); upgrade headway"
        )
    data = content.get("data")
    facts = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    return Origin(
        created=_time(content.get("created")),
        total_steps=as_count(content.get("total_steps")),
        data=str(facts.get("name", "")),
        task=str(facts.get("task", "")),
        num_train=as_count(facts.get("num_train")),
    )


def _time(value: Any) -> float:
    time_ = as_float(value)
    return time_ if math.isfinite(time_) else 0.0
