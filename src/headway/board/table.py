"""The table of runs."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headway.board.files import Damage
from headway.board.numbers import plain
from headway.board.record import RunFiles
from headway.board.rows import NO_METRICS
from headway.board.settings import Settings, common_settings
from headway.runs import LAYERS, PREDICTIONS


@dataclass(frozen=True, slots=True)
class _Row:
    """The row of a run as it was at a version of it."""

    run: RunFiles
    version: int
    content: dict[str, Any]


class RunsTable:
    """Rows of runs, made again where a run has changed."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}
        self._settings: list[Settings] = []
        self._own: list[Settings] = []
        self._common: Settings = {}

    def answer(self, root: Path, runs: Collection[RunFiles]) -> dict[str, Any]:
        """Return all runs, newest first, with the settings that they do not share.

        Args:
            root: Where they lie.
            runs: The runs.
        """
        ordered = sorted(runs, key=lambda run: (run.origin.created, run.place.id))[::-1]
        self._compare([run.settings for run in ordered])
        self._rows = {run.place.id: self._row(run) for run in ordered}
        rows = [row.content for row in self._rows.values()]
        return {
            "root": str(root),
            "common": self._common,
            "runs": [
                {**row, "settings": own} for row, own in zip(rows, self._own, strict=True)
            ],
            "damage": [
                {"run": run.place.id, **as_dict(each)}
                for run in ordered
                for each in run.damage
            ],
        }

    def _row(self, run: RunFiles) -> _Row:
        known = self._rows.get(run.place.id)
        if known is not None and known.run is run and known.version == run.version:
            return known
        return _Row(run, run.version, row_of(run))

    def _compare(self, settings: list[Settings]) -> None:
        """Find the settings that all runs share, and those that each has for itself."""
        if list(map(id, settings)) == list(map(id, self._settings)):
            return
        common = common_settings(settings)
        self._settings, self._common = settings, plain(common)
        self._own = [
            plain({name: value for name, value in each.items() if name not in common})
            for each in settings
        ]


def as_dict(damage: Damage) -> dict[str, Any]:
    """Return damage as the page gets it."""
    return {"file": damage.file, "line": damage.line, "text": damage.text}


def row_of(run: RunFiles) -> dict[str, Any]:
    """Return what the table shows of a run, with all of its settings."""
    place, events, settings = run.place, run.events, run.settings
    values = run.newest.values
    return {
        "id": place.id,
        "name": place.name,
        "kind": place.kind,
        "group": place.group,
        "state": run.state,
        "created": run.origin.created,
        "updated": max(run.written, events.last, run.origin.created),
        "seconds": run.seconds,
        "step": max(_whole(values.get("step")), events.step),
        "total_steps": events.total_steps or run.origin.total_steps,
        "epoch": values.get("epoch"),
        "data": run.data,
        "model": str(settings.get("model.name", "")),
        "seed": plain(settings.get("seed")),
        "settings": plain(settings),
        "values": {n: value for n, value in values.items() if n not in NO_METRICS},
        "best": events.best,
        "monitor": run.monitor,
        "tags": list(run.notes.tags),
        "note": run.notes.note,
        "findings": {severity: events.count(severity) for severity in ("error", "warning")},
        "has_layers": LAYERS in place.files,
        "has_predictions": PREDICTIONS in place.files,
        "damage": len(run.damage),
    }


def _whole(step: object) -> int:
    return int(step) if isinstance(step, float) and abs(step) < 2**53 else 0
