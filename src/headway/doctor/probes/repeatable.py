"""A loss that can be asked again and again, to be compared with itself."""

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn

from headway.doctor.examples import Batch
from headway.doctor.program import LossFn, Program, call_model, seed_all


class RepeatableLoss:
    """The loss of one batch as a function of the weights, the same whenever it is asked.

    Attributes:
        dtype: Of the weights.
        base: The loss at the weights as they are, once it was asked for.
    """

    def __init__(self, program: Program, batch: Batch, dtype: torch.dtype) -> None:
        self.dtype, self.base = dtype, math.nan
        self.model = copy.deepcopy(program.model).to(dtype)
        loss_fn = copy.deepcopy(program.loss_fn)
        self._loss_fn: LossFn = (
            loss_fn.to(dtype) if isinstance(loss_fn, nn.Module) else loss_fn
        )
        self._inputs, self._targets = _of_type(batch[0], dtype), _of_type(batch[1], dtype)
        tensors = [*self.model.parameters(), *self.model.buffers()]
        self._state = [(tensor, tensor.detach().clone()) for tensor in tensors]
        self._padding = _padding_rows(self.model)

    def __call__(self) -> Tensor:
        """Return the loss with the weights as they are; buffers are put back first."""
        with torch.no_grad():
            for tensor, value in self._state:
                if not isinstance(tensor, nn.Parameter):
                    tensor.copy_(value)
        seed_all(0)
        usual = torch.get_default_dtype()
        try:
            # What a forward pass makes anew, such as a first state, is of this type too.
            torch.set_default_dtype(self.dtype)
            outputs = call_model(self.model, self._inputs)
            loss = self._loss_fn(outputs, self._targets).sum()
        finally:
            torch.set_default_dtype(usual)
        if not bool(torch.isfinite(loss)):
            raise ValueError("the loss is no number")
        return loss

    def slopes(
        self, weights: list[nn.Parameter], along: list[Tensor], step: float
    ) -> tuple[float, float]:
        """Return the difference quotients of the loss to both sides along a direction."""
        before = [weight.detach().clone() for weight in weights]
        values: list[float] = []
        for signed in (step, -step):
            with torch.no_grad():
                for weight, old, part in zip(weights, before, along, strict=True):
                    weight.copy_(old + signed * part)
            values.append(float(self().detach()))
        with torch.no_grad():
            for weight, old in zip(weights, before, strict=True):
                weight.copy_(old)
        return (values[0] - self.base) / step, (self.base - values[1]) / step

    def direction(
        self, weights: list[nn.Parameter], generator: torch.Generator
    ) -> list[Tensor]:
        """Return a random direction of length 1, along what may have a gradient."""
        parts = [torch.randn(w.shape, generator=generator).to(w) for w in weights]
        for weight, part in zip(weights, parts, strict=True):
            if id(weight) in self._padding:
                part[self._padding[id(weight)]] = 0
        length = max(norm_of(parts), torch.finfo(torch.float32).tiny)
        return [part / length for part in parts]

    def is_changed(self) -> bool:
        """Whether a pass has changed the weights themselves."""
        return any(
            isinstance(tensor, nn.Parameter) and not torch.equal(tensor.detach(), value)
            for tensor, value in self._state
        )


def norm_of(tensors: list[Tensor]) -> float:
    """Return the norm of all numbers of some tensors together."""
    return math.sqrt(sum(float(tensor.square().sum()) for tensor in tensors))


def _padding_rows(model: nn.Module) -> dict[int, int]:
    """Return which row of an embedding is never learned, by the identity of its weight."""
    return {
        id(layer.weight): layer.padding_idx
        for layer in model.modules()
        if isinstance(layer, (nn.Embedding, nn.EmbeddingBag))
        and layer.padding_idx is not None
    }


def _of_type(batch: Any, dtype: torch.dtype) -> Any:
    """Return inputs or targets whose floating-point tensors are of a type."""
    if isinstance(batch, Tensor):
        return batch.to(dtype) if batch.is_floating_point() else batch
    if isinstance(batch, dict):
        return {name: _of_type(value, dtype) for name, value in batch.items()}
    if isinstance(batch, (tuple, list)):
        return tuple(_of_type(value, dtype) for value in batch)
    return batch
