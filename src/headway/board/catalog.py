"""All runs below a root, kept up to date."""

import time
from collections.abc import Collection, Iterable
from pathlib import Path

from headway.board.discovery import Discovery, Found
from headway.board.record import RunFiles
from headway.errors import RunError, did_you_mean

_FRESH_SECONDS = 1.0
_SUGGESTED_FROM = 1000


class Catalog:
    """Knows which runs there are, what they say, and what has changed since it was asked.

    Args:
        root: Where runs lie.
        only: Ids of the runs to know, all where None.
    """

    def __init__(self, root: Path, *, only: Collection[str] | None = None) -> None:
        self.root = root
        self._discovery = Discovery(root, only=only)
        self._refreshed = -_FRESH_SECONDS
        self.found = Found()
        self.runs: dict[str, RunFiles] = {}
        self._changed: set[str] = set()
        self._reported: frozenset[str] | None = None

    def refresh(self) -> None:
        """Look at every folder and file again, and read what has changed."""
        self.found = self._discovery.find()
        known, self.runs = self.runs, {}
        for id_, place in self.found.runs.items():
            run = known.get(id_) or RunFiles(place)
            self.runs[id_] = run
            if run.refresh(place):
                self._changed.add(id_)
        self._refreshed = time.monotonic()
        if self._reported is None:
            self._changed.clear()
            self._reported = frozenset(self.runs)

    def run(self, id_: str) -> RunFiles:
        """Return a run.

        Raises:
            RunError: If there is no such run.
        """
        self._refresh_unless_fresh(id_)
        if id_ not in self.runs:
            hint = did_you_mean(id_, list(self.runs)[:_SUGGESTED_FROM])
            raise RunError(
                f"there is no run {id_!r} in {self.root}.{hint} It may have been removed: "
                "reload the table of runs."
            )
        return self.runs[id_]

    def several(self, ids: Iterable[str]) -> list[RunFiles]:
        """Return the runs of these ids, each once, without those that are no longer there.

        Raises:
            RunError: If none of them is there.
        """
        wanted = list(dict.fromkeys(ids))
        self._refresh_unless_fresh(*wanted)
        found = [self.runs[id_] for id_ in wanted if id_ in self.runs]
        return found if found or not wanted else [self.run(wanted[0])]

    def _refresh_unless_fresh(self, *ids: str) -> None:
        """Look again if that was long ago, or if one of the runs is not known yet."""
        is_old = time.monotonic() - self._refreshed > _FRESH_SECONDS
        if is_old or any(id_ not in self.runs for id_ in ids):
            self.refresh()

    def changes(self) -> dict[str, list[str]]:
        """Return what has changed since this was called last, or else since the first look."""
        self.refresh()
        assert self._reported is not None
        before, now = self._reported, frozenset(self.runs)
        changed, self._changed, self._reported = self._changed, set(), now
        return {
            "changed": sorted(changed & before & now),
            "added": sorted(now - before),
            "removed": sorted(before - now),
        }
