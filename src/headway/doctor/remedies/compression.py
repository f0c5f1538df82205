"""A layer in front of the model that brings huge numbers of its input close to the others."""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.remedies.input_scale import (
    Prepared,
    Standardize,
    feature_axis,
    inputs_by_place,
)
from headway.doctor.tails import heavy_columns, middle_and_spread
from headway.errors import RemedyDoesNotFit

# Samples that tell the tails, and numbers of a column: a median sorts them.
_SAMPLES, _MOST_ROWS = 2048, 100_000


@dataclass(frozen=True)
class CompressInput:
    """Take the logarithm of columns with huge numbers, on both sides of their median.

    asinh((x - median) / spread) is close to the identity among the many small numbers and
    close to a logarithm among the few large ones. All other columns are standardized. Columns
    of images and other inputs with positions are their channels.
    """

    cause: ClassVar[Cause] = "input_scale"

    def apply(self, program: Program) -> Program:
        """Return the program with the layer in front of its model."""
        inputs = inputs_by_place(program, count=_SAMPLES)
        layers = {place: Compress.fit(torch.cat(parts)) for place, parts in inputs.items()}
        if not any(bool(layer.is_heavy.any()) for layer in layers.values()):
            raise RemedyDoesNotFit("no column has numbers that are huge beside all others")
        return replace(program, model=Prepared(program.model, nn.ModuleDict(layers)))

    def describe(self) -> str:
        """Return what changes."""
        return (
            "Take the logarithm of columns with a few huge numbers, on both sides of their "
            "median, and standardize the others."
        )

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "# columns with a few huge numbers, above or below 0; standardize the others\n"
            "middle = x_train.median(dim=0).values\n"
            "spread = 1.4826 * (x_train - middle).abs().median(dim=0).values\n"
            "x_train = torch.asinh((x_train - middle) / spread)\n"
            "x_val = torch.asinh((x_val - middle) / spread)"
        )


class Compress(Standardize):
    """y = asinh((x - mean) / scale) of heavy columns, without asinh of the others.

    Args:
        mean: Subtracted, broadcast over samples: of heavy columns the median.
        scale: Divided by, not zero.
        is_heavy: Which columns have huge numbers.
    """

    is_heavy: Tensor

    def __init__(self, mean: Tensor, scale: Tensor, is_heavy: Tensor) -> None:
        super().__init__(mean, scale)
        self.register_buffer("is_heavy", is_heavy)

    @classmethod
    def fit(cls, inputs: Tensor) -> "Compress":
        """Return the layer for these inputs."""
        usual = Standardize.fit(inputs)
        rows = _rows(inputs)
        is_heavy = heavy_columns(rows)
        middle, spread = middle_and_spread(rows)
        shape = usual.mean.shape
        return cls(
            torch.where(is_heavy, middle, usual.mean.flatten()).view(shape),
            torch.where(is_heavy, spread, usual.scale.flatten()).view(shape),
            is_heavy.view(shape),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the compressed input."""
        x = super().forward(x)
        return torch.where(self.is_heavy, x.asinh(), x)


def _rows(inputs: Tensor) -> Tensor:
    """Return a table with a column for each column or channel, of some of its numbers."""
    rows = inputs.movedim(feature_axis(inputs), -1).flatten(0, -2)
    rows = rows[:: max(1, len(rows) // _MOST_ROWS)]
    return rows.masked_fill(~rows.isfinite(), 0.0)
