"""A remedy for a norm layer that makes the answers."""

from dataclasses import dataclass, replace
from typing import ClassVar

from torch import nn

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.remedies.following import adopt_parameters
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.torch_names import NORMS, SHAPES
from headway.doctor.remedies.tracing import Trace, trace
from headway.doctor.remedies.wrapping import replace_module
from headway.errors import RemedyDoesNotFit


@dataclass(frozen=True)
class RemoveLastNorm:
    """Take the norm layer behind the last layer away, so that answers have any scale."""

    cause: ClassVar[Cause] = "normalization"

    def apply(self, program: Program) -> Program:
        """Return the program with a model that ends in the layer before the norm."""
        norm = _last_norm(trace(program.model, a_batch(program)[0]))
        if norm is None:
            raise RemedyDoesNotFit("the model does not end in a norm layer")
        model = replace_module(program.model, norm, nn.Identity())
        changed = replace(program, model=model)
        adopt_parameters(changed, (), instead=norm.parameters())
        return changed

    def describe(self) -> str:
        """Return what changes."""
        return "Remove the norm behind the last layer."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return "return x  # at the end of forward, without norm(x)"


def _last_norm(traced: Trace) -> nn.Module | None:
    """Return the module of torch's own that normalizes the answers, or None."""
    call = traced.last()
    while call is not None and call.function in SHAPES:
        call = next(iter(traced.sources(call)), None)
    if call is None or call.function not in NORMS:
        return None
    return call.module if type(call.module).__module__.startswith("torch.nn.") else None
