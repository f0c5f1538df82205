from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.runs import RunRecord

RECIPE = {"name": "digits", "seed": 3, "optimizer": {"lr": 0.1, "milestones": [80, 120]}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder of a run that `record` makes."""
    return tmp_path / "runs" / "first"


@pytest.fixture
def record(folder: Path) -> Iterator[RunRecord]:
    """Return a new, empty run record."""
    record = RunRecord.create(folder, recipe=RECIPE, environment={"headway": "0.1.0"})
    yield record
    record.close()
