"""Both ways to use a validation part: stop where it gets worse, or keep the best and go on."""

from dataclasses import replace

import pytest
import torch

from headway.engine import Checkpointing, Trainer, load
from headway.tasks import Classification


class Told(Classification):
    """A task whose validation metrics are given beforehand, one pair for each evaluation."""

    def __init__(self, told: list[tuple[float, float]]) -> None:
        super().__init__(4)
        self.told = iter(told)

    def new_metrics(self, device: torch.device):
        metrics = super().new_metrics(device)
        accuracy, loss = next(self.told)
        metrics.compute = lambda: {"accuracy": accuracy, "loss": loss}
        return metrics


# Accuracy peaks at the third evaluation, loss is lowest at the second.
TOLD = [(0.5, 1.0), (0.6, 0.5), (0.7, 0.8), (0.6, 0.9), (0.6, 0.9), (0.6, 0.9), (0.6, 0.9)]


def setup_told(make_setup, monitor: str, **training):
    task = Told(TOLD)
    task.monitor, task.monitor_mode = monitor, "max" if monitor == "accuracy" else "min"
    return replace(make_setup(epochs=7, **training), task=task)


@pytest.mark.parametrize(("monitor", "epoch"), [("accuracy", 5), ("loss", 4)])
def test_training_stops_after_the_patience_counted_from_the_best(
    make_setup, monitor, epoch
):
    outcome = Trainer(setup_told(make_setup, monitor, patience=2)).run()

    assert outcome.stopped_early
    assert outcome.epoch == epoch


@pytest.mark.parametrize(("monitor", "best"), [("accuracy", 2), ("loss", 1)])
def test_without_patience_training_goes_on_and_keeps_the_best_snapshot(
    make_setup, tmp_path, monitor, best
):
    setup = setup_told(make_setup, monitor, checkpointing=Checkpointing(every_steps=6))

    outcome = Trainer(setup, checkpoints=tmp_path).run()

    assert not outcome.stopped_early
    assert outcome.epoch == 7
    assert outcome.best_values["val/accuracy"] == TOLD[best][0]
    kept = load(tmp_path / "best.safetensors")
    assert kept["step"] == (best + 1) * setup.train_data.num_batches
    last = setup.model.state_dict()
    assert any(not torch.equal(kept["model"][name], last[name]) for name in last)


def test_patience_of_one_stops_at_the_first_drop(make_setup):
    assert Trainer(setup_told(make_setup, "loss", patience=1)).run().epoch == 3
