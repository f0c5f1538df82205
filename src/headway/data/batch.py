"""What a loader hands to the engine, and what the engine expects of a loader."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch, or this process's share of it, on the device and ready for the model.

    Attributes:
        inputs: What the model is called with: a tensor, or a tuple or dict of tensors.
        targets: What the task compares the outputs with.
        weight: Share of the global batch that is here, times the number of processes: 1
            where all shares are equal. Losses are multiplied by it before the gradients are
            averaged over the processes, so that every sample counts the same.
        mask: True where a sample is real and False where it only pads an evaluation batch
            (shape: batch), or None where all are real.
    """

    inputs: Any
    targets: Any
    weight: float = 1.0
    mask: Tensor | None = None


@runtime_checkable
class TrainingData(Protocol):
    """Batches whose order and contents are a function of the seed and the position."""

    @property
    def num_samples(self) -> int:
        """Samples of one epoch over all processes."""
        ...

    @property
    def num_batches(self) -> int:
        """Optimizer steps of one epoch."""
        ...

    @property
    def batch_size(self) -> int:
        """Samples of one global batch."""
        ...

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of `epoch` (from 0) from position `start` (from 0) on."""
        ...


@runtime_checkable
class EvaluationData(Protocol):
    """Every sample once, in a fixed order, without augmentation."""

    @property
    def num_samples(self) -> int:
        """Samples over all processes."""
        ...

    def batches(self) -> Iterator[Batch]:
        """Yield every batch; all processes yield the same number of batches."""
        ...


@dataclass(frozen=True, slots=True)
class Shard:
    """Which part of every global batch this process works on.

    Attributes:
        rank: Number of this process, from 0.
        world_size: Number of processes.
    """

    rank: int = 0
    world_size: int = 1

    def slice(self, length: int) -> slice:
        """Return this process's share of `length` samples; shares differ by one at most."""
        bounds = [length * rank // self.world_size for rank in (self.rank, self.rank + 1)]
        return slice(*bounds)
