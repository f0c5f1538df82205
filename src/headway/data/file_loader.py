"""Batches of images that lie on disk as files."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch

from headway.data.augmentation import Augmentation, scale_crop_draws
from headway.data.batch import Batch, Shard
from headway.data.decoding import Crop
from headway.data.image_stream import ImageStream
from headway.data.mixing import Mixing
from headway.data.order import (
    Indices,
    PlannedLoader,
    TrainingPlan,
    epoch_order,
    evaluation_shares,
)
from headway.data.preprocessing import Preprocessing
from headway.data.splits import FileSplit


class FileLoader(PlannedLoader):
    """Training batches of a `FileSplit`.

    Worker processes only decode; order, augmentation and preprocessing happen here, on the
    device. So the batches are the same with any number of workers. The samples after the
    last whole batch of an epoch are left out.

    Scaling and cropping alone takes place in the workers, where images are resized: a crop
    then comes from the file, with all of its pixels, and not from what was cut out of its
    centre. Its draws are the same.

    Args:
        split: The files.
        batch_size: Samples of a global batch; the whole split where it has fewer.
        seed: Seed of the order and of the augmentation.
        device: Where the batches are wanted.
        shard: The share of this process.
        augmentation: Random changes to images, made before the preprocessing.
        mixing: Blends of images with others of their global batch, after the augmentation.
        preprocessing: What makes the model's inputs; moved to `device`. None: raw inputs.
        num_workers: Processes that decode ahead; 0 decodes in this process. They live until
            `close` or until this object is gone.

    Raises:
        ValueError: If there is no sample, or a batch has fewer samples than processes.
    """

    def __init__(
        self,
        split: FileSplit,
        *,
        batch_size: int,
        seed: int,
        device: torch.device,
        shard: Shard = Shard(),  # noqa: B008 - frozen
        augmentation: Augmentation | None = None,
        mixing: Mixing | None = None,
        preprocessing: Preprocessing | None = None,
        num_workers: int = 0,
    ) -> None:
        super().__init__(TrainingPlan(len(split), batch_size, shard))
        self._seed = seed
        self._scale_crop: tuple[float, float] | None = None
        if augmentation is not None and split.image_size is not None:
            geometry = augmentation.geometry
            self._scale_crop = geometry.scale_crop
            augmentation = replace(
                augmentation, geometry=replace(geometry, scale_crop=None)
            )
        self._augmentation = augmentation
        self._mixing = mixing if mixing is not None and not mixing.is_identity else None
        self._preprocessing = None if preprocessing is None else preprocessing.to(device)
        self._targets = split.targets.to(device)
        self._images = ImageStream(split, device, num_workers)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of `epoch` (from 0) from position `start` (from 0) on.

        A new iteration ends the one before it.

        Raises:
            DataError: If a file cannot be read.
        """
        order = epoch_order(self._seed, epoch, len(self._targets))
        shares = self._plan.shares(order, start, with_next=self._mixing is not None)
        picks_of_shares = [picks for picks, _ in shares]
        stream = self._images.read(picks_of_shares, self._crops(picks_of_shares, epoch))
        for (images, picks), (_, weight) in zip(stream, shares, strict=True):
            targets = self._targets.index_select(0, picks)
            if self._augmentation is not None:
                images = self._augmentation(images, picks, seed=self._seed, epoch=epoch)
            if self._mixing is not None:
                images, targets = self._mixing(
                    images, targets, picks, seed=self._seed, epoch=epoch
                )
            inputs = images if self._preprocessing is None else self._preprocessing(images)
            yield Batch(inputs, targets, weight)

    def _crops(self, shares: Sequence[Indices], epoch: int) -> list[list[Crop]] | None:
        if self._scale_crop is None:
            return None
        draws = [
            scale_crop_draws(self._scale_crop, share, seed=self._seed, epoch=epoch)
            for share in shares
        ]
        return [[Crop(*one) for one in of_share.tolist()] for of_share in draws]

    def close(self) -> None:
        """End the worker processes; the next iteration starts new ones."""
        self._images.close()


class FileEvaluation:
    """Every sample of a `FileSplit` once, in order.

    Args:
        split: The files.
        batch_size: Samples of a batch over all processes.
        device: Where the batches are wanted.
        shard: The share of this process.
        preprocessing: What makes the model's inputs; moved to `device`. None: raw inputs.
        num_workers: Processes that decode ahead, as in `FileLoader`.

    Raises:
        ValueError: If there is no sample.
    """

    def __init__(
        self,
        split: FileSplit,
        *,
        batch_size: int,
        device: torch.device,
        shard: Shard = Shard(),  # noqa: B008 - frozen
        preprocessing: Preprocessing | None = None,
        num_workers: int = 0,
    ) -> None:
        self._shares = evaluation_shares(len(split), batch_size, shard)
        self._preprocessing = None if preprocessing is None else preprocessing.to(device)
        self._targets = split.targets.to(device)
        self._images = ImageStream(split, device, num_workers)

    @property
    def num_samples(self) -> int:
        """Samples over all processes."""
        return len(self._targets)

    def batches(self) -> Iterator[Batch]:
        """Yield every batch; all processes yield the same number of batches.

        Raises:
            DataError: If a file cannot be read.
        """
        stream = self._images.read([indices for indices, _ in self._shares])
        for (images, picks), (_, mask) in zip(stream, self._shares, strict=True):
            inputs = images if self._preprocessing is None else self._preprocessing(images)
            real = None if mask is None else mask.to(picks.device)
            yield Batch(inputs, self._targets.index_select(0, picks), mask=real)

    def close(self) -> None:
        """End the worker processes; the next iteration starts new ones."""
        self._images.close()
