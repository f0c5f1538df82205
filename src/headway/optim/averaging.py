"""Averages of the weights over the steps, which are evaluated instead of them."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from headway.errors import CheckpointError

# torch 2.11 has no public name for these.
_lerp_: Any = torch._foreach_lerp_  # pyright: ignore[reportPrivateUsage, reportPrivateImportUsage]
_foreach_copy_: Any = torch._foreach_copy_  # pyright: ignore[reportPrivateUsage, reportPrivateImportUsage]


class AveragedModel(ABC):
    """What averages of the weights have in common: where they are kept and how they are used.

    Parameters and float buffers are averaged. Other buffers are copied: counters, and float
    buffers that hold an infinity when the average is made, such as attention masks. Weights
    below float32 are averaged in float32, where a small part of a step does not round away.

    Args:
        model: Model on its device, wrapped by FSDP if it will be. The model itself is not
            changed, and a buffer that a module replaces is followed.

    Attributes:
        num_steps: Optimizer steps seen so far.
        num_updates: Weights that are part of the average so far.
        starts_full: Whether the average is of use before its first update.
        has_stale_statistics: Whether batch norm needs new statistics for the average.
    """

    starts_full: bool = True

    def __init__(self, model: nn.Module) -> None:
        self.num_steps = 0
        self.num_updates = 0
        self.has_stale_statistics = False
        self._parameters = _Tensors()
        self._float_buffers = _Tensors()
        self._copied_buffers = _Tensors()
        self._sharded: list[Any] = [m for m in model.modules() if hasattr(m, "reshard")]
        for slot in _slots(model, "parameters"):
            self._parameters.add(slot)
        for slot in _slots(model, "buffers"):
            has_mean = _has_mean(slot.tensor)
            (self._float_buffers if has_mean else self._copied_buffers).add(slot)

    @abstractmethod
    def update(self) -> None:
        """Take note of the present weights; call after each optimizer step."""

    @contextmanager
    def swapped(self) -> Generator[None]:
        """Put the average into the model, and the very same weights back at the end.

        The weights come back bit for bit, also when the body trains the model or raises. A
        copy of them is held meanwhile. An average of nothing leaves the weights in place.
        """
        if not self.num_updates and not self.starts_full:
            yield
            return
        slots = [slot for part in self._parts for slot in part.slots]
        averages = [average for part in self._parts for average in part.averages]
        self._reshard()
        kept = [slot.tensor.detach().clone() for slot in slots]
        try:
            _assign(averages, [slot.tensor for slot in slots])
            yield
        finally:
            self._reshard()
            _assign(kept, [slot.tensor for slot in slots])

    def keep_statistics(self) -> None:
        """Take the present buffers of the model into the average as they are.

        For batch-norm statistics that were measured while the average was in the model.
        """
        for part in (self._float_buffers, self._copied_buffers):
            _assign([slot.tensor for slot in part.slots], part.averages)
        self.has_stale_statistics = False

    def state_dict(self) -> dict[str, Any]:
        """Return the counts and {"averages": {name in the model: tensor}}.

        The tensors are those of this object and change with the next update.
        """
        return {
            "num_steps": self.num_steps,
            "num_updates": self.num_updates,
            "has_stale_statistics": self.has_stale_statistics,
            "averages": self._by_name(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned.

        Raises:
            CheckpointError: If `state` belongs to another model.
        """
        own = self._by_name()
        saved: Mapping[str, Tensor] = state["averages"]
        _check_same_shapes(own, saved)
        _assign([saved[name] for name in own], own.values())
        self.num_updates = state["num_updates"]
        # Earlier checkpoints had one count: every step was part of the average.
        self.num_steps = state.get("num_steps", self.num_updates)
        self.has_stale_statistics = state.get("has_stale_statistics", False)

    def _reshard(self) -> None:
        """Let go of whole weights that FSDP keeps after a forward pass without a backward."""
        for module in self._sharded:
            module.reshard()

    @property
    def _parts(self) -> tuple["_Tensors", ...]:
        return (self._parameters, self._float_buffers, self._copied_buffers)

    def _by_name(self) -> dict[str, Tensor]:
        return {
            slot.name: average
            for part in self._parts
            for slot, average in zip(part.slots, part.averages, strict=True)
        }

    @torch.no_grad()
    def _move(self, weight: float) -> None:
        """Move the average by `weight` of the way towards the present weights."""
        # Two calls: FSDP shards parameters only, and torch refuses a mix in one list.
        for part in (self._parameters, self._float_buffers):
            if part.averages:
                _lerp_(part.averages, part.weights(), weight)
        if self._copied_buffers.averages:
            _foreach_copy_(self._copied_buffers.averages, self._copied_buffers.weights())
        self.num_updates += 1


