"""Hold back a part of the training data to judge by, where a program has no validation data."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, RandomSampler, Sampler, SequentialSampler, Subset

from headway.doctor.examples import TABLE, BatchStream, Examples
from headway.doctor.program import MakeProgram, Program

_FRACTION = 0.2
# One batch in so many of a stream without samples by number.
_PERIOD = round(1 / _FRACTION)


def with_validation(make: MakeProgram) -> MakeProgram:
    """Return `make`, or what makes its programs with a part of the data held back.

    The part is the same for all seeds. The rest keeps its order and its way of batching, so
    that what is wrong with those stays wrong.
    """

    def make_with_validation(seed: int) -> Program:
        program = make(seed)
        if program.val is not None:
            return program
        train, val = hold_back(program.train)
        return replace(program, train=train, val=val)

    return make_with_validation


def hold_back(examples: Examples) -> tuple[Examples, Examples]:
    """Return what is left to train on and what is held back."""
    source = examples.source
    if isinstance(source, BatchStream):
        # Read once: a stream that shuffles would show later what was held back before.
        batches = list(source)
        left = [b for n, b in enumerate(batches) if n % _PERIOD] or batches
        return (
            replace(examples, source=BatchStream(left)),
            replace(examples, source=BatchStream(batches[::_PERIOD])),
        )
    if examples.num_samples <= TABLE:  # A part of it tells nothing of the rest.
        return examples, examples.rebatched(shuffle=False)
    left_numbers, held_numbers = _split(examples.num_samples)
    held = examples.rebatched(shuffle=False)
    held = replace(held, source=_part(held.source, held_numbers))
    if isinstance(source, DataLoader):
        left = _loader_of(source, left_numbers.tolist())
    else:
        left = _part(source, left_numbers)
    return replace(examples, source=left), held


def _split(count: int) -> tuple[Tensor, Tensor]:
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    held = max(1, round(count * _FRACTION))
    return order[held:].sort().values, order[:held].sort().values


def _part(source: Any, numbers: Tensor) -> Any:
    if isinstance(source, tuple):
        return Examples(source=source).pick(numbers)
    return _CollatedPart(source, numbers.tolist())


class _CollatedPart(Subset[Any]):
    """A part of a data set that makes its batches as the whole does."""

    def __init__(self, source: Any, numbers: list[int]) -> None:
        super().__init__(source, numbers)
        self.collate_fn: Any = getattr(source, "collate_fn", None)


def _loader_of(loader: DataLoader[Any], left: list[int]) -> "DataLoader[Any]":
    """Return the same loader over fewer samples, in the order of its own sampler."""
    part = Subset(loader.dataset, left)
    settings: dict[str, Any] = {
        "num_workers": loader.num_workers,
        "collate_fn": loader.collate_fn,
        "generator": loader.generator,
        "worker_init_fn": loader.worker_init_fn,
    }
    if loader.batch_size is None:
        batches = _BatchesLeft(loader.batch_sampler, left)
        return DataLoader(part, batch_sampler=batches, **settings)
    settings |= {"batch_size": loader.batch_size, "drop_last": loader.drop_last}
    if type(loader.sampler) is SequentialSampler:
        return DataLoader(part, **settings)
    if type(loader.sampler) is RandomSampler and not loader.sampler.replacement:
        return DataLoader(part, shuffle=True, **settings)
    return DataLoader(part, sampler=_NumbersLeft(loader.sampler, left), **settings)


class _NumbersLeft(Sampler[int]):
    """The numbers of another sampler that are left, as numbers of the part."""

    def __init__(self, sampler: Any, left: list[int]) -> None:
        self._sampler = sampler
        self._places = {number: place for place, number in enumerate(left)}

    def __iter__(self) -> Iterator[int]:
        for number in self._sampler:
            if int(number) in self._places:
                yield self._places[int(number)]

    def __len__(self) -> int:
        return max(1, round(len(self._sampler) * (1 - _FRACTION)))


class _BatchesLeft(Sampler[list[int]]):
    """The batches of another sampler without the numbers that are held back."""

    def __init__(self, batches: Any, left: list[int]) -> None:
        self._batches = batches
        self._places = {number: place for place, number in enumerate(left)}

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self._batches:
            kept = [self._places[int(n)] for n in batch if int(n) in self._places]
            if kept:
                yield kept

    def __len__(self) -> int:
        return len(self._batches)
