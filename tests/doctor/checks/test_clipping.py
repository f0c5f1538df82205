"""Gradients of which a program's own step leaves next to nothing."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from headway.doctor.checks.clipping import check_clipping
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examine import examine_batch
from headway.doctor.examples import Examples
from headway.doctor.probes.clipping import clipping_of
from headway.doctor.program import Program, seed_all
from headway.doctor.remedies import ClipGradients, LoosenClip
from headway.doctor.remedies.propose import propose

from .results import with_result

X = torch.randn(200, 6, generator=torch.Generator().manual_seed(0))
Clip = Callable[[list[Tensor]], Any]


def looked_at(
    clip: Clip, optimizer: Any = None, standard: float = 0.5, *, is_late: bool = False
) -> Evidence:
    """Return the evidence of a program that clips so, and got so far."""

    def step(model: nn.Module, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        if is_late:
            optimizer.step()
        clip(list(model.parameters()))
        if not is_late:
            optimizer.step()
        return loss

    def make(seed: int) -> Program:
        seed_all(seed)
        model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2))
        make_optimizer = optimizer or (lambda p: torch.optim.SGD(p, lr=0.1))
        return Program(
            model=model,
            loss_fn=nn.CrossEntropyLoss(),
            optimizer=make_optimizer(model.parameters()),
            train=Examples(source=(X, (X[:, 0] > 0).long())),
            step=step,
            seed=seed,
        )

    return with_result(examine_batch(make, Budget()), standard)


def clamped(parameters: list[Tensor]) -> None:
    for parameter in parameters:
        parameter.grad.data.clamp_(-1e-5, 1e-5)


TIGHT = {
    "norm": (lambda p: clip_grad_norm_(p, 1e-3), "clip_grad_norm_", "the bound 0.001"),
    "value": (lambda p: clip_grad_value_(p, 1e-5), "clip_grad_value_", "the bound 1e-05"),
    "by hand": (clamped, "clamp", "the bound 1e-05"),
}


@pytest.mark.parametrize(("clip", "function", "bound"), TIGHT.values(), ids=TIGHT)
def test_the_function_that_leaves_nothing_is_named(
    clip: Clip, function: str, bound: str
) -> None:
    evidence = looked_at(clip)

    (found,) = check_clipping(evidence)

    assert (found.cause, found.severity) == ("optimizer", "error")
    assert found.evidence.startswith(f"{function} (test_clipping.py:")
    assert bound in found.evidence
    assert "percentile 90" in found.remedy
    assert propose(found, evidence) == [LoosenClip()]


def adam(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters)


def rough_adam(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, eps=0.01)


def test_a_bound_below_the_eps_of_adam_stops_it() -> None:
    tight = TIGHT["norm"][0]

    assert [f.cause for f in check_clipping(looked_at(tight, rough_adam))] == ["optimizer"]


FINE = {
    "wide bound": lambda: looked_at(lambda p: clip_grad_norm_(p, 1.0)),
    "no bound": lambda: looked_at(lambda p: None),
    "scale of no matter": lambda: looked_at(lambda p: clip_grad_norm_(p, 1e-3), adam),
    "learns": lambda: looked_at(lambda p: clip_grad_norm_(p, 1e-3), standard=0.99),
}


@pytest.mark.parametrize("evidence", FINE.values(), ids=FINE)
def test_bounds_that_cost_nothing_are_fine(evidence: Callable[[], Evidence]) -> None:
    assert list(check_clipping(evidence())) == []


@pytest.mark.parametrize(("standard", "severity"), [(0.5, "error"), (0.94, "warning")])
def test_clipping_behind_the_step_is_a_mistake(standard: float, severity: str) -> None:
    evidence = looked_at(lambda p: clip_grad_norm_(p, 1.5), standard=standard, is_late=True)
    (finding,) = check_clipping(evidence)
    assert (finding.cause, finding.severity) == ("exploding_gradient", severity)
    # Where nothing is learned it is a mistake, but not known to be the cause.
    assert finding.is_certain == (severity == "warning")
    assert "behind the optimizer's step" in finding.evidence
    assert "test_clipping.py" in finding.evidence
    assert propose(finding, evidence)[0] == ClipGradients(1.5)


def test_clipping_inside_a_closure_is_in_time() -> None:
    def step(model: nn.Module, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            clip_grad_norm_(model.parameters(), 10.0)
            return loss

        return optimizer.step(closure)

    model = nn.Linear(6, 2)
    program = Program(
        model=model,
        loss_fn=nn.CrossEntropyLoss(),
        optimizer=torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=2),
        train=Examples(source=(X, (X[:, 0] > 0).long())),
        step=step,
        seed=0,
    )
    seen = clipping_of(program, seconds=5.0)
    assert seen is not None
    assert not seen.is_late
