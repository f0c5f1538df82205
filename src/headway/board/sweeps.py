"""Runs that belong together: searches, ensembles, experiments."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from headway.board.discovery import Found, Place
from headway.board.files import read_file
from headway.board.importance import importance_of
from headway.board.monitoring import is_smaller_better
from headway.board.numbers import as_float, decode_json, plain
from headway.board.record import LIMIT_BYTES, RunFiles
from headway.board.rows import NO_METRICS
from headway.board.settings import Settings, common_settings
from headway.runs import ENSEMBLE

Kind = Literal["number", "log", "choice"]

_ROOT = "."
_DECISIONS = "decisions.jsonl"
_FEWEST_RUNS = 3
_LOG_SPAN = 20.0
_COMPARED = ("coarse-", "refined-")
# What says where and how a run was made, not what was trained.
_NO_SETTINGS = frozenset({"name", "data.root"})


@dataclass(frozen=True, slots=True)
class Sweep:
    """Runs that belong together.

    Attributes:
        place: Their folder.
        kind: "tune", "search", "ensemble", "lab", or "folder" for the runs of the root.
        trials: The runs.
    """

    place: Place
    kind: str
    trials: tuple[RunFiles, ...]

    @property
    def monitor(self) -> str:
        """The metric that most of the runs are judged by."""
        counts = Counter(run.monitor for run in self.trials)
        return counts.most_common(1)[0][0]

    @property
    def compared(self) -> tuple[RunFiles, ...]:
        """The runs that can be compared: `headway tune` has others too, for other ends.

        What it trains to learn a sample by heart, or to try a rate, reaches scores that mean
        nothing beside those of a real training.
        """
        if self.kind != "tune":
            return self.trials
        real = (run for run in self.trials if run.place.name.startswith(_COMPARED))
        return tuple(real) or self.trials

    def best(self, metric: str) -> RunFiles | None:
        """Return the run that is best by a metric, None where no run has a number."""
        sign = 1.0 if is_smaller_better(metric) else -1.0
        runs = self.compared
        scores = np.array([sign * run.best_value(metric) for run in runs])
        finite = np.isfinite(scores)
        if not finite.any():
            return None
        return runs[int(np.where(finite, scores, np.inf).argmin())]


def find_sweeps(found: Found, runs: Mapping[str, RunFiles], root: Path) -> list[Sweep]:
    """Return the sweeps that there are, those with the newest runs first."""
    members: dict[str, list[RunFiles]] = {}
    for run in runs.values():
        members.setdefault(run.place.group or _ROOT, []).append(run)
    sweeps: list[Sweep] = []
    for id_, trials in members.items():
        place = found.groups.get(id_)
        if place is not None:
            kind = _kind(place, found, trials)
            sweeps.append(Sweep(place, kind, tuple(trials)))
        elif id_ == _ROOT and len(trials) >= _FEWEST_RUNS and _varying(trials):
            sweeps.append(
                Sweep(Place(_ROOT, root, frozenset(), 0), "folder", tuple(trials))
            )
    return sorted(sweeps, key=lambda s: -max(run.origin.created for run in s.trials))


def _kind(place: Place, found: Found, trials: Sequence[RunFiles]) -> str:
    if _DECISIONS in place.files:
        return "tune"
    if ENSEMBLE in place.files:
        return "ensemble"
    is_lab = place.id in found.experiments or trials[0].place.kind == "lab"
    return "lab" if is_lab else "search"


def overview_of(sweep: Sweep) -> dict[str, Any]:
    """Return what a list of sweeps shows."""
    metric = sweep.monitor
    best = sweep.best(metric)
    shown = (
        None
        if best is None
        else {"run": best.place.id, "metric": metric, "value": best.best_value(metric)}
    )
    return {
        "id": sweep.place.id,
        "name": sweep.place.name,
        "kind": sweep.kind,
        "trials": len(sweep.trials),
        "best": shown,
    }


def sweep_of(sweep: Sweep, metric: str) -> dict[str, Any]:
    """Return the trials of a sweep with what differs between them.

    Args:
        sweep: The sweep.
        metric: What to judge by; the monitored metric where empty.
    """
    chosen = metric or sweep.monitor
    varying = _varying(sweep.trials)
    given = [
        {name: _single(run.settings.get(name)) for name in varying} for run in sweep.trials
    ]
    kinds = {name: _kind_of([row[name] for row in given]) for name in varying}
    best = sweep.best(chosen)
    compared = {run.place.id for run in sweep.compared}
    values = [
        run.best_value(chosen) if run.place.id in compared else math.nan
        for run in sweep.trials
    ]
    return {
        "id": sweep.place.id,
        "name": sweep.place.name,
        "kind": sweep.kind,
        "metric": chosen,
        "metrics": _metrics(sweep.trials),
        "monitor": sweep.monitor,
        "is_smaller_better": is_smaller_better(chosen),
        "best": None if best is None else best.place.id,
        "settings": [
            {"name": name, "kind": kind, "values": _distinct([row[name] for row in given])}
            for name, kind in kinds.items()
        ],
        "trials": [_trial(run, own) for run, own in zip(sweep.trials, given, strict=True)],
        "importance": importance_of(given, values, kinds),
        "decisions": _decisions(sweep.place),
    }


def _trial(run: RunFiles, settings: Settings) -> dict[str, Any]:
    values = {name: run.best_value(name) for name in _metrics([run])}
    return {
        "id": run.place.id,
        "state": run.state,
        "values": {n: v if np.isfinite(v) else None for n, v in values.items()},
        "settings": plain(settings),
    }


def _metrics(trials: Iterable[RunFiles]) -> list[str]:
    names: set[str] = set()
    for run in trials:
        best = run.events.best
        names |= {*run.newest.values, *(best["values"] if best is not None else ())}
    return sorted(names - NO_METRICS)


def _varying(trials: Sequence[RunFiles]) -> list[str]:
    """Return the settings that are not the same in all trials, in the recipe's order."""
    common = common_settings(run.settings for run in trials)
    names = dict.fromkeys(name for run in trials for name in run.settings)
    return [name for name in names if name not in common and name not in _NO_SETTINGS]


def _single(value: Any) -> Any:
    """Return the one element of a list of one, such as the width of one hidden layer."""
    if isinstance(value, list) and len(cast("list[Any]", value)) == 1:
        return cast("list[Any]", value)[0]
    return value


def _kind_of(values: Iterable[Any]) -> Kind:
    known = [value for value in values if value is not None]
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in known):
        return "choice"
    sizes = [as_float(value) for value in known]
    positive = [size for size in sizes if size > 0]
    if not positive or min(sizes) < 0 or not np.isfinite(sizes).all():
        return "number"
    return "log" if max(positive) / min(positive) >= _LOG_SPAN else "number"


def _distinct(values: Iterable[Any]) -> list[Any]:
    found = {json.dumps(plain(value)): value for value in values if value is not None}
    try:
        return plain(sorted(found.values()))
    except TypeError:  # texts beside numbers
        return plain([found[key] for key in sorted(found)])


def _decisions(place: Place) -> list[dict[str, Any]]:
    if _DECISIONS not in place.files:
        return []
    try:
        content = read_file(place.folder / _DECISIONS, limit=LIMIT_BYTES)
    except OSError:
        return []
    return list(_objects(content))


def _objects(lines: bytes) -> Iterator[dict[str, Any]]:
    for line in lines.split(b"\n")[:-1]:
        with suppress(ValueError):
            row: Any = decode_json(line)
            if isinstance(row, dict):
                yield cast("dict[str, Any]", row)
