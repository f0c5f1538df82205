"""Let signals and gradients pass by layers that keep the shape."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.torch_names import CONVOLUTIONS
from headway.doctor.remedies.tracing import Call, Trace, trace
from headway.doctor.remedies.wrapping import Bypassed, replace_module
from headway.errors import RemedyDoesNotFit

# A bypass around one layer alone is no cure for depth.
_FEWEST = 2


@dataclass(frozen=True)
class AddResidual:
    """Add the input of each hidden layer that keeps the shape to its output.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015. arXiv:1512.03385.
    """

    cause: ClassVar[Cause] = "vanishing_gradient"

    def apply(self, program: Program) -> Program:
        """Return the program with residual connections."""
        traced = trace(program.model, a_batch(program)[0])
        layers = [call.module for call in traced.calls if _keeps_shape(traced, call)]
        if len(layers) < _FEWEST:
            raise RemedyDoesNotFit(
                "fewer than two hidden layers keep the shape of their input"
            )
        for layer in layers:
            replace_module(program.model, layer, Bypassed(layer))
        return program

    def describe(self) -> str:
        """Return what changes."""
        return "Add residual connections around the hidden layers that keep the shape."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return "x = F.relu(x + self.layer(x))  # in forward, where shapes are equal"


def _keeps_shape(traced: Trace, call: Call) -> bool:
    """Return whether a call is that of a hidden layer on which a bypass can be put."""
    is_layer = isinstance(call.module, nn.Linear) or call.function in CONVOLUTIONS
    return (
        is_layer
        and call.inputs[0].shape == call.outputs[0].shape
        and not any(True for _ in call.module.children())
        and isinstance(next(call.module.parameters(recurse=False), None), Tensor)
        and traced.leads_to_weights(call)
        and not traced.is_factor(call)
        and not traced.is_repeated(call)
        and not _has_bypass(traced, call)
    )


def _has_bypass(traced: Trace, call: Call) -> bool:
    """Return whether the output is added to another signal already."""
    return any(
        user.function in ("add", "__add__", "__iadd__")
        for user in traced.nearest_users(call)
    )
