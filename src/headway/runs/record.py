"""The writing side of a run record."""

import contextlib
import json
import os
import shutil
import socket
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import tomli_w

from headway.errors import RunError
from headway.runs.files import make_folder, write_atomically
from headway.runs.lines import LineFile
from headway.runs.schema import (
    CHECKPOINTS,
    ENVIRONMENT,
    EVENTS,
    METRICS,
    RECIPE,
    SCHEMA_VERSION,
    read_environment,
)


class RunRecord:
    """What a run leaves on disk, written by the one process that owns the run.

    Made by `create` for a new run and by `reopen` to continue one.

    Args:
        folder: Folder of the run; it must exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._host = socket.gethostname()
        self._metrics = LineFile(folder / METRICS)
        self._events = LineFile(folder / EVENTS)
        self._is_folder_new = False

    @classmethod
    def create(
        cls, folder: Path, *, recipe: Mapping[str, Any], environment: Mapping[str, Any]
    ) -> Self:
        """Start the record of a new run.

        Args:
            folder: Where the run lies from now on; created when missing.
            recipe: Every setting, as TOML knows it: nested mappings, lists, strings,
                numbers, truth values and dates; None is not among them.
            environment: What `describe_environment` returns, with additions.

        Raises:
            RunError: If the folder already holds a run or cannot be written.
        """
        if any((folder / name).exists() for name in (ENVIRONMENT, METRICS, EVENTS)):
            raise RunError(
                f"{folder} already holds a run. Continue it with `headway resume "
                f"{folder}`, or choose another folder with --out."
            )
        is_new = not folder.is_dir() or not any(folder.iterdir())
        make_folder(folder / CHECKPOINTS)
        stamp = {"schema_version": SCHEMA_VERSION, "created": time.time()}
        write_atomically(folder / RECIPE, tomli_w.dumps(recipe))
        # Last, because this file is what makes the folder a run.
        write_atomically(
            folder / ENVIRONMENT,
            json.dumps({**stamp, **environment}, indent=2, default=str),
        )
        record = cls(folder)
        record._is_folder_new = is_new
        return record

    @classmethod
    def reopen(cls, folder: Path) -> Self:
        """Continue the record in `folder`; a line torn by a kill is cut off.

        Raises:
            RunError: If the folder is not a run, is of a newer version or is read-only.
        """
        read_environment(folder)
        return cls(folder)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Append one row of numbers to metrics.jsonl.

        Args:
            step: Optimizer steps done so far.
            values: Numbers by name, such as "train/loss"; they may be NaN or infinite.

        Raises:
            RunError: If the disk refuses.
        """
        self._metrics.append({"step": step, "time": time.time(), **values})

    def event(self, kind: str, /, **fields: Any) -> None:
        """Append one event to events.jsonl, with the time, the process and the host.

        Args:
            kind: What happened, such as "started" or "checkpoint".
            fields: What belongs to it; anything JSON does not know is written as text.

        Raises:
            RunError: If the disk refuses.
        """
        origin = {"time": time.time(), "pid": os.getpid(), "host": self._host}
        self._events.append({"event": kind, **origin, **fields})

    def metrics_position(self) -> int:
        """Return the bytes of metrics.jsonl, once they are safe on the disk."""
        self._metrics.sync()
        return self._metrics.position

    def rewind_metrics(self, position: int) -> None:
        """Drop the rows after `position`, so that replayed steps do not appear twice.

        Args:
            position: What `metrics_position` returned when the checkpoint was written.

        Raises:
            RunError: If the disk refuses.
        """
        missing = position - self._metrics.position
        if missing > 0:
            warnings.warn(
                f"{self.folder / METRICS} lost its last {missing} bytes since the "
                "checkpoint was written: rows are missing from it.",
                stacklevel=2,
            )
        self._metrics.truncate(position)

    def flush(self) -> None:
        """Wait until the disk has every row and event."""
        self._metrics.sync()
        self._events.sync()

    def discard(self) -> None:
        """Remove what `create` wrote, of a run that could not start after all."""
        self.close()
        if self._is_folder_new:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        for name in (ENVIRONMENT, RECIPE, METRICS, EVENTS):
            (self.folder / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it is not empty, so it was there before
            (self.folder / CHECKPOINTS).rmdir()

    def close(self) -> None:
        """Close the files; a second call does nothing."""
        self._metrics.close()
        self._events.close()
