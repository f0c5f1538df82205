"""Names and version of what a run folder holds.

recipe.toml       every setting of the run
environment.json  record version, program versions, processor, git commit, command
metrics.jsonl     one object a line: step, time and numbers
events.jsonl      one object a line: event, time, pid, host and what belongs to it
layers.jsonl      one object a line: step, time and a list for each kind of number, with a
                  place for each layer; a line before them names the layers
predictions.json  what the best weights say about the validation part: mistakes, confusion
writers.json      under which id a tracking service knows the run, if one is used
notes.json        a note and tags that a person gave the run on the board, if any
report.html       the run as one page, written when a training ends
checkpoints/      states to continue from

A folder with an ensemble.json is no run; it holds the runs of an ensemble. One with a
finding.json is an experiment of the lab.
"""

import json
from pathlib import Path
from typing import Any

from headway.errors import RunError

SCHEMA_VERSION = 1

RECIPE = "recipe.toml"
ENVIRONMENT = "environment.json"
METRICS = "metrics.jsonl"
EVENTS = "events.jsonl"
LAYERS = "layers.jsonl"
PREDICTIONS = "predictions.json"
WRITERS = "writers.json"
NOTES = "notes.json"
REPORT = "report.html"
CHECKPOINTS = "checkpoints"
ENSEMBLE = "ensemble.json"
FINDING = "finding.json"


def is_run(folder: Path) -> bool:
    """Return whether `folder` holds a run record, of whatever version."""
    return (folder / ENVIRONMENT).is_file()


def is_ensemble(folder: Path) -> bool:
    """Return whether `folder` holds an ensemble, of whatever version."""
    return (folder / ENSEMBLE).is_file()


def read_environment(folder: Path) -> dict[str, Any]:
    """Return environment.json of the run in `folder`.

    Raises:
        RunError: If the folder is missing, is not a run, is damaged, or was written by a
            newer headway.
    """
    path = folder / ENVIRONMENT
    environment = _read_object(path)
    version = environment.get("schema_version")
    if not isinstance(version, int):
        raise RunError(
            f"{path} has no schema_version, so {folder} is not a run of headway."
        )
    if version > SCHEMA_VERSION:
        raise RunError(
            f"{folder} was written by a newer headway ({environment.get('headway')}): its "
            f"record has version {version}, this one reads up to {SCHEMA_VERSION}. "
            "Upgrade with `pip install --upgrade headway`."
        )
    return environment


def _read_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(
            f"{path.parent} is not a run: it holds no {path.name}. "
            "`headway runs` lists the runs there are."
        ) from None
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror}.") from error
    except ValueError as error:
        raise RunError(f"{path} is damaged, it is not JSON: {error}.") from error
    if not isinstance(content, dict):
        raise RunError(f"{path} is damaged: expected a JSON object.")
    return content
