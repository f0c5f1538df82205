"""Batches of samples that lie in memory, on the device, as a whole."""

import math
from collections.abc import Iterator

import torch
from jaxtyping import Shaped
from torch import Tensor

from headway.data.augmentation import Augmentation
from headway.data.batch import Batch, Shard
from headway.data.mixing import Mixing
from headway.data.order import PlannedLoader, TrainingPlan, epoch_order, evaluation_shares
from headway.data.preprocessing import Preprocessing
from headway.data.splits import ArraySplit

# Up to here a second copy of the inputs, in float32, is small beside what a training needs.
_MAX_PREPARED_BYTES = 256 << 20
_CHUNK = 4096


class ArrayLoader(PlannedLoader):
    """Training batches of an `ArraySplit`.

    The samples go to the device once. Without augmentation, and while the result is small,
    they are preprocessed there once as well, so that a step only gathers.

    Args:
        split: The samples.
        batch_size: Samples of a global batch; the whole split where it has fewer.
        seed: Seed of the order and of the augmentation.
        device: Where the batches are wanted.
        shard: The share of this process.
        augmentation: Random changes to images, made before the preprocessing.
        mixing: Blends of images with others of their global batch, after the augmentation.
        preprocessing: What makes the model's inputs; moved to `device`. None: raw inputs.
        drop_last: Leave out the samples after the last whole batch of an epoch.

    Raises:
        ValueError: If there is no sample, or a batch has fewer samples than processes.

    Example:
        >>> split = ArraySplit(torch.rand(10, 3), torch.arange(10))
        >>> loader = ArrayLoader(split, batch_size=4, seed=0, device=torch.device("cpu"))
        >>> [len(batch.targets) for batch in loader.batches(epoch=0)]
        [4, 4]
    """

    def __init__(
        self,
        split: ArraySplit,
        *,
        batch_size: int,
        seed: int,
        device: torch.device,
        shard: Shard = Shard(),  # noqa: B008 - frozen
        augmentation: Augmentation | None = None,
        mixing: Mixing | None = None,
        preprocessing: Preprocessing | None = None,
        drop_last: bool = True,
    ) -> None:
        super().__init__(TrainingPlan(len(split), batch_size, shard, drop_last))
        self._seed = seed
        self._device = device
        is_augmented = augmentation is not None and not augmentation.is_identity
        self._augmentation = augmentation if is_augmented else None
        self._mixing = mixing if mixing is not None and not mixing.is_identity else None
        is_changed = is_augmented or self._mixing is not None
        self._targets = split.targets.to(device)
        self._inputs, self._preprocessing = _on_device(
            split.inputs, preprocessing, device, can_prepare=not is_changed
        )

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of `epoch` (from 0) from position `start` (from 0) on."""
        order = epoch_order(self._seed, epoch, len(self._targets)).to(self._device)
        inputs, targets = self._inputs, self._targets
        shares = self._plan.shares(order, start, with_next=self._mixing is not None)
        for indices, weight in shares:
            gathered = inputs.index_select(0, indices)
            answers = targets.index_select(0, indices)
            if self._augmentation is not None:
                gathered = self._augmentation(
                    gathered, indices, seed=self._seed, epoch=epoch
                )
            if self._mixing is not None:
                gathered, answers = self._mixing(
                    gathered, answers, indices, seed=self._seed, epoch=epoch
                )
            if self._preprocessing is not None:
                gathered = self._preprocessing(gathered)
            yield Batch(gathered, answers, weight)


class ArrayEvaluation:
    """Every sample of an `ArraySplit` once, in order.

    Args:
        split: The samples.
        batch_size: Samples of a batch over all processes.
        device: Where the batches are wanted.
        shard: The share of this process.
        preprocessing: What makes the model's inputs; moved to `device`. None: raw inputs.

    Raises:
        ValueError: If there is no sample.
    """

    def __init__(
        self,
        split: ArraySplit,
        *,
        batch_size: int,
        device: torch.device,
        shard: Shard = Shard(),  # noqa: B008 - frozen
        preprocessing: Preprocessing | None = None,
    ) -> None:
        self._shares = [
            (indices.to(device), None if mask is None else mask.to(device))
            for indices, mask in evaluation_shares(len(split), batch_size, shard)
        ]
        self._targets = split.targets.to(device)
        self._inputs, self._preprocessing = _on_device(
            split.inputs, preprocessing, device, can_prepare=True
        )

    @property
    def num_samples(self) -> int:
        """Samples over all processes."""
        return len(self._targets)

    def batches(self) -> Iterator[Batch]:
        """Yield every batch; all processes yield the same number of batches."""
        for indices, mask in self._shares:
            inputs = self._inputs.index_select(0, indices)
            if self._preprocessing is not None:
                inputs = self._preprocessing(inputs)
            yield Batch(inputs, self._targets.index_select(0, indices), mask=mask)


def _on_device(
    inputs: Shaped[Tensor, "samples *shape"],
    preprocessing: Preprocessing | None,
    device: torch.device,
    *,
    can_prepare: bool,
) -> tuple[Shaped[Tensor, "samples *shape"], Preprocessing | None]:
    """Return the inputs on the device, and what is still to be done with them there."""
    inputs = inputs.to(device).contiguous()
    if preprocessing is None:
        return inputs, None
    preprocessing = preprocessing.to(device)
    prepared_bytes = math.prod(inputs.shape) * torch.float32.itemsize
    if not can_prepare or prepared_bytes > _MAX_PREPARED_BYTES:
        return inputs, preprocessing
    return torch.cat([preprocessing(chunk) for chunk in inputs.split(_CHUNK)]), None
