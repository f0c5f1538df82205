"""Give layers and views the axes in the order that they expect."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from headway.doctor.finding import Cause
from headway.doctor.probes.sample_mixing import sample_mixing
from headway.doctor.program import LossFn, Program, call_model, num_in
from headway.doctor.remedies.drawing import drawing
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.tracing import name_of
from headway.doctor.remedies.wrapping import Wrapper
from headway.errors import RemedyDoesNotFit
from headway.measure.probe import evaluating

_VIEWS = frozenset({"view", "reshape"})


@dataclass(frozen=True)
class BatchFirst:
    """Let recurrent and attention layers take the samples for samples and not for steps."""

    cause: ClassVar[Cause] = "shape_broadcast"

    def apply(self, program: Program) -> Program:
        """Return the program whose layers read the axes as they come."""
        mixing = sample_mixing(program)
        if mixing is None or mixing.layer is None:
            raise RemedyDoesNotFit("no layer takes the samples for steps of a sequence")
        for module in program.model.modules():
            is_sequential = isinstance(module, (nn.RNNBase, nn.MultiheadAttention))
            if is_sequential and module.batch_first == mixing.takes_batch_first:
                module.batch_first = not mixing.takes_batch_first
        after = sample_mixing(program)
        if after is None or after.is_certain:
            raise RemedyDoesNotFit("samples run into each other in another way, too")
        return program

    def describe(self) -> str:
        """Return what changes."""
        return "Tell the layers of sequences which axis the samples are on: batch_first."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return "lstm = nn.LSTM(input_size, hidden_size, batch_first=True)  # x: (N, T, F)"


@dataclass(frozen=True)
class PermuteAxes:
    """Permute axes where a view gives them other names and leaves the numbers in place."""

    cause: ClassVar[Cause] = "shape_broadcast"

    def apply(self, program: Program) -> Program:
        """Return the program whose views keep each number with its sample, step and class."""
        model, loss_fn = _Permuted(program.model), _PermutedLoss(program.loss_fn)
        inputs, targets = a_batch(program)
        with evaluating(model), drawing(program):
            outputs = call_model(model, inputs)
            loss_fn(outputs, targets)
        if not model.count + loss_fn.count:
            raise RemedyDoesNotFit("no view exchanges axes")
        return replace(
            program,
            model=model if model.count else program.model,
            loss_fn=loss_fn if loss_fn.count else program.loss_fn,
        )

    def describe(self) -> str:
        """Return what changes."""
        return "Permute the axes before a view that gives them another order."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "x = x.permute(0, 2, 1)  # not x.view(N, F, T) of (N, T, F)\n"
            "h = h.transpose(0, 1).reshape(N, -1)  # not h.view(N, -1) of (2, N, H)\n"
            "scores = scores.movedim(1, -1).reshape(-1, C)  # of (N, C, H, W)"
        )


class _Permuted(Wrapper):
    """A model whose views exchange no axes."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__(model)
        self.count = 0

    def forward(self, *inputs: Any, **named: Any) -> Any:
        with _Permuting(num_in(inputs or list(named.values()))) as permuting:
            outputs = self.model(*inputs, **named)
        self.count = permuting.count
        return outputs


class _PermutedLoss(nn.Module):
    """A loss whose views exchange no axes."""

    def __init__(self, loss_fn: LossFn) -> None:
        super().__init__()
        self.loss_fn = loss_fn
        self.count = 0

    def forward(self, outputs: Any, targets: Any) -> Tensor:
        with _Permuting(num_in(targets)) as permuting:
            loss = self.loss_fn(outputs, targets)
        self.count = permuting.count
        return loss


class _Permuting(TorchFunctionMode):
    def __init__(self, samples: int) -> None:
        super().__init__()
        self.count = 0
        self._samples = samples

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if name_of(func) not in _VIEWS or not isinstance(result, Tensor):
            return result
        moved = _moved(args[0], result.shape, self._samples)
        if moved is None:
            return result
        self.count += 1
        return moved.reshape(result.shape)


def _moved(values: Tensor, after: torch.Size, samples: int) -> Tensor | None:
    """Return values with an axis moved to where a view means it to be, or None."""
    before = values.shape
    if len(set(before)) < 2 or before == after:
        return None
    if sorted(before) == sorted(after):
        for source in range(values.dim()):
            for place in range(values.dim()):
                moved = values.movedim(source, place)
                if moved.shape == after:
                    return moved
    if samples > 1 and before[0] != samples == after[0] and samples in before:
        return values.movedim(before.index(samples), 0)
    is_of_rows = len(after) == 2 < len(before) and after[0] > samples
    if is_of_rows and before[0] == samples and before[1] == after[1] != before[-1]:
        return values.movedim(1, -1)
    return None
