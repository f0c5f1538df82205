"""The numbers of an experiment on disk: one small file for each arm and seed."""

import hashlib
import inspect
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headway.errors import RunError
from headway.lab.experiment import Arms, Experiment, Numbers, Results


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One arm of one experiment from one seed.

    Attributes:
        experiment: Name of the experiment.
        arm: Name of the arm.
        seed: The seed.
    """

    experiment: str
    arm: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a unit gave.

    Attributes:
        numbers: What it found.
        seconds: How long that took.
    """

    numbers: Numbers
    seconds: float


def folder_of(root: Path, experiment: Experiment) -> Path:
    """Return the folder of an experiment below that of the lab."""
    return root / experiment.name


def read_record(root: Path, experiment: Experiment, unit: Unit) -> Record | None:
    """Return what a unit gave, or None where it has not run since the experiment changed."""
    path = _path(root, experiment, unit)
    if not path.exists():
        return None
    try:
        kept = json.loads(path.read_text())
        if kept["version"] != version_of(experiment):
            return None
        return Record(numbers=_read(kept["numbers"]), seconds=float(kept["seconds"]))
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} is damaged ({error}); delete it to run it again") from error


def write_record(root: Path, experiment: Experiment, unit: Unit, record: Record) -> None:
    """Keep what a unit gave; a process that is killed leaves the old file or the new one."""
    path = _path(root, experiment, unit)
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {
        "version": version_of(experiment),
        "seconds": round(record.seconds, 3),
        "numbers": _plain(record.numbers),
    }
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(kept))
    temporary.replace(path)


def read_results(root: Path, experiment: Experiment) -> tuple[Results, float]:
    """Return the numbers of all seeds from which every arm has run, and the seconds of all."""
    seeds = {
        int(path.stem.rpartition("-seed-")[2])
        for path in (folder_of(root, experiment) / "numbers").glob("*-seed-*.json")
    }
    by_seed: dict[int, Arms] = {}
    seconds = 0.0
    for seed in sorted(seeds):
        records = {
            arm: read_record(
                root, experiment, Unit(experiment=experiment.name, arm=arm, seed=seed)
            )
            for arm in experiment.arms
        }
        found = {arm: record for arm, record in records.items() if record is not None}
        if len(found) == len(experiment.arms):
            by_seed[seed] = {arm: record.numbers for arm, record in found.items()}
            seconds += sum(record.seconds for record in found.values())
    return Results(by_seed), seconds


def version_of(experiment: Experiment) -> str:
    """Return a checksum of the file in which the experiment is written down."""
    module = sys.modules[experiment.plot.__module__]
    return hashlib.sha256(inspect.getsource(module).encode()).hexdigest()[:12]


def _path(root: Path, experiment: Experiment, unit: Unit) -> Path:
    name = f"{unit.arm}-seed-{unit.seed}.json"
    return folder_of(root, experiment) / "numbers" / name


def _plain(value: Any) -> Any:
    """Return a value that strict JSON can hold; what is no finite number becomes a word."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"float"}:
            return float(value["float"])
        return {key: _read(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_read(item) for item in value]
    return value
