"""Samples that are read again, and what their neighbors tell."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from headway.doctor.checks.bad_data import check_bad_data
from headway.doctor.checks.regularization import check_regularization
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.probes.data_facts import probe_data_facts
from headway.doctor.probes.neighbors import known
from headway.doctor.probes.reads import Reads, reads_of
from headway.doctor.program import Program
from headway.doctor.task import TaskFacts

CLASSES = TaskFacts(kind="classes", num_classes=3, encoding="ids")


class Samples(Dataset[tuple[Tensor, Tensor]]):
    """Inputs, ids of three classes, and what is done to a sample when it is read."""

    def __init__(self, change=None, answer=None, count: int = 90) -> None:
        draws = torch.Generator().manual_seed(0)
        self.y = torch.arange(count) % 3
        self.x = 0.3 * torch.randn(count, 1, 4, 4, generator=draws) + self.y.reshape(
            -1, 1, 1, 1
        )
        self.change, self.answer = change, answer

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        x, y = self.x[number], self.y[number]
        return (self.change(x) if self.change else x), (
            self.answer(y) if self.answer else y
        )


def program(train, val=None) -> Program:
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    return Program(
        model=model,
        loss_fn=nn.CrossEntropyLoss(),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        train=Examples(source=train),
        val=None if val is None else Examples(source=val, shuffle=False),
    )


def erased(x: Tensor) -> Tensor:
    return x * (torch.rand(x.shape) > 0.98) + 3 * torch.randn(x.shape)


IN_PLACE = {
    "normalized": lambda x: x.sub_(0.5).div_(0.3),
    "divided": lambda x: x.div_(255),
    "logarithms": lambda x: x.abs_().log1p_(),
    "inverted": lambda x: x.neg_().add_(1),
}


@pytest.mark.parametrize("change", IN_PLACE.values(), ids=IN_PLACE)
def test_a_change_in_place_is_certain_bad_data(change):
    read = program(DataLoader(Samples(change), batch_size=10, shuffle=True))
    evidence = Evidence(make=lambda seed: read, program=read, task=CLASSES)
    evidence.data = probe_data_facts(evidence, Budget())

    first = next(check_bad_data(evidence))

    assert (first.cause, first.is_certain) == ("bad_data", True)
    assert "in place" in first.evidence


def test_targets_that_are_counted_down_in_place_are_seen():
    assert reads_of(program(Samples(answer=lambda y: y.sub_(1)))).what == "targets"


def own_noise():
    draws = torch.Generator().manual_seed(0)
    return lambda x: x + torch.randn(x.shape, generator=draws)


HARMLESS = {
    "as they are": None,
    "a copy is normalized": lambda x: (x - 0.5) / 0.3,
    "bounded in place": lambda x: x.clamp_(0, 1),
    "each by itself in place": lambda x: x.sub_(x.mean()).div_(x.std()),
    "noise of the global generator": lambda x: x + torch.randn(x.shape),
    "noise of a generator of its own": own_noise(),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_nothing_drifts_where_samples_are(change):
    assert reads_of(program(Samples(change))).drift == ()


def test_augmentation_is_told_from_samples_that_stay():
    assert reads_of(program(Samples(erased))).is_random
    assert not reads_of(program(Samples())).is_random
    assert reads_of(program((torch.zeros(9, 2), torch.zeros(9).long()))) == Reads()


def test_reading_leaves_the_random_state():
    made = program(Samples(erased))
    before = torch.get_rng_state()

    reads_of(made)

    assert torch.equal(torch.get_rng_state(), before)


def test_neighbors_know_what_inputs_tell():
    data = Samples()

    assert known(CLASSES, data.x, data.y, 90) > 0.95
    assert known(CLASSES, torch.randn_like(data.x), data.y, 90) < 0.6
    assert math.isnan(known(CLASSES, data.x, data.y, 10))


def test_neighbors_know_values():
    x = torch.rand(200, 1, generator=torch.Generator().manual_seed(0))
    task = TaskFacts(kind="values", encoding="column")

    assert known(task, x, 3 * x + 1, 200) > 0.95


@pytest.mark.parametrize("is_erased", [True, False])
def test_augmentation_that_leaves_nothing_is_regularization(measured, is_erased):
    def make(seed: int) -> Program:
        torch.manual_seed(seed)
        return program(Samples(erased if is_erased else None, count=300), Samples())

    found = list(check_regularization(measured(make)))

    assert [f.cause for f in found if f.is_certain] == ["regularization"] * is_erased
