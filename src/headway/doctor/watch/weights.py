"""Look at gradients and at what a step does to the weights, on the device."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

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

# One call for all tensors on a GPU, as the optimizers of torch make it.
_foreach_norm: Any = getattr(torch, "_foreach_norm")  # noqa: B009
# Values of a weight by which its change is judged, and rows of it at least: all weights of a
# network are kept for a step, so that they are to be few. Most rows of an embedding stay.
_MOST_VALUES, _MOST_OF_EMBEDDING = 2**12, 2**16
_LEAST_ROWS = 16
_TINY = 1e-12


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
    before: int | None = None
    change: int | None = None

    def sample(self, values: list[float]) -> WeightSample:
        """Return the numbers."""
        ratio = None
        if self.before is not None and self.change is not None:
            ratio = values[self.change] / max(values[self.before], _TINY)
        return WeightSample(
            name=self.weight.name,
            layer=self.weight.layer,
            kind=self.weight.kind,
            norm=values[self.norm],
            grad_norm=values[self.grad_norm],
            update_ratio=ratio,
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
        self.has_stepped = False

    def arm(self, numbers: Numbers) -> None:
        """Wait for the next step."""
        if not self._weights:  # lazy modules have their weights after the first step
            self._weights = list(_weights_of(self._model))
        self._numbers, self._drafts, self._before = numbers, {}, {}
        self.has_stepped = not self._optimizers
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
        new = [w for w in weights if id(w.parameter) not in self._drafts]
        new = [weight for weight in new if weight.parameter.grad is not None]
        gradients = _norms([_values(cast(Tensor, w.parameter.grad)) for w in new])
        if scale is not None:  # a fused step divides by it itself
            gradients = [norm / scale for norm in gradients]
        norms = _norms([_values(weight.parameter) for weight in new])
        for weight, norm, grad_norm in zip(new, norms, gradients, strict=True):
            self._drafts[id(weight.parameter)] = WeightDraft(
                weight=weight,
                norm=self._numbers.add(norm),
                grad_norm=self._numbers.add(grad_norm),
            )

    @torch.no_grad()
    def _keep(self, weights: list[Weight]) -> None:
        for weight in weights:
            self._before[id(weight.parameter)] = _some(weight).clone()

    @torch.no_grad()
    def _compare(self, weights: list[Weight]) -> None:
        known = [w for w in weights if id(w.parameter) in self._drafts]
        known = [weight for weight in known if id(weight.parameter) in self._before]
        before = [self._before.pop(id(weight.parameter)) for weight in known]
        changes = [_some(w) - old for w, old in zip(known, before, strict=True)]
        pairs = zip(_norms(before), _norms(changes), strict=True)
        for weight, (norm, change) in zip(known, pairs, strict=True):
            draft = self._drafts[id(weight.parameter)]
            draft.before, draft.change = self._numbers.add(norm), self._numbers.add(change)


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


def _norms(tensors: list[Tensor]) -> list[Tensor]:
    """Return the L2 norm of each, in float32 or better."""
    narrow = [tensor for tensor in tensors if tensor.dtype != torch.float64]
    wide = [tensor for tensor in tensors if tensor.dtype == torch.float64]
    norms = iter(_foreach_norm(narrow, 2, torch.float32) if narrow else ())
    wide_norms = iter(_foreach_norm(wide) if wide else ())
    return [next(wide_norms if t.dtype == torch.float64 else norms) for t in tensors]


def _some(weight: Weight) -> Tensor:
    """Return a view of the same rows of a weight each time."""
    values = _values(weight.parameter)
    most = _MOST_OF_EMBEDDING if weight.kind == "embedding" else _MOST_VALUES
    stride = min(values.numel() // most, values.shape[0] // _LEAST_ROWS)
    return values[:: max(1, stride)]


def optimizers_in(optimizer: Any) -> list[Optimizer]:
    """Return optimizers of torch as a list, without what other libraries wrap around them.

    Raises:
        TypeError: If there is something else among them.
    """
    if optimizer is None:
        return []
    if hasattr(optimizer, "optimizer"):
        return optimizers_in(optimizer.optimizer)
    if isinstance(optimizer, Optimizer):
        return [optimizer]
    if isinstance(optimizer, Iterable) and not isinstance(optimizer, str):
        return [
            one for part in cast(Iterable[Any], optimizer) for one in optimizers_in(part)
        ]
    raise TypeError(
        f"optimizer must be an optimizer of torch, several of them or None, got "
        f"{type(optimizer).__name__}"
    )
