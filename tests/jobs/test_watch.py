"""A training is watched while it runs, and is the same with and without that."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

import headway
from headway.doctor.callbacks import TrainerWatch
from headway.engine import Event
from headway.jobs import training
from headway.runs import Run
from headway.terminal import Display

QUICK = [
    *("machine.threads=1", "machine.device=cpu", "precision.mode=off"),
    *("training.batch_size=8", "training.epochs=2"),
]


class Said(Display):
    """Keeps the alarms that it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.alarms: list[Event] = []

    def on_event(self, event: Event) -> None:
        if event.kind == "alarm":
            self.alarms.append(event)


@pytest.fixture(autouse=True)
def many_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "TrainerWatch", partial(TrainerWatch, every=4))


def run(folder: Path, *overrides: str) -> tuple[dict[str, Any], list[Any], list[Event]]:
    said = Said()
    result = headway.train(
        "digits", model="mlp", overrides=[*QUICK, *overrides], out=folder, display=said
    )
    logged = [e for e in Run(folder).events() if e["event"] == "alarm"]
    return dict(result.outcome.values), logged, said.alarms


def test_alarms_go_to_the_display_and_the_record(tmp_path: Path) -> None:
    _, logged, said = run(tmp_path / "slow", "optimizer.lr=1e-9")
    assert [event["alarm"] for event in logged] == ["plateau"]
    assert logged[0]["cause"] == "lr_low"
    assert logged[0]["step"] == said[0].step
    assert [event.fields["alarm"] for event in said] == ["plateau"]


def test_a_run_that_learns_is_silent(tmp_path: Path) -> None:
    _, logged, said = run(tmp_path / "run")
    assert logged == said == []


def test_the_watch_can_be_turned_off_and_changes_no_metric(tmp_path: Path) -> None:
    with_watch, _, _ = run(tmp_path / "on", "optimizer.lr=1e-9")
    without, logged, said = run(
        tmp_path / "off", "optimizer.lr=1e-9", "logging.watch=false"
    )
    assert with_watch == without
    assert logged == said == []
