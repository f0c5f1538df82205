"""Give outputs the shape of the targets, where a loss would compare each with each."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from torch import Tensor, nn

from headway.doctor.finding import Cause
from headway.doctor.program import LossFn, Program, call_model, first_tensor, main_output
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.wrapping import with_main
from headway.errors import RemedyDoesNotFit
from headway.measure.probe import evaluating


@dataclass(frozen=True)
class SqueezeShapes:
    """Compare outputs and targets of one shape, such as (N,) with (N,) instead of (N, 1)."""

    cause: ClassVar[Cause] = "shape_broadcast"

    def apply(self, program: Program) -> Program:
        """Return the program with a loss that gets outputs in the shape of the targets."""
        inputs, targets = a_batch(program)
        with evaluating(program.model):
            output = main_output(call_model(program.model, inputs))
        target = first_tensor(targets)
        if output.shape == target.shape:
            raise RemedyDoesNotFit("outputs and targets have one shape already")
        if output.numel() != target.numel():
            raise RemedyDoesNotFit(
                f"outputs of shape {tuple(output.shape)} hold another number of values than "
                f"targets of shape {tuple(target.shape)}"
            )
        return replace(program, loss_fn=_InOneShape(program.loss_fn))

    def describe(self) -> str:
        """Return what changes."""
        return "Give the outputs the shape of the targets before the loss."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return "loss = loss_fn(output.reshape(target.shape), target)"


class _InOneShape(nn.Module):
    def __init__(self, loss_fn: LossFn) -> None:
        super().__init__()
        self.loss_fn = loss_fn

    def forward(self, outputs: Any, targets: Any) -> Tensor:
        output, target = main_output(outputs), first_tensor(targets)
        if output.numel() == target.numel():
            outputs = with_main(outputs, output.reshape(target.shape))
        return self.loss_fn(outputs, targets)
