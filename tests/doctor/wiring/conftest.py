"""Small programs on separable clusters, and what the checks of their updates say."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.checks.frozen_parameters import check_frozen_parameters
from headway.doctor.checks.gradient_wiring import check_gradient_wiring
from headway.doctor.checks.lost_numbers import check_lost_numbers
from headway.doctor.checks.normalization import check_normalization
from headway.doctor.checks.optimizer import check_optimizer
from headway.doctor.checks.regularization import check_regularization
from headway.doctor.checks.shuffle import check_shuffle
from headway.doctor.checks.train_eval_mode import check_train_eval_mode
from headway.doctor.checks.zero_grad_missing import check_zero_grad_missing
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.finding import Finding
from headway.doctor.probes.updates import Updates, probe_updates
from headway.doctor.program import MakeProgram, Program, seed_all
from headway.doctor.task import TaskFacts

_CHECKS = (
    check_gradient_wiring,
    check_frozen_parameters,
    check_zero_grad_missing,
    check_train_eval_mode,
    check_shuffle,
    check_lost_numbers,
    check_normalization,
    check_optimizer,
    check_regularization,
)
FEATURES, CLASSES = 16, 4


class Network(nn.Module):
    """Two hidden layers, with an operation of the test's choice between them."""

    def __init__(self, between: Callable[[Tensor], Tensor] = lambda h: h) -> None:
        super().__init__()
        self.first = nn.Linear(FEATURES, 32)
        self.second = nn.Linear(32, 32)
        self.head = nn.Linear(32, CLASSES)
        self.between = between

    def forward(self, x: Tensor) -> Tensor:
        h = self.between(torch.relu(self.first(x)))
        return self.head(torch.relu(self.second(h)))


def cluster_data(count: int = 256) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    centers = 2 * torch.randn(CLASSES, FEATURES, generator=generator)
    targets = torch.randint(CLASSES, (count,), generator=generator)
    noise = torch.randn(count, FEATURES, generator=generator)
    return centers[targets] + noise, targets


@pytest.fixture
def network() -> type[Network]:
    return Network


@pytest.fixture
def clusters() -> Callable[..., tuple[Tensor, Tensor]]:
    return cluster_data


@pytest.fixture
def program_of() -> Callable[..., MakeProgram]:
    """Return a function that makes a program of parts; each part is made anew."""

    def program_of(
        model: Callable[[], nn.Module] = Network,
        *,
        optimizer: Callable[[Any], Any] = lambda m: torch.optim.Adam(m.parameters()),
        loss_fn: Callable[[], Any] = nn.CrossEntropyLoss,
        train: Callable[[], Any] = cluster_data,
        step: Callable[[Any], Any] | None = None,
        batch_size: int = 32,
        shuffle: bool = True,
        epochs: int = 10,
    ) -> MakeProgram:
        def make(seed: int) -> Program:
            seed_all(seed)
            made = model()
            return Program(
                model=made,
                loss_fn=loss_fn(),
                optimizer=optimizer(made),
                train=Examples(source=train(), batch_size=batch_size, shuffle=shuffle),
                step=step(made) if step else None,
                epochs=epochs,
                seed=seed,
            )

        return make

    return program_of


@pytest.fixture
def examined() -> Callable[[MakeProgram], Evidence]:
    def examined(make: MakeProgram) -> Evidence:
        task = TaskFacts(kind="classes", num_classes=CLASSES, encoding="ids")
        evidence = Evidence(make=make, program=make(0), task=task)
        evidence.updates = probe_updates(evidence, Budget())
        return evidence

    return examined


@pytest.fixture
def watched(
    examined: Callable[[MakeProgram], Evidence],
) -> Callable[[MakeProgram], Updates]:
    return lambda make: examined(make).updates


@pytest.fixture
def findings(
    examined: Callable[[MakeProgram], Evidence],
) -> Callable[[MakeProgram], list[Finding]]:
    """Return a function that gives the errors and warnings of a program, surest first."""

    def findings(make: MakeProgram) -> list[Finding]:
        evidence = examined(make)
        found = [finding for check in _CHECKS for finding in check(evidence)]
        serious = [finding for finding in found if finding.severity != "info"]
        serious.sort(key=lambda f: (f.severity != "error", not f.is_certain, -f.confidence))
        return serious

    return findings
