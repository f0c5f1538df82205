"""Finding runs below a root folder, and naming new ones."""

import itertools
import re
import time
import warnings
from pathlib import Path

from headway.errors import RunError, did_you_mean
from headway.runs.files import make_folder, write_error
from headway.runs.reader import Run
from headway.runs.schema import is_ensemble, is_run

_LABEL_LENGTH = 80


def open_run(name_or_path: str | Path, *, root: str | Path = "runs") -> Run:
    """Return the run at a path, or of that name below `root`.

    Raises:
        RunError: If there is none, if it is not a run, or if a newer headway wrote it.
    """
    folder = _find(Path(name_or_path), Path(root))
    run = Run(folder)
    _ = run.environment
    return run


def list_runs(root: str | Path = "runs") -> list[Run]:
    """Return the runs directly below `root`, newest first; none if there is no such folder.

    The members of an ensemble below `root` are among them. A run that cannot be read is left
    out with a warning.
    """
    runs: list[Run] = []
    ensembles = filter(is_ensemble, _folders(Path(root)))
    members = (folder for ensemble in ensembles for folder in _run_folders(ensemble))
    for folder in [*_run_folders(Path(root)), *members]:
        run = Run(folder)
        try:
            _ = run.environment
        except RunError as error:
            warnings.warn(f"left out of the list of runs: {error}", stacklevel=2)
        else:
            runs.append(run)
    return sorted(runs, key=lambda run: (run.environment.get("created", 0.0), run.name))[
        ::-1
    ]


def new_run_folder(root: str | Path, label: str) -> Path:
    """Create and return an empty folder for a new run, named by the time and `label`.

    Two runs that start in the same minute get different folders, also when they start in
    different processes.

    Args:
        root: Where runs lie; created when missing.
        label: What the run is, such as "digits-resnet-20"; characters that do not belong in
            a file name become "-".

    Raises:
        RunError: If the folder cannot be created.
    """
    slug = re.sub(r"[^\w.]+", "-", label).strip("-.")[:_LABEL_LENGTH] or "run"
    name = f"{time.strftime('%Y-%m-%d-%H%M')}-{slug}"
    make_folder(Path(root))
    endings = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    folders = (Path(root, name + ending) for ending in endings)
    return next(folder for folder in folders if _create(folder))


def _create(folder: Path) -> bool:
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    except OSError as error:
        raise write_error(folder, error) from error
    return True


def _run_folders(root: Path) -> list[Path]:
    return list(filter(is_run, _folders(root)))


def _folders(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.is_dir()] if root.is_dir() else []


def _find(path: Path, root: Path) -> Path:
    named = root / path
    if is_run(path) or (path.is_dir() and not is_run(named)):
        return path
    if named.is_dir():
        return named
    names = [folder.name for folder in _run_folders(root)]
    names += [str(folder) for folder in _run_folders(path.parent)]
    raise RunError(
        f"there is no run {str(path)!r}, neither at that path nor in {root}."
        f"{did_you_mean(str(path), names)} `headway runs` lists the runs there are."
    )
