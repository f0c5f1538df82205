"""A layer in front of the model that standardizes its input."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.remedies.samples import samples
from headway.doctor.remedies.wrapping import Wrapper
from headway.errors import RemedyDoesNotFit

# A column with less spread than this, beside its own size, is constant.
_SMALLEST_SPREAD = 1e-6
# Means and deviations so near to 0 and 1 are standardized: what little a layer would change
# wins by luck alone.
_NEAR_ZERO, _NEAR_ONE = 0.5, 1.5


@dataclass(frozen=True)
class StandardizeInput:
    """Subtract the training data's mean and divide by their standard deviation.

    Images and other inputs with positions are standardized channel by channel, tables column
    by column. Whole numbers stay as they are: they are ids.
    """

    cause: ClassVar[Cause] = "input_scale"

    def apply(self, program: Program) -> Program:
        """Return the program with the layer in front of its model."""
        layers = nn.ModuleDict()
        for place, parts in inputs_by_place(program).items():
            layers[place] = Standardize.fit(torch.cat(parts))
        if not layers:
            raise RemedyDoesNotFit("the model has no floating-point input to standardize")
        if all(isinstance(part, Standardize) and part.is_idle for part in layers.values()):
            raise RemedyDoesNotFit("the inputs are standardized already")
        return replace(program, model=Prepared(program.model, layers))

    def describe(self) -> str:
        """Return what changes."""
        return "Standardize the input with the mean and deviation of the training data."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "# images: dim=(0, 2, 3), keepdim=True\n"
            "mean = x_train.mean(dim=0)\n"
            "std = x_train.std(dim=0).clamp(min=1e-6)\n"
            "x_train, x_val = (x_train - mean) / std, (x_val - mean) / std"
        )


class Standardize(nn.Module):
    """y = (x - mean) / scale, with constants that the model carries.

    Args:
        mean: Subtracted, broadcast over samples.
        scale: Divided by, not zero.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    @classmethod
    def fit(cls, inputs: Tensor) -> "Standardize":
        """Return the layer for these inputs: axis 1 has columns or channels."""
        values = inputs.double().masked_fill(~inputs.isfinite(), 0.0)
        axes = [axis for axis in range(values.dim()) if axis != feature_axis(values)]
        std, mean = torch.std_mean(values, dim=axes, keepdim=True, correction=0)
        is_constant = std <= _SMALLEST_SPREAD * mean.abs().clamp(min=1e-12)
        std = torch.where(is_constant, torch.ones_like(std), std)
        dtype = inputs.dtype
        return cls(mean[0].to(dtype), std[0].to(dtype))

    @property
    def is_idle(self) -> bool:
        """Whether it would hardly change its input."""
        is_centered = bool((self.mean.abs() <= _NEAR_ZERO).all())
        size = self.scale.log().abs()
        return is_centered and bool((size <= math.log(_NEAR_ONE)).all())

    def forward(self, x: Tensor) -> Tensor:
        """Return the standardized input."""
        return (x - self.mean.to(x.dtype)) / self.scale.to(x.dtype)


class Prepared(Wrapper):
    """A model whose floating-point inputs go through a layer of their own first.

    Args:
        model: The module inside.
        layers: By the place of the input.
    """

    def __init__(self, model: nn.Module, layers: nn.ModuleDict) -> None:
        super().__init__(model)
        self.layers = layers.train(model.training)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """Return the model's answer to the prepared inputs."""
        changed = [self._one(f"input_{n}", value) for n, value in enumerate(inputs)]
        by_name = {key: self._one(f"named_{key}", value) for key, value in named.items()}
        return self.model(*changed, **by_name)

    def _one(self, place: str, value: Any) -> Any:
        return self.layers[place](value) if place in self.layers else value


def feature_axis(inputs: Tensor) -> int:
    """Return the axis of columns or channels: 1, or the last one of a sequence (N, T, F)."""
    return 2 if inputs.dim() == 3 else min(1, inputs.dim() - 1)


def inputs_by_place(program: Program, *, count: int = 4096) -> dict[str, list[Tensor]]:
    """Return the floating-point inputs by the place where the model takes them."""
    found: dict[str, list[Tensor]] = {}
    for inputs, _ in samples(program, count=count):
        for place, value in _places(inputs):
            if isinstance(value, Tensor) and value.is_floating_point() and value.dim() > 1:
                found.setdefault(place, []).append(value)
    return found


def _places(inputs: Any) -> list[tuple[str, Any]]:
    if isinstance(inputs, Mapping):
        return [(f"named_{name}", value) for name, value in inputs.items()]
    if isinstance(inputs, (tuple, list)):
        return [(f"input_{n}", value) for n, value in enumerate(inputs)]
    return [("input_0", inputs)]
