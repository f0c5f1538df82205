"""Outputs that are bounded without an activation in sight cannot reach all targets."""

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.checks.output_activation import check_output_activation
from headway.doctor.program import MakeProgram

from .small_programs import Function, evidence_of, mlp, program

MSE = nn.MSELoss()
X = torch.randn(120, 6, generator=torch.Generator().manual_seed(0))
WIDE, SMALL = 2 * X, 0.9 * X.tanh()


def step_by_step(cell: type[nn.RNNCellBase]) -> nn.Module:
    """Return a network whose outputs are the states of a cell, joined along time."""

    def run(parts: nn.ModuleList, x: Tensor) -> Tensor:
        state, states = None, []
        for value in x.split(1, dim=1):
            state = parts[0](value, state)
            states.append(state[0] if isinstance(state, tuple) else state)
        return torch.cat(states, dim=1)

    return Function(run, cell(1, 1))


def whole(layer: type[nn.RNNBase], **others: int) -> nn.Module:
    """Return a network whose outputs are those of a recurrent layer."""

    def run(parts: nn.ModuleList, x: Tensor) -> Tensor:
        return parts[0](x.unsqueeze(-1))[0].squeeze(-1)

    hidden = 2 if others else 1
    return Function(run, layer(1, hidden, batch_first=True, **others))


def scaled(factor: float) -> nn.Module:
    return Function(lambda m, x: 1 - factor * m[0](x).sigmoid(), mlp()(6, 6))


def made_of(network: nn.Module, targets: Tensor) -> MakeProgram:
    return program(lambda *_: network, MSE, (X, targets), 6)


BOUNDED = {
    "states of an LSTM cell": step_by_step(nn.LSTMCell),
    "states of a GRU cell": step_by_step(nn.GRUCell),
    "states of a plain cell": step_by_step(nn.RNNCell),
    "an LSTM": whole(nn.LSTM),
    "a GRU": whole(nn.GRU),
    "a plain recurrent layer": whole(nn.RNN),
    "a scaled sigmoid": scaled(2.0),
}


@pytest.mark.parametrize("network", BOUNDED.values(), ids=BOUNDED)
def test_targets_beyond_the_states_of_a_cell_are_out_of_reach(network):
    (found,) = check_output_activation(evidence_of(made_of(network, WIDE)))

    assert (found.cause, found.is_certain) == ("output_activation", True)


@pytest.mark.parametrize("network", BOUNDED.values(), ids=BOUNDED)
def test_targets_that_a_cell_can_say_are_fine(network):
    assert list(check_output_activation(evidence_of(made_of(network, SMALL)))) == []


def from_a_state(parts: nn.ModuleList, x: Tensor) -> Tensor:
    """Begin with a state of any size, which a GRU keeps as long as its gate says so."""
    return parts[1](x[:, :1], parts[0](x))


def memory(parts: nn.ModuleList, x: Tensor) -> Tensor:
    """Answer with the memory of a cell, which adds up."""
    return parts[0](x)[1]


UNBOUNDED = {
    "a linear layer after an LSTM": Function(
        lambda m, x: m[1](m[0](x)[0]), nn.LSTM(6, 8), nn.Linear(8, 6)
    ),
    "projected states": whole(nn.LSTM, proj_size=1),
    "the memory of a cell": Function(memory, nn.LSTMCell(6, 6)),
    "a state to begin with": Function(from_a_state, nn.Linear(6, 6), nn.GRUCell(1, 6)),
    "a large scale": scaled(40.0),
    "what is added": Function(lambda m, x: x + m[0](x).tanh(), mlp()(6, 6)),
    "one of two bounded": Function(
        lambda m, x: torch.cat([m[0](x), m[1](x).tanh()], 1), mlp()(6, 3), mlp()(6, 3)
    ),
}


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("network", UNBOUNDED.values(), ids=UNBOUNDED)
def test_outputs_that_are_not_bounded_are_fine(network):
    assert list(check_output_activation(evidence_of(made_of(network, WIDE)))) == []
