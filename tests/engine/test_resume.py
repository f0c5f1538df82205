"""A run that stops and goes on ends exactly like one that never stopped."""

import os
import signal
from contextlib import closing
from pathlib import Path

import pytest
import torch

from headway.engine import Callback, Checkpointing, Outcome, Trainer, checkpoint
from headway.errors import CheckpointError, DivergenceError, Interrupted
from headway.runs import Run, RunRecord

TIMINGS = {"time", "samples_per_second"}


class SignalAt(Callback):
    def __init__(self, step: int, number: int = signal.SIGTERM) -> None:
        self.step, self.number = step, number

    def on_report(self, report) -> None:
        if report.step == self.step:
            os.kill(os.getpid(), self.number)


def weights(setup) -> list[torch.Tensor]:
    return [*setup.model.state_dict().values()]


def rows(folder: Path) -> list[dict[str, float]]:
    """Return the metrics without what depends on the clock."""
    return [
        {key: value for key, value in row.items() if key not in TIMINGS}
        for row in Run(folder).metrics()
    ]


def start(folder: Path, setup, *callbacks: Callback) -> Outcome:
    with closing(RunRecord.create(folder, recipe={}, environment={})) as record:
        return Trainer(setup, record=record, callbacks=callbacks).run()


def resume(folder: Path, setup) -> Outcome:
    with closing(RunRecord.reopen(folder)) as record:
        trainer = Trainer(setup, record=record)
        trainer.resume()
        return trainer.run()


TECHNIQUES = {
    "averaged momentum": {"optimizer": "averaged-momentum"},
    "adam": {"optimizer": "adam"},
    "muon": {"optimizer": "muon", "lr": 0.01},
    "clipping at a percentile": {"clip_mode": "percentile", "clip_window": 5},
    "sharpness": {"sam_rho": 0.1},
    "penalties": {"l1": 1e-3, "l2": 1e-3},
    "equal average": {"average": "swa", "swa_start": 0.3, "swa_every": 2},
    "restarts": {"schedule": "cosine-restarts"},
}


@pytest.mark.parametrize("stop_at", [8, 12])
@pytest.mark.parametrize("settings", TECHNIQUES.values(), ids=TECHNIQUES)
def test_a_technique_goes_on_as_if_it_had_not_stopped(
    make_setup, tmp_path, stop_at, settings
):
    whole, stopped, resumed = (make_setup(**settings) for _ in range(3))
    start(tmp_path / "whole", whole)
    with pytest.raises(Interrupted):
        start(tmp_path / "parts", stopped, SignalAt(stop_at))

    resume(tmp_path / "parts", resumed)

    pairs = zip(weights(whole), weights(resumed), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert rows(tmp_path / "whole") == rows(tmp_path / "parts")


@pytest.mark.parametrize("stop_at", [4, 6, 8, 16])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_weights_and_metrics_are_those_of_an_uninterrupted_run(
    make_setup, tmp_path, stop_at, optimizer
):
    settings = {"optimizer": optimizer, "ema_decay": 0.9, "schedule": "plateau"}
    whole, stopped, resumed = (make_setup(**settings) for _ in range(3))
    start(tmp_path / "whole", whole)
    with pytest.raises(Interrupted):
        start(tmp_path / "parts", stopped, SignalAt(stop_at))

    resume(tmp_path / "parts", resumed)

    pairs = zip(weights(whole), weights(resumed), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert rows(tmp_path / "whole") == rows(tmp_path / "parts")


def test_a_checkpoint_between_two_reports_keeps_the_losses_in_between(make_setup, tmp_path):
    whole, resumed = make_setup(), make_setup()
    often = Checkpointing(every_steps=3, keep=100)
    start(tmp_path / "whole", whole)
    stopped = make_setup(checkpointing=often)
    start(tmp_path / "parts", stopped)
    folder = tmp_path / "parts" / "checkpoints"
    for path in checkpoint.newest_first(folder):
        if path > checkpoint.step_path(folder, 9):
            path.unlink()

    resume(tmp_path / "parts", resumed)

    pairs = zip(weights(whole), weights(resumed), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before(make_setup, tmp_path):
    whole, stopped, resumed = (
        make_setup(checkpointing=Checkpointing(every_steps=4, keep=5)) for _ in range(3)
    )
    start(tmp_path / "whole", whole)
    with pytest.raises(Interrupted):
        start(tmp_path / "parts", stopped, SignalAt(8))
    newest = checkpoint.newest_first(tmp_path / "parts" / "checkpoints")[0]
    newest.write_bytes(newest.read_bytes()[:-100])

    resume(tmp_path / "parts", resumed)

    pairs = zip(weights(whole), weights(resumed), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    kinds = [event["event"] for event in Run(tmp_path / "parts").events()]
    assert "damaged_checkpoint" in kinds


def test_a_run_stopped_before_its_first_checkpoint_begins_anew(make_setup, tmp_path):
    whole, resumed = make_setup(), make_setup()
    start(tmp_path / "whole", whole)
    with closing(RunRecord.create(tmp_path / "parts", recipe={}, environment={})) as record:
        record.log(4, {"train/loss": 9.0})

    resume(tmp_path / "parts", resumed)

    assert rows(tmp_path / "whole") == rows(tmp_path / "parts")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_is_named(make_setup, tmp_path, number):
    with pytest.raises(Interrupted) as caught:
        start(tmp_path / "run", make_setup(), SignalAt(8, number))

    assert caught.value.signal == number
    assert checkpoint.newest_first(tmp_path / "run" / "checkpoints")
    assert Run(tmp_path / "run").state == "stopped"


def test_signal_handlers_are_put_back(make_setup):
    before = signal.getsignal(signal.SIGTERM)

    Trainer(make_setup(epochs=1)).run()

    assert signal.getsignal(signal.SIGTERM) is before


def test_a_diverged_run_keeps_its_last_good_checkpoint(make_setup, tmp_path):
    setup = make_setup(lr=1e30, epochs=5, checkpointing=Checkpointing(every_steps=1))

    with pytest.raises(DivergenceError):
        start(tmp_path / "run", setup)

    tree = checkpoint.load_newest(tmp_path / "run" / "checkpoints")[1]
    assert all(torch.isfinite(value).all() for value in tree["model"].values())
    assert Run(tmp_path / "run").state == "diverged"


def test_a_rollback_goes_on_with_a_smaller_rate(make_setup, tmp_path):
    setup = make_setup(lr=1e20, epochs=5, max_rollbacks=3, rollback_lr_factor=1e-11)

    outcome = start(tmp_path / "run", setup)

    kinds = [event["event"] for event in Run(tmp_path / "run").events()]
    assert kinds.count("rollback") == 2
    assert outcome.step == setup.total_steps


def test_a_checkpoint_of_another_model_is_refused(make_setup, tmp_path):
    start(tmp_path / "run", make_setup(epochs=1))
    other = make_setup(
        model=torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 4))
    )

    with pytest.raises(CheckpointError, match="do not fit this model"):
        resume(tmp_path / "run", other)
