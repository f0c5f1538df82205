"""A training leaves a page, however it ends, and never fails by it."""

import base64
import gzip
import json
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

import headway
from headway.cli import main
from headway.engine import Callback, Trainer
from headway.errors import DivergenceError, Interrupted
from headway.jobs import reporting
from headway.recipe import load_recipe, read_data
from headway.runs import REPORT
from headway.terminal import Display
from headway.terminal.facts import EndFacts
from headway.tune.trial import run_trial

QUICK = [
    *("machine.threads=1", "machine.device=cpu", "precision.mode=off"),
    *("training.batch_size=64", "training.epochs=1", "logging.check=false"),
]
DIVERGING = ("optimizer.name=sgd", "optimizer.lr=1e12")


class Said(Display):
    """Keeps what it is told at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.end: EndFacts | None = None

    def finish(self, facts: EndFacts) -> None:
        self.end = facts


class Fail(Callback):
    def on_step(self, loss: Tensor) -> None:
        raise ZeroDivisionError


@pytest.fixture
def stop(monkeypatch) -> Callback:
    """Return a follower that stops a training at its first step, as a signal would."""
    trainers: list[Trainer] = []
    original = Trainer.__init__

    def remember(self: Trainer, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        trainers.append(self)

    class Stop(Callback):
        def on_step(self, loss: Tensor) -> None:
            trainers[0].request_stop(2)

    monkeypatch.setattr(Trainer, "__init__", remember)
    return Stop()


def train(folder: Path, *overrides: str, callbacks: tuple[Callback, ...] = ()) -> Said:
    said = Said()
    headway.train(
        "digits",
        model="mlp",
        overrides=[*QUICK, *overrides],
        out=folder,
        callbacks=callbacks,
        display=said,
    )
    return said


def state_of(folder: Path) -> str:
    """Return what became of a run, as its page says."""
    page = (folder / REPORT).read_text()
    packed = re.search(r'id="board-data">([^<]+)<', page)[1]
    answers = json.loads(gzip.decompress(base64.b64decode(packed)))["answers"]
    return answers["/api/run?id=."]["row"]["state"]


def test_a_training_leaves_a_page_and_says_where(tmp_path):
    said = train(tmp_path / "run")

    assert state_of(tmp_path / "run") == "done"
    assert said.end.report == str(tmp_path / "run" / REPORT)


def test_a_training_that_diverges_leaves_a_page(tmp_path):
    with pytest.raises(DivergenceError):
        train(tmp_path / "run", *DIVERGING)

    assert state_of(tmp_path / "run") == "diverged"


def test_a_training_that_fails_leaves_a_page(tmp_path):
    with pytest.raises(ZeroDivisionError):
        train(tmp_path / "run", callbacks=(Fail(),))

    assert state_of(tmp_path / "run") == "failed"


def test_a_training_that_was_stopped_leaves_a_page_and_a_new_one_when_it_goes_on(
    tmp_path, stop
):
    with pytest.raises(Interrupted):
        train(tmp_path / "run", callbacks=(stop,))
    state = state_of(tmp_path / "run")
    headway.resume(tmp_path / "run", display=Display())

    assert (state, state_of(tmp_path / "run")) == ("stopped", "done")


def test_no_page_is_made_if_it_is_not_wanted(tmp_path):
    said = train(tmp_path / "run", "logging.report=false")

    assert not (tmp_path / "run" / REPORT).exists()
    assert said.end.report is None


def test_trials_of_a_search_leave_no_page(tmp_path):
    recipe = load_recipe(overrides=[*QUICK, "data.source=digits", "model.name=mlp"])

    trial = run_trial(tmp_path, "rate", recipe, read_data(recipe))

    assert trial.run.state == "done"
    assert list(tmp_path.rglob(REPORT)) == []


def test_a_training_goes_well_where_the_page_does_not(tmp_path, monkeypatch):
    def fail(*arguments: Any, **named: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(reporting, "write_report", fail)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        said = train(tmp_path / "run")

    assert said.end.report is None
    assert said.end.outcome.step > 0


def test_where_the_page_cannot_be_made_a_warning_says_why(tmp_path):
    with pytest.warns(UserWarning, match=f"no page was made of {tmp_path}.*headway report"):
        assert reporting.write_page(tmp_path) is None


def test_the_command_names_the_page_of_a_training_that_diverged(tmp_path, capsys):
    folder = tmp_path / "run"
    words = ["train", "digits", "--model", "mlp", "--out", str(folder), "--quiet", "--set"]

    code = main([*words, *QUICK, *DIVERGING])

    assert code == 3
    assert f"How it went: {folder / REPORT}\n" in capsys.readouterr().err
