"""Run records for tests of what the board reads."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from headway.runs import EVENTS, METRICS, RunRecord, encode_line

RECIPE = {
    "name": "default",
    "seed": 0,
    "data": {"source": "digits"},
    "model": {"name": "mlp", "options": {"hidden": [32]}},
    "task": {"kind": "classification", "monitor": "auto"},
    "optimizer": {"name": "sgd", "lr": 0.1, "betas": [0.9, 0.999]},
    "training": {"batch_size": 32},
}
ENVIRONMENT = {
    "headway": "0.1.0",
    "python": "3.11.7",
    "total_steps": 100,
    "data": {"name": "digits", "task": "classification", "num_train": 320},
}
Rows = Iterable[Mapping[str, Any]]


def write_run(
    folder: Path,
    *,
    rows: Rows = (),
    events: Iterable[tuple[str, Mapping[str, Any]]] = (("started", {}), ("finished", {})),
    recipe: Mapping[str, Any] | None = None,
    environment: Mapping[str, Any] | None = None,
) -> Path:
    """Write the record of a run, and return its folder."""
    record = RunRecord.create(
        folder,
        recipe={**RECIPE, **(recipe or {})},
        environment={**ENVIRONMENT, **(environment or {})},
    )
    for kind, fields in events:
        record.event(kind, **fields)
    record.close()
    append_rows(folder, rows)
    return folder


def report(step: int, **values: Any) -> dict[str, Any]:
    """Return a row as the Recorder writes it."""
    return {"step": step, "time": 1000.0 + step, "epoch": step / 10, **values}


def append_rows(folder: Path, rows: Rows) -> None:
    """Write rows behind those that are there."""
    append(folder / METRICS, b"".join(encode_line(row) for row in rows))


def append_event(folder: Path, kind: str, **fields: Any) -> None:
    """Write an event behind those that are there."""
    origin = {"event": kind, "time": 2000.0, "pid": os.getpid(), "host": "elsewhere"}
    append(folder / EVENTS, encode_line({**origin, **fields}))


def append(path: Path, content: bytes) -> None:
    """Write bytes behind those that are there."""
    with path.open("ab") as file:
        file.write(content)
