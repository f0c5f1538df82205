"""Data of a program: tensors, a Dataset or a DataLoader behind one face."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, default_collate

from headway.doctor.program import is_listed, main_output
from headway.doctor.rows import is_by_sample

Batch = tuple[Any, Any]
_MOST_BATCHES = 2000
# Few enough samples to be learned by heart, as the rows of a truth table, which are all that
# there is.
TABLE = 16
BatchMap = Callable[[Any, Any], Batch]


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Samples in the batches and the order of the program that they belong to.

    Attributes:
        source: A pair (inputs, targets) of tensors or structures of them, a map-style
            Dataset, or a DataLoader or any other iterable of batches, which then decides
            about batches and order itself.
        batch_size: Samples of a batch, where the source does not decide it.
        shuffle: Whether they are drawn in a new order each epoch, likewise.
        maps: Changes of each batch, in order, such as a remedy's new labels.
    """

    source: Any
    batch_size: int = 32
    shuffle: bool = True
    maps: tuple[BatchMap, ...] = ()

    @property
    def decides_itself(self) -> bool:
        """Whether the source makes its own batches."""
        return not isinstance(self.source, tuple) and not _is_dataset(self.source)

    @property
    def num_samples(self) -> int:
        """Samples of one epoch."""
        if isinstance(self.source, tuple):
            return _length(self.source[0])
        if isinstance(self.source, BatchStream):
            return self.source.num_samples
        return len(_dataset_of(self.source))

    @property
    def is_by_sample(self) -> bool:
        """Whether any samples can be had, and not whole batches of the source alone."""
        return not isinstance(self.source, BatchStream) or self.source.is_by_sample

    @property
    def num_batches(self) -> int:
        """Batches of one epoch."""
        if self.decides_itself:
            return len(self.source)
        return -(-self.num_samples // self.batch_size)

    def batches(self, generator: torch.Generator | None = None) -> Iterator[Batch]:
        """Go through one epoch.

        Args:
            generator: Where the order is drawn from; the global one by default. A source
                that decides itself draws as its author had it.
        """
        if self.decides_itself:
            for batch in self.source:
                yield self._mapped(*split_batch(batch))
            return
        count = self.num_samples
        order = torch.randperm(count, generator=generator) if self.shuffle else None
        for start in range(0, count, self.batch_size):
            stop = min(start + self.batch_size, count)
            numbers = torch.arange(start, stop) if order is None else order[start:stop]
            yield self.pick(numbers)

    def pick(self, numbers: Tensor) -> Batch:
        """Return the samples with these numbers as one batch.

        Of batches that cannot be divided it is the first one, whole.
        """
        source = self.source
        if isinstance(source, BatchStream):
            source = source.head(int(numbers.max()) + 1)
            if not is_by_sample(*source):
                return self._mapped(*source)
        if isinstance(source, tuple):
            inputs, targets = source
            return self._mapped(take(inputs, numbers), take(targets, numbers))
        dataset = _dataset_of(source)
        collate = getattr(self.source, "collate_fn", None) or default_collate
        return self._mapped(*split_batch(collate([dataset[n] for n in numbers.tolist()])))

    def first(self, count: int) -> Batch:
        """Return the first `count` samples in the order in which they are stored."""
        return self.pick(torch.arange(min(count, self.num_samples)))

    def some(self, count: int, *, seed: int = 0) -> Batch:
        """Return `count` samples, or all there are, drawn with a generator of their own.

        Of a stream they are the first ones, as all before a sample would have to be read.
        """
        if isinstance(self.source, BatchStream):
            return self.first(count)
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(self.num_samples, generator=generator)
        return self.pick(order[:count].sort().values)

    def mapped(self, change: BatchMap) -> "Examples":
        """Return the same examples with one more change of each batch."""
        return replace(self, maps=(*self.maps, change))

    def rebatched(
        self, *, batch_size: int | None = None, shuffle: bool = True
    ) -> "Examples":
        """Return the same samples in batches that are made here, whatever the source was."""
        source = self.source
        if isinstance(source, DataLoader):
            source = _Collated(source.dataset, source.collate_fn)
        size = batch_size or getattr(self.source, "batch_size", None) or self.batch_size
        return replace(self, source=source, batch_size=size, shuffle=shuffle)

    def _mapped(self, inputs: Any, targets: Any) -> Batch:
        for change in self.maps:
            inputs, targets = change(inputs, targets)
        return inputs, targets


class BatchStream:
    """Batches that come from an iterable without samples by number.

    Attributes:
        batches: The iterable.

    Args:
        batches: Is iterated anew for each epoch. An endless one ends after 2,000 batches.
        lengths: Batches and samples of an epoch, where they are known.
    """

    def __init__(self, batches: Any, lengths: tuple[int, int] | None = None) -> None:
        self.batches = batches
        self._lengths = lengths
        self._is_by_sample: bool | None = None

    def __iter__(self) -> Iterator[Batch]:
        for batch in islice(self.batches, _MOST_BATCHES):
            yield split_batch(batch)

    def __len__(self) -> int:
        return self._counted()[0]

    @property
    def num_samples(self) -> int:
        """Samples of one epoch; the first call goes through one where it is not known."""
        return self._counted()[1]

    @property
    def is_by_sample(self) -> bool:
        """Whether the samples of its first batch can be told apart."""
        if self._is_by_sample is None:
            with torch.random.fork_rng(devices=[]):
                self._is_by_sample = all(is_by_sample(*batch) for batch in islice(self, 1))
        return self._is_by_sample

    def head(self, count: int) -> Batch:
        """Return the first samples of an epoch, at least `count` where there are as many.

        A batch whose samples cannot be told apart is returned as it is.
        """
        parts: list[Batch] = []
        with torch.random.fork_rng(devices=[]):
            for inputs, targets in self:
                if not is_by_sample(inputs, targets):
                    return inputs, targets
                parts.append((inputs, targets))
                count -= _length(targets)
                if count <= 0:
                    break
        return joined([part[0] for part in parts]), joined([part[1] for part in parts])

    def _counted(self) -> tuple[int, int]:
        if self._lengths is None:
            with torch.random.fork_rng(devices=[]):
                counts = [_length(targets) for _, targets in self]
            self._lengths = (len(counts), sum(counts))
        return self._lengths


@dataclass(frozen=True)
class _Collated:
    """A data set together with what makes a batch of its samples."""

    dataset: Any
    collate_fn: Callable[[list[Any]], Any]

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, number: int) -> Any:
        return self.dataset[number]


