"""Networks whose answers come out of a norm layer."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from headway.doctor.checks.last_norm import check_last_norm
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examine import examine_batch
from headway.doctor.examples import Examples
from headway.doctor.finding import Finding
from headway.doctor.probes.baselines import Baselines
from headway.doctor.program import Program, seed_all
from headway.doctor.remedies import RemoveLastNorm
from headway.doctor.remedies.propose import propose
from headway.errors import RemedyDoesNotFit

from .results import course_at

X = torch.randn(96, 4, generator=torch.Generator().manual_seed(0))
Y = 5 * X.sum(dim=1, keepdim=True) + 14


def normed_at_the_end() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1), nn.BatchNorm1d(1))


def normed_inside() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))


def program_of(build: Callable[[], nn.Module], seed: int = 0) -> Program:
    seed_all(seed)
    model = build()
    return Program(
        model=model,
        loss_fn=nn.MSELoss(),
        optimizer=torch.optim.Adam(model.parameters(), lr=0.01),
        train=Examples(source=(X, Y), batch_size=32),
        val=Examples(source=(X, Y), shuffle=False),
        seed=seed,
    )


def evidence_of(build: Callable[[], nn.Module], reached: float) -> Evidence:
    """Return what is known of a program that reached this R2."""
    evidence = examine_batch(lambda seed: program_of(build, seed), Budget())
    evidence.baselines = Baselines(dumb=0.0, learned={"linear": 0.8}, samples=1000)
    evidence.course = course_at(evidence.program, reached)
    return evidence


def of_the_end(evidence: Evidence) -> list[Finding]:
    return list(check_last_norm(evidence))


@pytest.mark.parametrize(("reached", "severity"), [(-1.0, "error"), (0.8, "warning")])
def test_a_norm_that_makes_the_values_is_suspected(reached: float, severity: str) -> None:
    evidence = evidence_of(normed_at_the_end, reached)

    (found,) = of_the_end(evidence)

    assert (found.severity, found.is_certain) == (severity, False)
    assert propose(found, evidence)[0] == RemoveLastNorm()


@pytest.mark.parametrize(
    ("build", "reached"), [(normed_at_the_end, 0.99), (normed_inside, -1)]
)
def test_a_norm_that_costs_nothing_or_comes_earlier_is_left_alone(
    build: Callable[[], nn.Module], reached: float
) -> None:
    assert of_the_end(evidence_of(build, reached)) == []


def test_values_are_reached_without_the_norm() -> None:
    program = RemoveLastNorm().apply(program_of(normed_at_the_end))

    held = {id(p) for group in program.optimizer.param_groups for p in group["params"]}

    assert isinstance(program.model[-1], nn.Identity)
    assert held == {id(p) for p in program.model.parameters()}


def test_a_norm_inside_is_not_removed() -> None:
    with pytest.raises(RemedyDoesNotFit, match="does not end in a norm"):
        RemoveLastNorm().apply(program_of(normed_inside))
