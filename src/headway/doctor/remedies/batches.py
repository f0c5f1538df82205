"""Remedies that set which samples an update sees."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.utils.data import (
    DataLoader,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from headway.doctor.examples import BatchStream, Examples
from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.remedies.drawing import states_kept
from headway.doctor.remedies.samples import batch_size_of
from headway.errors import RemedyDoesNotFit

# What draws a new order itself.
_DRAWING = (RandomSampler, SubsetRandomSampler, WeightedRandomSampler)


@dataclass(frozen=True)
class SetBatchSize:
    """Put another number of samples into each batch.

    Attributes:
        batch_size: Samples, at least 1.
    """

    cause: ClassVar[Cause] = "batch_size"
    batch_size: int = 32

    def apply(self, program: Program) -> Program:
        """Return the program with batches of the new size."""
        if batch_size_of(program) == self.batch_size:
            raise RemedyDoesNotFit(f"batches hold {self.batch_size} samples already")
        return replace(program, train=_of_size(program.train, self.batch_size))

    def describe(self) -> str:
        """Return what changes."""
        return f"Put {self.batch_size} samples into a batch."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return f"DataLoader(train_set, batch_size={self.batch_size}, shuffle=True)"


@dataclass(frozen=True)
class Shuffle:
    """Draw the samples in a new order each epoch."""

    cause: ClassVar[Cause] = "shuffle"

    def apply(self, program: Program) -> Program:
        """Return the program with shuffled training data.

        A loader with a sampler of its own is shuffled too: its order may be the fault.
        """
        train = program.train
        sampler = getattr(train.source, "sampler", None)
        is_random = train.decides_itself and type(sampler) in _DRAWING
        if is_random or (not train.decides_itself and train.shuffle):
            raise RemedyDoesNotFit("the samples are drawn in a new order already")
        return replace(program, train=_in_new_orders(train))

    def describe(self) -> str:
        """Return what changes."""
        return "Shuffle the training samples each epoch."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return "DataLoader(train_set, batch_size=batch_size, shuffle=True)"


def is_shuffled(examples: Examples) -> bool:
    """Return whether a source is drawn in a new order each epoch, as far as one can see."""
    if not examples.decides_itself:
        return examples.shuffle
    sampler = getattr(examples.source, "sampler", None)
    return not isinstance(sampler, SequentialSampler)


def _of_size(examples: Examples, batch_size: int) -> Examples:
    """Return examples in other batches; what a sampler draws in an epoch stays its choice."""
    if not examples.decides_itself:
        return replace(examples, batch_size=batch_size)
    loader = _own_loader(examples)
    if not _has_own_sampler(loader):
        whole = replace(examples, source=loader)
        return whole.rebatched(batch_size=batch_size, shuffle=is_shuffled(examples))
    changed: DataLoader[Any] = DataLoader(
        loader.dataset,
        batch_size=batch_size,
        sampler=loader.sampler,
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        worker_init_fn=loader.worker_init_fn,
        generator=loader.generator,
    )
    return replace(examples, source=changed)


def _in_new_orders(examples: Examples) -> Examples:
    """Return examples whose samples are drawn in a new order each epoch."""
    if not examples.decides_itself:
        return replace(examples, shuffle=True)
    loader = _own_loader(examples)
    size = batch_size_of_loader(loader)
    whole = replace(examples, source=loader).rebatched(batch_size=size, shuffle=True)
    if not _has_own_sampler(loader):
        return whole
    with states_kept():
        numbers = [int(number) for number in loader.sampler]
    chosen = replace(whole.source, dataset=Subset(loader.dataset, numbers))
    return replace(whole, source=chosen)


def _has_own_sampler(loader: "DataLoader[Any]") -> bool:
    """Whether a sampler decides which samples an epoch has, and not all of them once."""
    sampler: Any = loader.sampler
    if loader.batch_size is None:
        return False
    is_usual = type(sampler) in (SequentialSampler, RandomSampler)
    if is_usual and not getattr(sampler, "replacement", False):
        return len(sampler) != len(loader.dataset)  # pyright: ignore[reportArgumentType]
    return True


def _own_loader(examples: Examples) -> "DataLoader[Any]":
    with states_kept():
        source: Any = _loader_in(examples.source)
    if not isinstance(source, DataLoader) or not hasattr(source.dataset, "__getitem__"):
        raise RemedyDoesNotFit(
            f"the training data come from a {type(source).__name__}, which alone decides "
            "about its batches"
        )
    if source.batch_sampler is None:
        raise RemedyDoesNotFit("the training data come as ready-made batches")
    return source


def _loader_in(source: Any) -> Any:
    """Return the loader that a source wraps, or one of the tensors that it holds, or itself."""
    if isinstance(source, BatchStream):
        return _loader_in(source.batches)
    if isinstance(source, DataLoader):
        return source
    held = list(getattr(source, "__dict__", {}).values())
    for value in held:
        if isinstance(value, DataLoader):
            return value
    return _tensors_in(source, held)


def _tensors_in(source: Any, held: list[Any]) -> Any:
    """Return a loader of the two tensors whose first rows are the first batch, if any."""
    first = next(iter(source), None)
    if not isinstance(first, (tuple, list)) or len(first) != 2:
        return source
    found: list[Tensor] = []
    for part in first:
        for value in held:
            if _begins_with(value, part):
                found.append(value)
                break
    if len(found) != 2 or len(found[0]) != len(found[1]):
        return source
    return DataLoader(TensorDataset(*found), batch_size=len(first[1]))


def _begins_with(whole: Any, part: Any) -> bool:
    if not isinstance(whole, Tensor) or not isinstance(part, Tensor):
        return False
    if whole.dim() == 0 or len(whole) <= len(part) or whole.shape[1:] != part.shape[1:]:
        return False
    return torch.equal(whole[: len(part)], part)


def batch_size_of_loader(loader: DataLoader[Any]) -> int:
    """Return how many samples a loader puts into a batch, whatever sampler it has."""
    sampler: Any = loader.batch_sampler
    return loader.batch_size or getattr(sampler, "batch_size", None) or 32
