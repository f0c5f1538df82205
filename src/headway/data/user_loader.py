"""A torch DataLoader of the user's own, as training or evaluation data."""

from collections.abc import Callable, Iterator, Sized
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from headway.data.batch import Batch
from headway.data.random import derive_seed
from headway.errors import DataError


class LoaderData:
    """Training batches of any DataLoader that yields pairs (inputs, targets).

    Before every epoch the generators of the loader and of its samplers are seeded from
    `seed` and the epoch, and `set_epoch` of a distributed sampler is called. All that the
    loader draws from torch's global generator comes from a stream of its own, which leaves
    the global state alone. To start in the middle, the batches before are read and dropped.

    So a run continues exactly, as far as the loader draws from torch in this process or in
    workers that do not persist; other sources, such as NumPy's in this process, are not
    under control.

    Args:
        loader: Its pairs may hold tensors, or tuples, lists and dicts of tensors.
        seed: Seed of the run.
        device: Where the batches are wanted.
        world_size: Number of processes; the loader of each must yield its share, as with
            torch's DistributedSampler.

    Raises:
        DataError: If the loader has no length or no batch.

    Example:
        >>> pairs = [(torch.rand(3), 0), (torch.rand(3), 1)]
        >>> loader = DataLoader(pairs, batch_size=2, shuffle=True)
        >>> data = LoaderData(loader, seed=0, device=torch.device("cpu"))
        >>> next(data.batches(epoch=0)).inputs.shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        loader: DataLoader[Any],
        *,
        seed: int,
        device: torch.device,
        world_size: int = 1,
    ) -> None:
        self._num_batches = _length(loader)
        self._loader = loader
        self._seed = seed
        self._device = device
        self._world_size = world_size

    @property
    def num_samples(self) -> int:
        """Samples of one epoch over all processes, as far as the loader tells."""
        whole_batches = self._num_batches * self.batch_size
        return min(whole_batches, self._sampler_length * self._world_size)

    @property
    def num_batches(self) -> int:
        """Batches of one epoch."""
        return self._num_batches

    @property
    def batch_size(self) -> int:
        """Samples of one global batch, as far as the loader tells."""
        told = self._loader.batch_size or getattr(
            self._loader.batch_sampler, "batch_size", 0
        )
        return (told or -(-self._sampler_length // self._num_batches)) * self._world_size

    @property
    def _sampler_length(self) -> int:
        """Samples that this process visits in an epoch."""
        sampler: object = self._loader.sampler
        if isinstance(sampler, Sized):
            return len(sampler)
        return self._num_batches * (self._loader.batch_size or 1)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of `epoch` (from 0) from position `start` (from 0) on.

        Raises:
            DataError: If a batch is not a pair.
        """
        seed = derive_seed(self._seed, epoch)
        _seed_loader(self._loader, seed, epoch)
        randomness = _OwnRandomness(seed)
        iterator = randomness.call(lambda: iter(self._loader))
        for position in range(self._num_batches):
            batch = randomness.call(lambda: next(iterator, None))
            if batch is None:
                return
            if position >= start:
                yield _as_batch(batch, self._device)


class LoaderEvaluation:
    """Every batch of any DataLoader that yields pairs (inputs, targets), in its order.

    Args:
        loader: One that does not shuffle; as for `LoaderData` otherwise. With several
            processes it must yield its share, as many batches as the others.
        device: Where the batches are wanted.

    Raises:
        DataError: If the data set has no length.
    """

    def __init__(self, loader: DataLoader[Any], *, device: torch.device) -> None:
        if not isinstance(loader.dataset, Sized):
            raise DataError(
                "the data set of the loader has no length, and an evaluation needs to know "
                "its number of samples: give it a __len__"
            )
        self._num_samples = len(loader.dataset)
        self._loader = loader
        self._device = device

    @property
    def num_samples(self) -> int:
        """Samples over all processes."""
        return self._num_samples

    def batches(self) -> Iterator[Batch]:
        """Yield every batch; all processes yield the same number of batches.

        Raises:
            DataError: If a batch is not a pair.
        """
        randomness = _OwnRandomness(0)
        iterator = randomness.call(lambda: iter(self._loader))
        while (batch := randomness.call(lambda: next(iterator, None))) is not None:
            yield _as_batch(batch, self._device)


class _OwnRandomness:
    """A stream of torch's global generator that leaves its state outside as it was."""

    def __init__(self, seed: int) -> None:
        self._state = torch.Generator().manual_seed(seed).get_state()

    def call(self, function: Callable[[], Any]) -> Any:
        outside = torch.get_rng_state()
        torch.set_rng_state(self._state)
        try:
            return function()
        finally:
            self._state = torch.get_rng_state()
            torch.set_rng_state(outside)


def _length(loader: DataLoader[Any]) -> int:
    try:
        length = len(loader)
    except TypeError as error:
        raise DataError(
            "the loader has no length, and an epoch needs a known number of batches: give "
            "its data set a __len__"
        ) from error
    if length == 0:
        raise DataError(
            "the loader has no batch: its data set is empty, or smaller than one batch "
            "with drop_last=True"
        )
    return length


def _seed_loader(loader: DataLoader[Any], seed: int, epoch: int) -> None:
    batch_sampler: object = loader.batch_sampler
    samplers = (loader.sampler, batch_sampler, getattr(batch_sampler, "sampler", None))
    for owner in (loader, *samplers):
        generator = getattr(owner, "generator", None)
        if isinstance(generator, torch.Generator):
            generator.manual_seed(seed)
        set_epoch = getattr(owner, "set_epoch", None)
        if callable(set_epoch):
            set_epoch(epoch)


def _as_batch(batch: Any, device: torch.device) -> Batch:
    if not isinstance(batch, list | tuple) or len(batch) != 2:
        size = f" of {len(batch)}" if isinstance(batch, Sized) else ""
        raise DataError(
            "a batch of the loader must be a pair (inputs, targets), got a "
            f"{type(batch).__name__}{size}: return a pair from the data set or collate_fn"
        )
    inputs, targets = batch
    return Batch(_to_device(inputs, device), _to_device(targets, device))


def _to_device(value: Any, device: torch.device) -> Any:
    """Move the tensors in `value`, which keeps its structure."""
    if isinstance(value, Tensor):
        return value.to(device, non_blocking=True)
    if isinstance(value, dict):
        return {key: _to_device(item, device) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_to_device(item, device) for item in value))
    if isinstance(value, list | tuple):
        return type(value)(_to_device(item, device) for item in value)
    return value
