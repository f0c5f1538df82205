"""Several runs in one folder that belong together.

ensemble.json   record version, kind, number of members and the recipe they come from
member-1 ...    the runs
"""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast

from headway.errors import RunError
from headway.runs.files import make_folder, write_atomically
from headway.runs.folders import open_run
from headway.runs.reader import Run
from headway.runs.schema import ENSEMBLE, SCHEMA_VERSION, is_ensemble, is_run

EnsembleKind = Literal["seeds", "snapshots"]


@dataclass(frozen=True, kw_only=True)
class EnsembleRecord:
    """What an ensemble consists of.

    Attributes:
        kind: "seeds" for trainings that differ in their seed, "snapshots" for the cycles of
            one training.
        size: Number of members.
        recipe: Settings that the members come from, as they were asked for.
    """

    kind: EnsembleKind
    size: int
    recipe: Mapping[str, Any]

    def write(self, folder: Path) -> None:
        """Keep this in `folder`, which is created when missing.

        Raises:
            RunError: If the disk refuses.
        """
        make_folder(folder)
        stamp = {"schema_version": SCHEMA_VERSION, "created": time.time()}
        text = json.dumps({**stamp, **asdict(self)}, indent=2, default=str)
        write_atomically(folder / ENSEMBLE, text)

    @classmethod
    def read(cls, folder: Path) -> "EnsembleRecord":
        """Return what `write` kept in `folder`.

        Raises:
            RunError: If there is none, or it is damaged or of a newer version.
        """
        path = folder / ENSEMBLE
        try:
            content = cast(dict[str, Any], json.loads(path.read_bytes()))
            version = int(content["schema_version"])
            record = cls(**{name: content[name] for name in ("kind", "size", "recipe")})
        except OSError as error:
            raise RunError(f"cannot read {path}: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path} is damaged: {error!r}.") from error
        if version > SCHEMA_VERSION:
            raise RunError(f"{folder} was written by a newer headway; upgrade headway.")
        return record


def member_folder(folder: Path, number: int) -> Path:
    """Return where member `number`, counted from 1, of the ensemble in `folder` lies."""
    return folder / f"member-{number}"


def find_ensemble(name_or_path: str | Path, *, root: str | Path = "runs") -> Path | None:
    """Return the folder of the ensemble at a path, or of that name below `root`, if any."""
    folders = (Path(name_or_path), Path(root) / name_or_path)
    return next(filter(is_ensemble, folders), None)


def is_known(name_or_path: str | Path, *, root: str | Path = "runs") -> bool:
    """Return whether there is a run or an ensemble at a path, or of that name below `root`."""
    folders = (Path(name_or_path), Path(root) / name_or_path)
    return any(map(is_run, folders)) or find_ensemble(name_or_path, root=root) is not None


def open_runs(names: Iterable[str | Path], *, root: str | Path = "runs") -> list[Run]:
    """Return the runs of these names, with the members of an ensemble in its place.

    Raises:
        RunError: If there is no such run, a run is named twice, or an ensemble is not yet
            trained to its last member.
    """
    runs: list[Run] = []
    for name in names:
        folder = find_ensemble(name, root=root)
        runs += [open_run(name, root=root)] if folder is None else _members(folder)
    folders = [run.folder.resolve() for run in runs]
    twice = next((f for i, f in enumerate(folders) if f in folders[:i]), None)
    if twice is not None:
        raise RunError(f"{twice} is named twice: each run is one voice")
    return runs


def _members(folder: Path) -> list[Run]:
    record = EnsembleRecord.read(folder)
    folders = [member_folder(folder, i + 1) for i in range(record.size)]
    missing = [path.name for path in folders if not is_run(path)]
    unfinished = missing or [p.name for p in folders if Run(p).state != "done"]
    if unfinished:
        raise RunError(
            f"{folder} is not trained to its end: {unfinished[0]} is missing or not done. Go "
            f"on with `headway resume {folder}`, or name the members you want to use"
        )
    return [open_run(path) for path in folders]
