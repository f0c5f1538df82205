"""Numbers of a weight, and which of its units can never become different."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from headway.measure.layer_numbers import WeightNumbers

# Of two units, by how much of its norm their weights and their gradients may differ: rounding
# of float32 in sums of another order.
_SAME_WEIGHT = 1e-9
_SAME_GRADIENT = 1e-4
# Values of a weight that are taken in double precision and compared unit by unit.
_MOST_VALUES = 2**20


@dataclass(kw_only=True)
class WeightRecord:
    """A weight as a layer used it, with its gradient as soon as that comes.

    Attributes:
        name: Name of the parameter.
        weight: The parameter.
        bias: The bias beside it, or None.
        unit_axis: Axis of the weight along which its units lie, None if units do not lie
            along an axis (a recurrent layer, an embedding).
        fans: fan_in and fan_out.
    """

    name: str
    weight: Tensor
    bias: Tensor | None
    unit_axis: int | None
    fans: tuple[int, int]

    def __post_init__(self) -> None:
        values = self.weight.detach()
        values = values.double() if values.numel() <= _MOST_VALUES else values.float()
        self._numbers = (
            float(values.mean()),
            float(values.std(correction=0)),
            float(torch.linalg.vector_norm(values, dtype=torch.float64)),
            float(values.abs().max()),
        )
        bias = None if self.bias is None else self.bias.detach().to(values.dtype)
        self._bias = (
            (None, None) if bias is None else (float(bias.mean()), float(bias.abs().max()))
        )
        self._twins = _equal_pairs(self._rows(values, bias))
        self._gradient: Tensor | None = None
        self._grad_norm: float | None = None

    def take_gradient(self, gradient: Tensor) -> None:
        """Keep what is needed of the gradient of the weight."""
        self._grad_norm = float(
            torch.linalg.vector_norm(gradient.detach(), dtype=torch.float64)
        )
        if self._twins is not None and len(self._twins):
            self._gradient = gradient.detach().double().clone()

    def numbers(self) -> WeightNumbers:
        """Return the numbers so far."""
        mean, std, norm, max_abs = self._numbers
        return WeightNumbers(
            name=self.name,
            shape=tuple(self.weight.shape),
            fan_in=self.fans[0],
            fan_out=self.fans[1],
            mean=mean,
            std=std,
            norm=norm,
            max_abs=max_abs,
            bias_mean=self._bias[0],
            bias_max_abs=self._bias[1],
            duplicate_fraction=self._fraction(self._twins),
            twin_fraction=self._fraction(self._lasting_twins()),
            requires_grad=self.weight.requires_grad,
            grad_norm=self._grad_norm,
        )

    def _rows(self, values: Tensor, bias: Tensor | None) -> Tensor | None:
        if self.unit_axis is None or values.shape[self.unit_axis] < 2:
            return None
        rows = values.movedim(self.unit_axis, 0).flatten(1)
        rows = rows[:, : max(1, _MOST_VALUES // len(rows))].double()
        if bias is None or bias.shape != (len(rows),):
            return rows
        return torch.cat([rows, bias[:, None].double()], dim=1)

    def _lasting_twins(self) -> Tensor | None:
        if self._twins is None or self._gradient is None or self.unit_axis is None:
            return None
        rows = self._gradient.movedim(self.unit_axis, 0).flatten(1)
        first, second = rows[self._twins[:, 0]], rows[self._twins[:, 1]]
        apart = (first - second).norm(dim=1)
        return self._twins[apart <= _SAME_GRADIENT * first.norm(dim=1)]

    def _fraction(self, pairs: Tensor | None) -> float:
        if pairs is None or self.unit_axis is None:
            return 0.0
        return pairs.unique().numel() / self.weight.shape[self.unit_axis]


def fans_of(shape: tuple[int, ...], unit_axis: int = 0, groups: int = 1) -> tuple[int, int]:
    """Return fan_in and fan_out of a weight of shape (units, inputs, *kernel)."""
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    units, inputs = shape[unit_axis], shape[1 - unit_axis]
    area = math.prod(shape[2:])
    if unit_axis == 1:  # transposed: (inputs, units / groups, *kernel)
        return inputs // groups * area, units * area
    return inputs * area, units // groups * area


def _equal_pairs(rows: Tensor | None) -> Tensor | None:
    """Return pairs of equal rows: neighbors after sorting by one projection."""
    if rows is None:
        return None
    places = torch.arange(1, rows.shape[1] + 1, dtype=rows.dtype, device=rows.device)
    projected = (rows * (places * 12.9898).sin()).sum(dim=1)
    order = projected.argsort()
    pairs = torch.stack([order[:-1], order[1:]], dim=1)
    scale = rows.norm(dim=1)[pairs[:, 0]]
    is_near = projected[order].diff().abs() <= _SAME_WEIGHT * (scale + 1e-300)
    pairs = pairs[is_near]
    apart = (rows[pairs[:, 0]] - rows[pairs[:, 1]]).norm(dim=1)
    return pairs[apart <= _SAME_WEIGHT * rows.norm(dim=1)[pairs[:, 0]]]
