"""Parts of a parameter that start equal, and stay so for ever."""

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.checks.symmetry import check_symmetry
from headway.doctor.evidence import Evidence
from headway.doctor.examples import Examples
from headway.doctor.program import Program, seed_all
from headway.doctor.task import TaskFacts


class Mixture(nn.Module):
    """Gaussians of width one; gives the log density of each row."""

    def __init__(self, means: Tensor) -> None:
        super().__init__()
        self.means = nn.Parameter(means)

    def forward(self, x: Tensor) -> Tensor:
        return (-0.5 * (x[:, None] - self.means).square().sum(-1)).logsumexp(1)


class Factors(nn.Module):
    """A product of the vectors of two ids."""

    def __init__(self, *, is_random: bool) -> None:
        super().__init__()
        self.rows, self.columns = nn.Embedding(20, 6), nn.Embedding(20, 6)
        if not is_random:
            nn.init.constant_(self.rows.weight, 0.1)
            nn.init.constant_(self.columns.weight, 0.1)

    def forward(self, ids: Tensor) -> Tensor:
        return (self.rows(ids[:, 0]) * self.columns(ids[:, 1])).sum(-1)


class Scaled(nn.Module):
    """Usual parameters that start equal and come apart."""

    def __init__(self) -> None:
        super().__init__()
        self.shifts = nn.Parameter(torch.zeros(1, 4, 2))
        self.first, self.norm = nn.Linear(8, 16), nn.LayerNorm(16)
        self.scale = nn.Parameter(1e-2 * torch.ones(16))
        self.head = nn.Linear(16, 3)
        nn.init.zeros_(self.head.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = (x.unflatten(1, (4, 2)) + self.shifts).flatten(1)
        return self.head(self.scale * torch.relu(self.norm(self.first(x)))).logsumexp(-1)


def _of(build, x, loss_fn):
    def make(seed):
        seed_all(seed)
        model = build()
        train = Examples(source=(x, x[:, 0].float()), batch_size=32)
        return Program(
            model=model,
            loss_fn=loss_fn,
            optimizer=torch.optim.Adam(model.parameters(), lr=0.01),
            train=train,
            seed=seed,
        )

    return make


def _found(make, watched):
    evidence = Evidence(make=make, program=make(0), task=TaskFacts(kind="unknown"))
    evidence.updates = watched(make)
    return list(check_symmetry(evidence))


def _likelihood(answer, _):
    return -answer.mean()


X = torch.randn(128, 8, generator=torch.Generator().manual_seed(0))
IDS = torch.randint(20, (128, 2), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("num", [2, 7])
def test_components_that_start_alike_are_an_init_fault(watched, num):
    (found,) = _found(_of(lambda: Mixture(torch.zeros(num, 8)), X, _likelihood), watched)
    assert found.cause == "init"
    assert found.is_certain
    assert f"{num} parts of means" in found.evidence


def test_factors_that_start_alike_are_an_init_fault(watched):
    make = _of(lambda: Factors(is_random=False), IDS, nn.MSELoss())
    assert {found.cause for found in _found(make, watched)} == {"init"}


@pytest.mark.parametrize(
    ("build", "x", "loss_fn"),
    [
        (lambda: Mixture(torch.randn(7, 8)), X, _likelihood),
        (lambda: Mixture(torch.zeros(1, 8)), X, _likelihood),
        (lambda: Factors(is_random=True), IDS, nn.MSELoss()),
        (Scaled, X, nn.MSELoss()),
    ],
)
def test_parameters_that_come_apart_are_left_alone(watched, build, x, loss_fn):
    assert not _found(_of(build, x, loss_fn), watched)
