"""Recurrent cells whose states grow from step to step."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.checks.unbounded_states import check_unbounded_states
from headway.doctor.evidence import Evidence
from headway.doctor.probes.suspects import usual_suspects
from headway.doctor.remedies import BoundStates, ClipGradients
from headway.doctor.remedies.propose import propose
from headway.errors import RemedyDoesNotFit

from .results import with_result

STEPS, FEATURES = 12, 5
X = torch.randn(64, STEPS, FEATURES, generator=torch.Generator().manual_seed(0))


class Loop(nn.Module):
    """A cell of matrices with an activation function that is called, or is a module."""

    def __init__(self, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(FEATURES, 8))
        self.recurrent = nn.Parameter(torch.randn(8, 8))
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        h = x.new_zeros(len(x), 8)
        for t in range(x.shape[1]):
            h = self.activation(x[:, t] @ self.kernel + h @ self.recurrent)
        return h


class Torch(nn.Module):
    """A layer of torch, of which the last state is read."""

    def __init__(self, nonlinearity: str) -> None:
        super().__init__()
        self.rnn = nn.RNN(FEATURES, 8, nonlinearity=nonlinearity, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0][:, -1]


def classifier(reader: nn.Module) -> nn.Module:
    return nn.Sequential(reader, nn.Linear(8, 2))


def deep() -> nn.Module:
    """A network of many layers without a loop."""
    layers = [part for _ in range(9) for part in (nn.Linear(8, 8), nn.ReLU())]
    first = [nn.Flatten(), nn.Linear(STEPS * FEATURES, 8)]
    return nn.Sequential(*first, *layers, nn.Linear(8, 2))


UNBOUNDED = {
    "function": lambda: classifier(Loop(torch.relu)),
    "module": lambda: classifier(Loop(nn.LeakyReLU())),
    "of torch": lambda: classifier(Torch("relu")),
}
BOUNDED = {
    "function": lambda: classifier(Loop(torch.tanh)),
    "of torch": lambda: classifier(Torch("tanh")),
    "deep": deep,
}


def _evidence(flow: Any, build: Any, standard: float, losses: list[float]) -> Evidence:
    evidence = with_result(flow(build, inputs=X), standard)
    assert evidence.course is not None
    evidence.course = replace(evidence.course, losses=losses)
    return evidence


CALM, BURST = [1.0, 0.9, 1.1, 0.8], [1.0, 0.9, 50.0, 0.8]


@pytest.mark.parametrize("name", UNBOUNDED)
def test_states_that_burst_are_an_exploding_gradient(name: str, flow: Any) -> None:
    (found,) = check_unbounded_states(_evidence(flow, UNBOUNDED[name], 0.5, BURST))
    assert found.cause == "exploding_gradient"
    assert "one batch was 50" in found.evidence


def test_states_that_could_burst_are_suspected(flow: Any) -> None:
    evidence = _evidence(flow, UNBOUNDED["function"], 0.5, CALM)
    (found,) = check_unbounded_states(evidence)
    assert found.cause == "hidden_activation"
    assert propose(found, evidence) == [BoundStates()]


@pytest.mark.parametrize("name", UNBOUNDED)
def test_a_cell_that_learns_may_be_as_it_is(name: str, flow: Any) -> None:
    assert not [*check_unbounded_states(_evidence(flow, UNBOUNDED[name], 0.95, BURST))]


@pytest.mark.parametrize("name", BOUNDED)
def test_bounded_states_and_deep_networks_are_left_alone(name: str, flow: Any) -> None:
    assert not [*check_unbounded_states(_evidence(flow, BOUNDED[name], 0.5, BURST))]


@pytest.mark.parametrize("name", UNBOUNDED)
def test_the_remedy_bounds_the_states(name: str, flow: Any) -> None:
    program = flow(UNBOUNDED[name], inputs=X).program
    x = 1e3 * X
    assert program.model[0](x).abs().max() > 100
    weights = program.model[-1].weight.abs().sum(1) + program.model[-1].bias.abs()
    treated = BoundStates().apply(program)
    assert bool((treated.model(x).abs() <= weights).all())


@pytest.mark.parametrize("name", BOUNDED)
def test_the_remedy_fits_nothing_else(name: str, flow: Any) -> None:
    with pytest.raises(RemedyDoesNotFit):
        BoundStates().apply(flow(BOUNDED[name], inputs=X).program)


@pytest.mark.parametrize(
    ("build", "stop", "is_likely"),
    [
        (UNBOUNDED["of torch"], "diverged", True),
        (UNBOUNDED["function"], "diverged", True),
        (UNBOUNDED["of torch"], "done", False),
        (deep, "diverged", False),
    ],
    ids=["layer", "loop", "numbers", "deep"],
)
def test_clipping_is_likely_to_help_where_a_loop_over_time_loses_numbers(
    flow: Any, build: Any, stop: Any, *, is_likely: bool
) -> None:
    evidence = _evidence(flow, build, 0.5, CALM)
    assert evidence.course is not None
    evidence.course = replace(evidence.course, stop=stop)
    (prior,) = [s.prior for s in usual_suspects(evidence) if s.remedy == ClipGradients()]
    assert (prior > 0.6) is is_likely
