"""A training is watched while it runs, and is the same with and without that."""

import signal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headway
from headway.doctor.callbacks import TrainerWatch
from headway.engine import Callback, Event, StepReport
from headway.errors import Interrupted
from headway.jobs import training
from headway.runs import Run, read_layers
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


class Stopper(Callback):
    """Asks to stop after some steps, as a person who presses Ctrl-C."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_report(self, report: StepReport) -> None:
        if report.step == self.step:
            signal.raise_signal(signal.SIGTERM)


def test_the_layers_of_a_run_that_was_stopped_are_gone_on_with(tmp_path: Path) -> None:
    plain, stopped = tmp_path / "plain", tmp_path / "stopped"
    words = [*QUICK, "training.report_every=10", "logging.report=false"]
    headway.train("digits", model="mlp", overrides=words, out=plain)
    with pytest.raises(Interrupted):
        headway.train(
            "digits", model="mlp", overrides=words, out=stopped, callbacks=[Stopper(50)]
        )
    headway.resume(stopped)
    one, other = read_layers(plain), read_layers(stopped)
    assert one is not None
    assert other is not None
    assert one.kinds == other.kinds
    # When there is a sample depends on the time that it takes.
    assert sorted(set(other.steps)) == list(other.steps)
    assert other.steps[-1] > 50
    both = [step for step in one.steps if step in other.steps and step < 50]
    assert both
    for step in both:
        a, b = one.steps.index(step), other.steps.index(step)
        np.testing.assert_equal(
            one.numbers["activation_std"][:, a], other.numbers["activation_std"][:, b]
        )


def test_a_run_without_the_watch_has_no_layers(tmp_path: Path) -> None:
    run(tmp_path / "run", "logging.watch=false")
    assert read_layers(tmp_path / "run") is None
