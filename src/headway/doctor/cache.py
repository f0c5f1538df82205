"""Finished trainings on disk, so that an experiment that was killed goes on where it was."""

import hashlib
import json
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from headway.doctor.arm import ArmResult, Remedies
from headway.runs.lines import LineFile, read_lines

# Results of another version may have been reached in another way.
_VERSION = 1
_FILE = "arms.jsonl"


class ArmCache:
    """Results of arms by what they depend on: source text, remedies, seed and length.

    Args:
        folder: Where `arms.jsonl` lies, with a line for each finished arm; None keeps the
            results in memory alone.
        source: Text that the program is made from.
    """

    def __init__(self, folder: Path | None = None, *, source: str = "") -> None:
        self._source = source
        self._rows: dict[str, dict[str, Any]] = {}
        self._path: Path | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._path = folder / _FILE
            known = (row for row in read_lines(self._path) if row is not None)
            self._rows = {row["key"]: row for row in known if "key" in row}

    def get(self, remedies: Remedies, seed: int, fraction: float) -> ArmResult | None:
        """Return what came of an arm, or None if it has not been trained."""
        row = self._rows.get(self._key(remedies, seed, fraction))
        return None if row is None else ArmResult(**row["result"])

    def put(self, remedies: Remedies, fraction: float, result: ArmResult) -> None:
        """Keep what came of an arm."""
        key = self._key(remedies, result.seed, fraction)
        self._keep(key, remedies=[repr(r) for r in remedies], result=asdict(result))

    def fraction(self) -> float | None:
        """Return the share of its updates that each arm is allowed, or None if not known."""
        row = self._rows.get(self._key((), -1, 0.0))
        return None if row is None else float(row["fraction"])

    def put_fraction(self, fraction: float) -> None:
        """Keep the share of its updates that each arm is allowed."""
        self._keep(self._key((), -1, 0.0), fraction=fraction)

    def _keep(self, key: str, **values: Any) -> None:
        row = {"key": key, **values}
        self._rows[key] = row
        if self._path is None:
            return
        # Opened for each line: a training takes far longer, and nothing has to be closed.
        with closing(LineFile(self._path)) as file:
            file.append(row)

    def _key(self, remedies: Remedies, seed: int, fraction: float) -> str:
        names = [repr(remedy) for remedy in remedies]
        parts = [_VERSION, torch.__version__, self._source, names, seed, fraction]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]