def split_batch(batch: Any) -> Batch:
    """Return inputs and targets of a batch: the last part is the targets.

    Raises:
        TypeError: If the batch has fewer than two parts.
    """
    if isinstance(batch, (tuple, list)) and len(batch) >= 2:
        *inputs, targets = batch
        return (inputs[0] if len(inputs) == 1 else tuple(inputs)), targets
    raise TypeError(f"a batch must be a pair (inputs, targets), got {type(batch).__name__}")


def joined(parts: list[Any]) -> Any:
    """Put the batches of any structure together.

    Sequences of different lengths are filled up with what is not counted, -100 where the
    numbers are whole and NaN elsewhere, so that outputs and targets keep their places.
    What holds no tensor, such as the cache of a language model, is left out.
    """
    first = parts[0]
    if is_listed(first):
        return [value for part in parts for value in part]
    if isinstance(first, Tensor):
        if first.dim() == 0:
            return torch.stack(parts)
        return torch.cat(parts if have_one_shape(parts) else _filled_up(parts))
    if hasattr(first, "items"):
        names = [name for name in first if _holds_tensor(first[name])]
        return {name: joined([part[name] for part in parts]) for name in names}
    if isinstance(first, (tuple, list)):
        columns = zip(*parts, strict=True)
        return tuple(joined(list(c)) for c in columns if _holds_tensor(c[0]))
    return joined([main_output(part) for part in parts])


def _holds_tensor(value: Any) -> bool:
    try:
        main_output(value)
    except TypeError:
        return False
    return True


def have_one_shape(parts: list[Any]) -> bool:
    """Whether batches differ in their number of samples only."""
    shapes = {main_output(part).shape[1:] for part in parts}
    return len(shapes) == 1


def _filled_up(parts: list[Tensor]) -> list[Tensor]:
    if len({part.dim() for part in parts}) > 1:
        raise ValueError("batches have different numbers of dimensions")
    shape = [max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)]
    is_ids = not parts[0].is_floating_point()
    filled: list[Tensor] = []
    for part in parts:
        whole = part.new_full((len(part), *shape), -100 if is_ids else math.nan)
        whole[tuple(slice(size) for size in part.shape)] = part
        filled.append(whole)
    return filled


def _is_dataset(source: Any) -> bool:
    return hasattr(source, "__getitem__") and hasattr(source, "__len__")


def _dataset_of(source: Any) -> Any:
    """Return what holds the samples: a Subset has a `dataset` too, with more of them."""
    return source if _is_dataset(source) else getattr(source, "dataset", source)


def _length(inputs: Any) -> int:
    if isinstance(inputs, Mapping):
        return _length(next(iter(inputs.values())))
    if isinstance(inputs, Sequence) and not is_listed(inputs):
        return _length(inputs[0])
    if isinstance(inputs, Tensor) and inputs.dim() == 0:
        raise TypeError("a batch has no dimension for its samples")
    return len(inputs)


def take(values: Any, numbers: Tensor) -> Any:
    """Return the samples with these numbers of inputs or targets of any structure."""
    if isinstance(values, Mapping):
        return {name: take(value, numbers) for name, value in values.items()}
    if is_listed(values):
        return [values[number] for number in numbers.tolist()]
    if isinstance(values, (tuple, list)):
        return tuple(take(value, numbers) for value in values)
    return values[numbers.to(values.device)]
