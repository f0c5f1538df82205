"""Let outputs reach the targets where the last layer itself bounds them."""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from headway.doctor.finding import Cause
from headway.doctor.program import Program, call_model, first_tensor, main_output
from headway.doctor.remedies.following import adopt_parameters
from headway.doctor.remedies.samples import a_batch, all_targets
from headway.doctor.remedies.wrapping import Followed
from headway.errors import RemedyDoesNotFit
from headway.measure.probe import evaluating


@dataclass(frozen=True)
class ScaleOutput:
    """Multiply the output by a factor and add a shift, both learned, from the targets' range.

    It is for outputs that a cell or a function of the model's own bounds; no output sees more
    of the inputs than before.
    """

    cause: ClassVar[Cause] = "output_activation"

    def apply(self, program: Program) -> Program:
        """Return the program whose outputs start out with the range of the targets."""
        inputs, targets = a_batch(program)
        with evaluating(program.model):
            output = main_output(call_model(program.model, inputs))
        target = first_tensor(targets)
        if not target.is_floating_point() or output.numel() != target.numel():
            raise RemedyDoesNotFit("the targets are no values, one for each output")
        known = all_targets(program)
        middle = (known.max() + known.min()) / 2
        reach = (known.max() - middle) * 1.5
        if not float(reach) > 0 or not bool(torch.isfinite(reach)):
            raise RemedyDoesNotFit("the targets have no range")
        tail = _Affine(reach.to(output), middle.to(output))
        old = list(program.model.parameters())
        changed = replace(program, model=Followed(program.model, tail))
        adopt_parameters(changed, tail.parameters(), instead=old)
        return changed

    def describe(self) -> str:
        """Return what changes."""
        return "Give the output a learned scale and shift, from the range of the targets."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "self.scale = nn.Parameter(torch.tensor(1.5 * y_train.abs().max()))\n"
            "self.shift = nn.Parameter(torch.tensor(0.0))\n"
            "y = y * self.scale + self.shift  # at the end of forward; or a linear layer"
        )


class _Affine(nn.Module):
    """y = scale * x + shift, with one learned number each."""

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.scale = nn.Parameter(scale.detach().clone())
        self.shift = nn.Parameter(shift.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * x + self.shift
