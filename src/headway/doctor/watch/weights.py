"""Look at gradients and at what a step does to the weights, on the device."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from headway.doctor.watch.cadence import Cadence
from headway.doctor.watch.numbers import Numbers
from headway.doctor.watch.sample import WeightSample
from headway.measure.describe import describe, is_leaf, named_layers
from headway.measure.layer_numbers import LayerKind

# Weights whose change is looked at in one sample; the next sample takes the next ones.
_AT_ONCE = 8
# Values of a weight by which its change is judged.
_MOST_VALUES = 2**16


@dataclass(frozen=True)
class Weight:
    """A weight and where it belongs."""

    name: str
    layer: str
    kind: LayerKind
    parameter: nn.Parameter


@dataclass(kw_only=True)
class WeightDraft:
    """Places of the numbers of a weight among those that are on their way."""

    weight: Weight
    norm: int
    grad_norm: int
    ratio: int | None = None

    def sample(self, values: list[float]) -> WeightSample:
        """Return the numbers."""
        return WeightSample(
            name=self.weight.name,
            layer=self.weight.layer,
            kind=self.weight.kind,
            norm=values[self.norm],
            grad_norm=values[self.grad_norm],
            update_ratio=None if self.ratio is None else values[self.ratio],
        )


class WeightSampler:
    """Takes numbers of the weights around one step of each optimizer.

    Without an optimizer of torch, the gradients that are there after the step count.

    Args:
        model: Network in whatever wrapper.
        optimizers: What updates it.
        cadence: Is told what the sampling costs.
    """

    def __init__(
        self, model: nn.Module, optimizers: Sequence[Optimizer], cadence: Cadence
    ) -> None:
        self._model, self._optimizers, self._cadence = model, optimizers, cadence
        self._weights: list[Weight] = []
        self._numbers = Numbers()
        self._handles: list[RemovableHandle] = []
        self._drafts: dict[int, WeightDraft] = {}
        self._before: dict[int, Tensor] = {}
        self._chosen: set[int] = set()
        self._turn = 0
        self.has_stepped = False

    def arm(self, numbers: Numbers) -> None:
        """Wait for the next step."""
        if not self._weights:  # lazy modules have their weights after the first step
            self._weights = list(_weights_of(self._model))
        self._numbers, self._drafts, self._before = numbers, {}, {}
        self.has_stepped = not self._optimizers
        self._chosen = self._next()
        for optimizer in self._optimizers:
            self._handles += [
                optimizer.register_step_pre_hook(self._before_step),
                optimizer.register_step_post_hook(self._after_step),
            ]
        if not self._optimizers:
            self._keep(self._weights)

    def disarm(self) -> list[WeightDraft]:
        """Remove the hooks and return what was seen."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        if not self._optimizers:
            self._look(self._weights)
            self._compare(self._weights)
        self._before = {}
        return list(self._drafts.values())

    def _next(self) -> set[int]:
        count = len(self._weights)
        chosen = {(self._turn + n) % count for n in range(min(_AT_ONCE, count))}
        self._turn += _AT_ONCE
        return {id(self._weights[n].parameter) for n in chosen}

    def _before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        with self._cadence.looking():
            weights = self._held_by(optimizer)
            self._look(weights, scale=getattr(optimizer, "grad_scale", None))
            self._keep(weights)

    def _after_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        self.has_stepped = True
        with self._cadence.looking():
            self._compare(self._held_by(optimizer))

    def _held_by(self, optimizer: Optimizer) -> list[Weight]:
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        return [weight for weight in self._weights if id(weight.parameter) in held]

    @torch.no_grad()
    def _look(self, weights: list[Weight], scale: Tensor | None = None) -> None:
        for weight in weights:
            gradient = weight.parameter.grad
            if gradient is None or id(weight.parameter) in self._drafts:
                continue
            norm = _norm(gradient)
            if scale is not None:  # a fused step divides by it itself
                norm = norm / scale
            self._drafts[id(weight.parameter)] = WeightDraft(
                weight=weight,
                norm=self._numbers.add(_norm(weight.parameter)),
                grad_norm=self._numbers.add(norm),
            )

    @torch.no_grad()
    def _keep(self, weights: list[Weight]) -> None:
        for weight in weights:
            if id(weight.parameter) in self._chosen:
                self._before[id(weight.parameter)] = _some(weight.parameter).clone()

    @torch.no_grad()
    def _compare(self, weights: list[Weight]) -> None:
        for weight in weights:
            before = self._before.pop(id(weight.parameter), None)
            draft = self._drafts.get(id(weight.parameter))
            if before is None or draft is None:
                continue
            change = _norm(_some(weight.parameter) - before)
            draft.ratio = self._numbers.add(change / _norm(before).clamp(min=1e-12))


def _weights_of(model: nn.Module) -> Iterator[Weight]:
    """Go through the weights that are matrices or more, in the order of the network."""
    seen: set[int] = set()
    for layer, module in named_layers(model):
        leaf = is_leaf(module)
        for name, parameter in module.named_parameters(recurse=leaf):
            if id(parameter) in seen or is_lazy(parameter) or parameter.dim() < 2:
                continue
            if not parameter.is_floating_point() or parameter.is_meta:
                continue
            seen.add(id(parameter))
            full = f"{layer}.{name}" if layer else name
            kind = describe(module).kind if leaf else "other"
            yield Weight(full, layer or name, kind, parameter)


def _values(tensor: Tensor) -> Tensor:
    to_local = getattr(tensor, "to_local", None)
    values = tensor.detach() if to_local is None else to_local().detach()
    return values.coalesce().values() if values.is_sparse else values


def _norm(tensor: Tensor) -> Tensor:
    values = _values(tensor)
    wide = torch.promote_types(values.dtype, torch.float32)
    return torch.linalg.vector_norm(values, dtype=wide)


def _some(parameter: Tensor) -> Tensor:
    """Return a view of the same rows of a weight each time."""
    values = _values(parameter)
    rows = values.shape[0]
    return values[:: max(1, min(values.numel() // _MOST_VALUES, rows // 4))]
