"""Finding every run below a folder, again and again at the cost of a look at each folder."""

import os
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from headway.runs import CHECKPOINTS, ENSEMBLE, ENVIRONMENT, FINDING

Kind = Literal["run", "member", "trial", "lab"]

TRIALS = "trials"
PICTURE = "picture.png"
_NUMBERS = "numbers"
_ROOT = "."
_DEEPEST = 8
_MOST_FOLDERS = 50_000
# Folders that may hold any number of files, and no runs.
_PASSED_OVER = frozenset({CHECKPOINTS, "tensorboard", "wandb", "mlruns", "__pycache__"})
_PASSED_OVER_IN_LAB = _PASSED_OVER | {_NUMBERS, "data"}
# Two changes within a tick of the file system's clock leave the same time.
_TICK_NANOSECONDS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where something lies.

    Attributes:
        id: Its folder, relative to the root, with "/"; "." for the root itself.
        folder: Its folder.
        files: Names of the plain files in it.
        changed: When a file last came, went or was replaced, in nanoseconds.
    """

    id: str
    folder: Path
    files: frozenset[str]
    changed: int

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name or self.folder.resolve().name


@dataclass(frozen=True, slots=True)
class RunPlace(Place):
    """Where a run lies.

    Attributes:
        kind: "member" of an ensemble, "trial" of a search, part of the "lab", or "run".
        group: The id of the ensemble, search or experiment that it belongs to.
    """

    kind: Kind
    group: str | None


@dataclass(slots=True)
class Found:
    """What there is below a root.

    Attributes:
        runs: Runs by id.
        experiments: Experiments of the lab by id.
        groups: Folders that hold the trials of a search or the members of an ensemble, by id.
        is_cut: Whether there are more folders than are looked into.
    """

    runs: dict[str, RunPlace] = field(default_factory=dict[str, RunPlace])
    experiments: dict[str, Place] = field(default_factory=dict[str, Place])
    groups: dict[str, Place] = field(default_factory=dict[str, Place])
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class _Listing:
    """What a folder holds, and when it was so."""

    place: Place
    folders: tuple[str, ...]
    read: int

    @property
    def is_settled(self) -> bool:
        """Whether a later change cannot have left the same time."""
        return self.read - self.place.changed > _TICK_NANOSECONDS

    @property
    def is_experiment(self) -> bool:
        """Whether the lab keeps an experiment here."""
        files = self.place.files
        return FINDING in files or (PICTURE in files and _NUMBERS in self.folders)


@dataclass(frozen=True, slots=True)
class _Visit:
    """A folder to look into, and what it is part of."""

    path: str
    id: str
    depth: int = 0
    kind: Kind = "run"
    group: str | None = None
    experiment: str | None = None


class Discovery:
    """Looks for runs below a folder; no link is followed, so nothing outside is found.

    A folder is listed anew only if its time has changed.

    Args:
        root: The folder; it need not exist yet.
        only: Ids of the runs to find, all where None.
    """

    def __init__(self, root: Path, *, only: Collection[str] | None = None) -> None:
        self._root = root
        self._only = None if only is None else frozenset(only)
        self._listings: dict[str, _Listing] = {}

    def find(self) -> Found:
        """Return what there is now."""
        found = Found()
        fresh: dict[str, _Listing] = {}
        waiting = [_Visit(str(self._root), _ROOT)]
        while waiting and len(fresh) < _MOST_FOLDERS:
            visit = waiting.pop()
            listing = self._list(visit)
            if listing is not None:
                fresh[visit.path] = listing
                self._sort(visit, listing, found)
                waiting += filter(self._is_wanted, _below(visit, listing))
        self._listings = fresh
        found.is_cut = bool(waiting)
        return found

    def _list(self, visit: _Visit) -> _Listing | None:
        known = self._listings.get(visit.path)
        try:
            # The root is the user's own choice and may be a link.
            status = os.lstat(visit.path) if visit.depth else self._root.stat()
            is_same = known is not None and known.place.changed == status.st_mtime_ns
            if known is not None and is_same and known.is_settled:
                return known
            return _listing(visit, status.st_mtime_ns)
        except OSError:  # it is gone, or must not be read
            return None

    def _is_wanted(self, visit: _Visit) -> bool:
        """Return whether there may be runs to find."""
        name = visit.id.rpartition("/")[2]
        if self._only is not None:
            return any(f"{id_}/".startswith(f"{visit.id}/") for id_ in self._only)
        passed_over = _PASSED_OVER if visit.experiment is None else _PASSED_OVER_IN_LAB
        return name not in passed_over and not name.startswith(".")

    def _sort(self, visit: _Visit, listing: _Listing, found: Found) -> None:
        place = listing.place
        if ENVIRONMENT in place.files and (self._only is None or place.id in self._only):
            found.runs[place.id] = RunPlace(
                place.id,
                place.folder,
                place.files,
                place.changed,
                visit.kind,
                visit.group or visit.experiment,
            )
        if listing.is_experiment:
            found.experiments[place.id] = place
        if TRIALS in listing.folders or ENSEMBLE in place.files:
            found.groups[place.id] = place


def _listing(visit: _Visit, changed: int) -> _Listing:
    read = time.time_ns()
    files: list[str] = []
    folders: list[str] = []
    with os.scandir(visit.path) as entries:
        for entry in entries:
            if not _is_text(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif entry.is_file(follow_symlinks=False):
                files.append(entry.name)
    place = Place(visit.id, Path(visit.path), frozenset(files), changed)
    return _Listing(place, tuple(folders), read)


def _is_text(name: str) -> bool:
    """Return whether a name can be said in JSON; a file system takes any bytes."""
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _below(visit: _Visit, listing: _Listing) -> Iterator[_Visit]:
    """Yield the folders in a folder, with what they are part of."""
    if visit.depth >= _DEEPEST:
        return
    place = listing.place
    kind: Kind = "run"
    group, experiment = None, visit.experiment
    if experiment is None and listing.is_experiment:
        experiment = place.id
    if ENSEMBLE in place.files:
        kind, group = "member", place.id
    elif place.name == TRIALS:
        kind, group = "trial", place.id.rpartition("/")[0] or _ROOT
    if experiment is not None:
        kind = "lab"
    prefix = "" if visit.depth == 0 else f"{place.id}/"
    for name in listing.folders:
        path = f"{visit.path}{os.sep}{name}"
        yield _Visit(path, prefix + name, visit.depth + 1, kind, group, experiment)
