"""Running out of memory cuts the batch, not the run."""

import pytest
import torch
from torch import nn

from headway.engine import Callback, Trainer
from headway.errors import HeadwayError


class Hungry(nn.Module):
    """Takes at most `limit` samples at a time in training, like a full device."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.limit = limit
        self.norm = nn.BatchNorm2d(1)
        self.linear = nn.Linear(64, 4)

    def forward(self, x):
        x = self.norm(x)
        if self.training and len(x) > self.limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")
        return self.linear(x.flatten(1))


class Events(Callback):
    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.losses: list[float] = []

    def on_event(self, event) -> None:
        self.kinds.append(event.kind)

    def on_report(self, report) -> None:
        self.losses.append(report.loss)


def run(setup) -> Events:
    events = Events()
    Trainer(setup, callbacks=[events]).run()
    return events


def test_the_batch_is_cut_until_it_fits_and_the_run_goes_on(make_setup):
    events = run(make_setup(model=Hungry(3)))

    assert events.kinds.count("out_of_memory") == 1
    assert "finished" in events.kinds


def test_the_result_is_that_of_a_run_that_accumulates_from_the_start(make_setup):
    surprised = run(make_setup(model=Hungry(3)))
    planned = run(make_setup(model=Hungry(3), accumulate=4))

    assert surprised.losses == planned.losses


def test_a_sample_that_does_not_fit_is_an_error_with_advice(make_setup):
    with pytest.raises(HeadwayError, match="out of memory with micro-batches of 1 samples"):
        run(make_setup(model=Hungry(0)))


def test_other_errors_of_torch_are_passed_on(make_setup):
    model = nn.Sequential(nn.Flatten(), nn.Linear(3, 4))

    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        run(make_setup(model=model))
