"""Which sample stands where: the order of an epoch, and the batches cut from it."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from headway.data.batch import Shard
from headway.data.random import derive_seed

# One axis of any length: the shares of an epoch differ in theirs.
Indices = Int64[Tensor, "_"]


def epoch_order(seed: int, epoch: int, length: int) -> Int64[Tensor, " length"]:
    """Return the order of `length` samples in `epoch`: a permutation, on the CPU.

    Example:
        >>> sorted(epoch_order(0, 3, 4).tolist())
        [0, 1, 2, 3]
    """
    generator = torch.Generator().manual_seed(derive_seed(seed, epoch))
    return torch.randperm(length, generator=generator)


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How an epoch is cut into global batches, and those into the shares of the processes.

    Attributes:
        length: Samples of the data set.
        max_batch_size: Samples of a global batch where the data set has that many.
        shard: The share of this process.
        drop_last: Leave out the samples after the last whole batch. They come at random
            places of other epochs.

    Raises:
        ValueError: If there is no sample, or a batch has fewer samples than processes.
    """

    length: int
    max_batch_size: int
    shard: Shard = Shard()  # noqa: RUF009 - frozen, so that sharing one is safe
    drop_last: bool = True

    def __post_init__(self) -> None:
        _check_length(self.length)
        if self.batch_size < self.shard.world_size:
            raise ValueError(
                f"a batch of {self.batch_size} samples cannot be shared by "
                f"{self.shard.world_size} processes: use a batch_size of at least "
                f"{self.shard.world_size}, or fewer processes"
            )

    @property
    def batch_size(self) -> int:
        """Samples of a whole global batch."""
        return min(self.max_batch_size, self.length)

    @property
    def num_samples(self) -> int:
        """Samples that an epoch visits."""
        rest = self.length % self.batch_size
        # A rest that is smaller than the number of processes would leave one without work.
        is_dropped = self.drop_last or rest < self.shard.world_size
        return self.length - rest if is_dropped else self.length

    @property
    def num_batches(self) -> int:
        """Batches of an epoch."""
        return -(-self.num_samples // self.batch_size)

    def shares(
        self, order: Int64[Tensor, " length"], start: int = 0, *, with_next: bool = False
    ) -> list[tuple[Indices, float]]:
        """Return this process's indices and weight for every batch from `start` on.

        Args:
            order: Order of the epoch.
            start: First batch.
            with_next: Add the sample that follows the share in its global batch, where the
                first one follows the last one.

        Raises:
            ValueError: If `start` is not a position of an epoch.
        """
        if not 0 <= start <= self.num_batches:
            raise ValueError(
                f"start must be a position from 0 to {self.num_batches}, got {start}"
            )
        if start == self.num_batches:
            return []
        chunks = order[start * self.batch_size : self.num_samples].split(self.batch_size)
        if self.shard.world_size == 1 and not with_next:
            return [(chunk, 1.0) for chunk in chunks]
        return [self._share(chunk, with_next) for chunk in chunks]

    def _share(self, chunk: Indices, with_next: bool) -> tuple[Indices, float]:
        part = self.shard.slice(len(chunk))
        share = chunk[part]
        weight = len(share) * self.shard.world_size / len(chunk)
        if with_next:
            following = part.stop % len(chunk)
            share = torch.cat((share, chunk[following : following + 1]))
        return share, weight


class PlannedLoader:
    """What loaders of training batches have in common: the sizes that their plan gives.

    Args:
        plan: How an epoch is cut into batches.
    """

    def __init__(self, plan: TrainingPlan) -> None:
        self._plan = plan

    @property
    def num_samples(self) -> int:
        """Samples of one epoch over all processes."""
        return self._plan.num_samples

    @property
    def num_batches(self) -> int:
        """Batches of one epoch."""
        return self._plan.num_batches

    @property
    def batch_size(self) -> int:
        """Samples of one global batch."""
        return self._plan.batch_size


def evaluation_shares(
    length: int, batch_size: int, shard: Shard
) -> list[tuple[Indices, Bool[Tensor, "_"] | None]]:
    """Return this process's indices and mask for every batch of an evaluation.

    Every process works on a contiguous part of the samples, filled up with repeated samples
    to the same length for all; the mask is False at those. It is None for a single process.

    Args:
        length: Samples of the data set.
        batch_size: Samples of a batch over all processes.
        shard: The share of this process.

    Raises:
        ValueError: If there is no sample.
    """
    _check_length(length)
    part = shard.slice(length)
    local_length = -(-length // shard.world_size)
    positions = torch.arange(part.start, part.start + local_length)
    indices = positions.clamp(max=length - 1).split(max(1, batch_size // shard.world_size))
    if shard.world_size == 1:
        return [(chunk, None) for chunk in indices]
    masks = (positions < part.stop).split(len(indices[0]))
    return list(zip(indices, masks, strict=True))


def _check_length(length: int) -> None:
    if length < 1:
        raise ValueError("a loader needs at least one sample, got an empty split")
