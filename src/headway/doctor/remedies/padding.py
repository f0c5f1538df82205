"""Where sequences are filled up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from headway.doctor.examples import Batch
from headway.doctor.finding import Cause
from headway.doctor.probes.features import tensors_in
from headway.doctor.probes.padded import filling_of, run_of
from headway.doctor.program import Program
from headway.doctor.remedies.mapping import with_batches
from headway.doctor.remedies.samples import samples
from headway.errors import RemedyDoesNotFit

# Enough sequences to see what they are filled up with.
_COUNT = 64


@dataclass(frozen=True)
class PadInFront:
    """Move the padding in front of the sequences, so that the last step is their own."""

    cause: ClassVar[Cause] = "other"

    def apply(self, program: Program) -> Program:
        """Return the program with sequences that end where the batch ends."""
        inputs, _ = samples(program, count=_COUNT)[0]
        for number, values in enumerate(tensors_in(inputs)):
            filling = filling_of(values)
            if filling is not None:
                return with_batches(program, _InFront(number, filling))
        raise RemedyDoesNotFit("no sequences are filled up at the end")

    def describe(self) -> str:
        """Return what changes."""
        return "Put the padding in front of the sequences."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "steps, padding = torch.arange(x.shape[1]), (x == PADDING).sum(dim=1)\n"
            "x = x.gather(1, (steps - padding[:, None]) % x.shape[1])"
        )


@dataclass(frozen=True, eq=False)
class _InFront:
    """Rolls sequences of different lengths, and all inputs that have the same positions."""

    number: int
    filling: Tensor

    def __call__(self, inputs: Any, targets: Any) -> Batch:
        values = tensors_in(inputs)[self.number]
        if values.dim() < 2:
            return inputs, targets
        padding = run_of(values, self.filling).sum(dim=1)
        steps = torch.arange(values.shape[1], device=values.device)
        order = (steps - padding[:, None]) % values.shape[1]
        return _rolled(inputs, order), targets


def _rolled(inputs: Any, order: Tensor) -> Any:
    if isinstance(inputs, Mapping):
        return {name: _rolled(value, order) for name, value in inputs.items()}
    if not isinstance(inputs, Tensor):
        return tuple(_rolled(value, order) for value in inputs)
    if inputs.shape[:2] != order.shape:
        return inputs
    return inputs[torch.arange(len(inputs), device=inputs.device)[:, None], order]