class WeightAverage(AveragedModel):
    """Exponential moving average of every parameter and every float buffer of a model.

    average <- d * average + (1 - d) * weight with d = min(decay, (1 + t) / (10 + t)) in
    update t, counted from 0. The average starts at the weights, so it leans on no zeros,
    and the smaller early decay lets go of the untrained weights quickly. Batch-norm
    statistics are averaged like the weights and stay near them.

    Args:
        model: Model on its device, wrapped by FSDP if it will be.
        decay: Weight of the old average once warmed up, in 0..1.

    Attributes:
        decay: As given.

    Raises:
        ValueError: If `decay` is not in 0..1.

    Reference:
        Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992.
        The early decay is that of TensorFlow's ExponentialMovingAverage.

    Example:
        >>> model = nn.Linear(2, 1)
        >>> average = WeightAverage(model, decay=0.999)
        >>> average.update()
        >>> with average.swapped():
        ...     prediction = model(torch.zeros(1, 2))
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        if not 0.0 <= decay < 1.0:
            raise ValueError(f"decay must be at least 0 and below 1, got {decay}")
        super().__init__(model)
        self.decay = decay

    def update(self) -> None:
        """Move the average towards the present weights; call after each optimizer step."""
        t = self.num_updates
        self.num_steps += 1
        self._move(1.0 - min(self.decay, (1 + t) / (10 + t)))


class StochasticWeightAverage(AveragedModel):
    """Equal average of the weights at some steps of the last part of a training.

    The weights count after step `total_steps`, and before it every `every` steps back to
    step `start`. Until the first of them there is no average, and `swapped` leaves the
    weights in place. Batch-norm statistics are not an average of those of the weights:
    measure them anew for the average (`has_stale_statistics`) and call `keep_statistics`.

    Args:
        model: Model on its device, wrapped by FSDP if it will be.
        start: First optimizer step, counted from 1, whose weights may count.
        every: Steps between weights that count, at least 1; the paper takes an epoch.
        total_steps: Optimizer steps of the whole training.

    Raises:
        ValueError: If `every` is below 1, or `start` is not in 1..total_steps.

    Reference:
        Izmailov et al., "Averaging Weights Leads to Wider Optima and Better
        Generalization", 2018, algorithm 1. arXiv:1803.05407.

    Example:
        >>> model = nn.Linear(1, 1, bias=False)
        >>> average = StochasticWeightAverage(model, start=2, every=1, total_steps=3)
        >>> for weight in (9.0, 1.0, 2.0):
        ...     _ = nn.init.constant_(model.weight, weight)
        ...     average.update()
        >>> with average.swapped():
        ...     model.weight.item()
        1.5
    """

    starts_full = False

    def __init__(
        self, model: nn.Module, *, start: int, every: int, total_steps: int
    ) -> None:
        if every < 1:
            raise ValueError(f"every must be at least 1, got {every}")
        if not 1 <= start <= total_steps:
            raise ValueError(f"start must be in 1..{total_steps}, got {start}")
        super().__init__(model)
        self._start = start
        self._every = every
        self._total_steps = total_steps

    def update(self) -> None:
        """Take note of the present weights; call after each optimizer step."""
        self.num_steps += 1
        remaining = self._total_steps - self.num_steps
        if self.num_steps >= self._start and remaining % self._every == 0:
            self._move(1.0 / (self.num_updates + 1))
            self.has_stale_statistics = True


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a tensor of a model is found; a module may put a new tensor there."""

    name: str
    module: nn.Module
    attribute: str

    @property
    def tensor(self) -> Tensor:
        return getattr(self.module, self.attribute)


@dataclass(frozen=True, slots=True)
class _Tensors:
    """Tensors of a model and their averages, in the same order."""

    slots: list[_Slot] = field(default_factory=list[_Slot])
    averages: list[Tensor] = field(default_factory=list[Tensor])

    def add(self, slot: _Slot) -> None:
        tensor = slot.tensor.detach()
        dtype = tensor.dtype
        if tensor.is_floating_point():
            dtype = torch.promote_types(dtype, torch.float32)
        self.slots.append(slot)
        self.averages.append(tensor.to(dtype, copy=True))

    def weights(self) -> list[Tensor]:
        """Return the present tensors of the model in the dtypes of the averages."""
        pairs = zip(self.slots, self.averages, strict=True)
        return [slot.tensor.to(average.dtype) for slot, average in pairs]


def _slots(model: nn.Module, kind: str) -> Iterator[_Slot]:
    """Yield where the "parameters" or "buffers" of `model` are, shared ones once."""
    seen: set[int] = set()
    for prefix, module in model.named_modules():
        owned = module.named_parameters if kind == "parameters" else module.named_buffers
        for attribute, tensor in owned(recurse=False):
            if id(tensor) not in seen:
                seen.add(id(tensor))
                name = f"{prefix}.{attribute}" if prefix else attribute
                yield _Slot(name, module, attribute)


def _has_mean(buffer: Tensor) -> bool:
    return buffer.is_floating_point() and bool(buffer.isfinite().all())


@torch.no_grad()
def _assign(sources: Iterable[Tensor], destinations: Iterable[Tensor]) -> None:
    # Tensor by tensor: torch's foreach copy does not take the shards of FSDP.
    for source, destination in zip(sources, destinations, strict=True):
        destination.copy_(source)


def _check_same_shapes(own: Mapping[str, Tensor], saved: Mapping[str, Tensor]) -> None:
    wrong = sorted(own.keys() ^ saved.keys()) or [
        name for name in own if own[name].shape != saved[name].shape
    ]
    if wrong:
        raise CheckpointError(
            f"the averaged weights do not fit the model: {', '.join(wrong[:3])} "
            f"({len(wrong)} in all) differ; load them into the model they were made from"
        )
