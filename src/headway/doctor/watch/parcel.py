"""What was seen of some steps, on its way to the host."""

from dataclasses import dataclass
from typing import Self

from torch import Tensor

from headway.doctor.watch.forward import LayerDraft
from headway.doctor.watch.numbers import Numbers
from headway.doctor.watch.sample import Sample
from headway.doctor.watch.weights import WeightDraft


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """Losses and perhaps a sample, as places among numbers that are being copied.

    Attributes:
        numbers: What is copied.
        losses: Losses of neighboring steps, or their places among the numbers, with the steps
            just before them whose losses were not kept.
        step: Steps done when it was sent.
        layers: Layers that were sampled, if any.
        weights: Weights that were sampled, if any.
    """

    numbers: Numbers
    losses: list[tuple[int, list[float | int]]]
    step: int
    layers: list[LayerDraft]
    weights: list[WeightDraft]

    @classmethod
    def of(
        cls,
        numbers: Numbers,
        stretches: list[tuple[int, list[float | Tensor]]],
        step: int,
        layers: list[LayerDraft],
        weights: list[WeightDraft],
    ) -> Self:
        """Put the losses among the numbers, which are not sent by it, and label all."""
        losses = [
            (gap, [numbers.add(x) if isinstance(x, Tensor) else x for x in losses])
            for gap, losses in stretches
        ]
        return cls(
            numbers=numbers, losses=losses, step=step, layers=layers, weights=weights
        )

    def read(self) -> tuple[list[tuple[int, list[float]]], Sample | None]:
        """Wait for the numbers and return the losses, likewise, and the sample if any."""
        values = self.numbers.read()
        losses = [
            (gap, [values[x] if isinstance(x, int) else x for x in found])
            for gap, found in self.losses
            if found
        ]
        if not (self.layers or self.weights):
            return losses, None
        layers = tuple(draft.sample(values) for draft in self.layers)
        weights = tuple(draft.sample(values) for draft in self.weights)
        return losses, Sample(step=self.step, layers=layers, weights=weights)
