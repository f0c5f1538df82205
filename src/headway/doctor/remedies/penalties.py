"""Leave out of a loss what compares nothing with the targets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from headway.doctor.finding import Cause
from headway.doctor.probes.plain_answers import with_main
from headway.doctor.program import LossFn, Program, call_model, main_output
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.wrapping import Wrapper
from headway.measure.probe import evaluating


@dataclass(frozen=True)
class LeavePenaltiesOut:
    """Let the loss move weights through the main output alone.

    Penalties on other outputs, on activations and on weights keep their value and lose their
    gradient, since it is the same with the main output detached.
    """

    cause: ClassVar[Cause] = "regularization"

    def apply(self, program: Program) -> Program:
        """Return the program whose loss has no penalties to descend."""
        changed = replace(program, loss_fn=_OfMainOutput(program.loss_fn))
        if program.step is None:
            return changed
        # A step of its own may use other outputs beside the loss.
        return replace(changed, model=_OthersDetached(program.model))

    def describe(self) -> str:
        """Return what changes."""
        return "Leave the penalties out of the loss."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return "loss = error  # + 1e-6 * penalty, with a factor that is raised step by step"


def has_penalties(program: Program) -> bool:
    """Whether the loss moves weights in another way than through the main output."""
    inputs, targets = a_batch(program)
    wanted = [p for p in program.model.parameters() if p.requires_grad]
    with evaluating(program.model), torch.enable_grad():
        outputs = call_model(program.model, inputs)
        cut = with_main(outputs, main_output(outputs).detach())
        try:
            loss: Any = program.loss_fn(cut, targets)
        except (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError):
            return False
        if not isinstance(loss, Tensor) or not loss.requires_grad:
            return False
        gradients: Any = torch.autograd.grad(loss.sum(), wanted, allow_unused=True)
    return any(grad is not None and bool(grad.any()) for grad in gradients)


class _OfMainOutput(nn.Module):
    """A loss without the gradients that do not go through the main output."""

    def __init__(self, loss_fn: LossFn) -> None:
        super().__init__()
        self.loss_fn = loss_fn

    def forward(self, outputs: Any, targets: Any) -> Tensor:
        loss = self.loss_fn(outputs, targets)
        if not loss.requires_grad:
            return loss
        cut = with_main(outputs, main_output(outputs).detach())
        rest = self.loss_fn(cut, targets)
        return loss - rest + rest.detach()


class _OthersDetached(Wrapper):
    """A model all of whose outputs but the main one have no gradient."""

    def forward(self, *inputs: Any, **named: Any) -> Any:
        outputs = self.model(*inputs, **named)
        if isinstance(outputs, Tensor):
            return outputs
        main = main_output(outputs)
        if hasattr(outputs, "_replace"):
            return type(outputs)(*(_detached(value, main) for value in outputs))
        if isinstance(outputs, Mapping):
            return {name: _detached(value, main) for name, value in outputs.items()}
        if isinstance(outputs, (tuple, list)):
            return tuple(_detached(value, main) for value in outputs)
        return outputs


def _detached(value: Any, main: Tensor) -> Any:
    return value.detach() if isinstance(value, Tensor) and value is not main else value
