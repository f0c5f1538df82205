"""Recurrent cells whose states are bounded."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from torch import nn

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.remedies.heads import exchange
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.tracing import Call, Trace, trace
from headway.errors import RemedyDoesNotFit
from headway.measure.activation_functions import RECTIFIERS

# So many steps at least make a loop over time.
FEWEST_STEPS = 8
UNBOUNDED = RECTIFIERS - {"relu6"} | {
    "leaky_relu",
    "elu",
    "celu",
    "selu",
    "prelu",
    "softplus",
}


@dataclass(frozen=True)
class BoundStates:
    """Use tanh for the states of recurrent cells, be they torch's or written as a loop."""

    cause: ClassVar[Cause] = "hidden_activation"

    def apply(self, program: Program) -> Program:
        """Return the program with cells that bound their states."""
        layers = unbounded_layers(program.model)
        for layer in layers:
            layer.nonlinearity = "tanh"
            if isinstance(layer, nn.RNN):
                layer.mode = "RNN_TANH"
        traced = trace(program.model, a_batch(program)[0])
        calls = _of_states(traced)
        if not layers and not calls:
            raise RemedyDoesNotFit("no recurrent cell has states without a bound")
        return replace(program, model=exchange(program.model, traced, calls, nn.Tanh()))

    def describe(self) -> str:
        """Return what changes."""
        return "Use tanh for the states of the recurrent cells."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return 'nonlinearity="tanh"  # in nn.RNN; torch.tanh(...) in a cell of your own'


def unbounded_layers(model: nn.Module) -> list[nn.RNN | nn.RNNCell]:
    """Return torch's plain recurrent layers that apply ReLU to their states."""
    return [
        module
        for module in model.modules()
        if isinstance(module, (nn.RNN, nn.RNNCell)) and module.nonlinearity == "relu"
    ]


def _of_states(traced: Trace) -> list[Call]:
    """Return the activations without a bound in loops over time."""
    uses = Counter(id(weight) for call in traced.calls for weight in call.weights)
    loops = [
        call.path
        for call in traced.calls
        if any(uses[id(weight)] >= FEWEST_STEPS for weight in call.weights)
    ]
    calls = [
        call
        for call in traced.calls
        if call.function in UNBOUNDED and is_within(loops, _owner(call))
    ]
    steps = Counter(_owner(call) for call in calls)
    return [call for call in calls if steps[_owner(call)] >= FEWEST_STEPS]


def is_within(paths: Iterable[str], owner: str) -> bool:
    """Whether a module, or a part of it, is among those of these names."""
    return any(
        path == owner or path.startswith(f"{owner}." * bool(owner)) for path in paths
    )


def _owner(call: Call) -> str:
    """Return the name of the module that calls an activation, be it a function or a module."""
    is_module = type(call.module).__module__.startswith("torch.")
    return call.path.rpartition(".")[0] if is_module else call.path
