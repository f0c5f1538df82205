"""Images decoded from files batch by batch, here or in worker processes."""

import multiprocessing
import os
import threading
import warnings
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import torch
from jaxtyping import UInt8
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from headway.data.decoding import Crop
from headway.data.image_stack import stack_images
from headway.data.order import Indices
from headway.data.splits import FileSplit
from headway.errors import DataError

ReadBatch = tuple[UInt8[Tensor, "_ channels height width"], Indices]
# Crops of the samples of every batch, or None where all are cut out of the centre.
Crops = Sequence[Sequence[Crop]] | None


class ImageStream:
    """Decodes lists of samples, in worker processes that stay from reading to reading.

    Args:
        split: The files.
        device: Where the images are wanted.
        num_workers: Processes that decode ahead; 0 decodes in this process.
    """

    def __init__(self, split: FileSplit, device: torch.device, num_workers: int) -> None:
        self._split = split
        self._device = device
        self._num_workers = num_workers
        # What the workers are to decode: changed in place, as the loader keeps hold of it.
        self._lists: list[list[tuple[int, Crop | None]]] = []
        self._loader: DataLoader[Any] | None = None
        self._reading: Generator[ReadBatch, None, None] | None = None

    def read(self, shares: Sequence[Indices], crops: Crops = None) -> Iterator[ReadBatch]:
        """Yield the images and the indices of every share, on the device.

        A new reading ends the one before it.

        Args:
            shares: Numbers of the samples of every batch.
            crops: What is cut out of them.

        Raises:
            DataError: If a file cannot be read, or a worker process dies.
        """
        self._end_reading()
        if self._loader is None:
            self._loader = self._start()
        centres = [[None] * len(share) for share in shares]
        self._lists[:] = [
            list(zip(share.tolist(), of_share, strict=True))
            for share, of_share in zip(shares, crops or centres, strict=True)
        ]
        self._reading = _read(self._loader, shares, self._device)
        return self._reading

    def close(self) -> None:
        """End the worker processes; the next reading starts new ones."""
        self._end_reading()
        iterator = getattr(self._loader, "_iterator", None)
        if iterator is not None:
            # torch has no public way to end workers at once: dropping the loader does not
            # where something still refers to it, such as the traceback of a damaged file.
            iterator._shutdown_workers()
        self._loader = None

    def _end_reading(self) -> None:
        # A reading that was left half-way would keep the workers alive, or take the batches
        # of the next one.
        if self._reading is not None:
            self._reading.close()

    def _start(self) -> DataLoader[Any]:
        """Return a loader whose workers wait for what they are to decode."""
        self._lists.clear()
        loader = DataLoader(
            _ImageLists(self._split),
            batch_size=None,
            sampler=self._lists,
            num_workers=self._num_workers,
            collate_fn=_keep,
            pin_memory=self._device.type == "cuda",
            worker_init_fn=_begin_worker,
            # Its own generator, as the loader would draw from the global one otherwise.
            generator=torch.Generator(),
            persistent_workers=self._num_workers > 0,
        )
        with warnings.catch_warnings():
            # Python 3.12 warns of forking beside threads, whose locks stay locked in a
            # worker. It takes none of them: it decodes on one thread, and prints past the bar.
            warnings.filterwarnings("ignore", r".*use of fork\(\)", DeprecationWarning)
            iter(loader)
        return loader


def _read(
    loader: DataLoader[Any], shares: Sequence[Indices], device: torch.device
) -> Generator[ReadBatch, None, None]:
    try:
        for share, images in zip(shares, loader, strict=True):
            if isinstance(images, DataError):
                raise images
            yield images.to(device, non_blocking=True), share.to(device, non_blocking=True)
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise DataError(
            f"a process that decodes images has died ({error}): most often memory or "
            "shared memory has run out. Use fewer workers, or 0"
        ) from error


class _ImageLists(Dataset[Any]):
    """A data set whose keys are lists of samples: each is one batch."""

    def __init__(self, split: FileSplit) -> None:
        self._split = split

    def __getitem__(self, samples: list[tuple[int, Crop | None]]) -> Tensor | DataError:
        # An error that is raised would reach the user inside the traceback of a worker.
        indices, crops = zip(*samples, strict=True)
        try:
            return stack_images(self._split, indices, map(self._split.read, indices, crops))
        except DataError as error:
            return error


def _keep(images: Any) -> Any:
    return images


def _begin_worker(_: int) -> None:
    """Leave signals to the group, such as Ctrl-C, to the process that saves the run.

    The worker ends with that process, however it ends.
    """
    if os.name == "posix":
        os.setpgrp()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # torch has a worker look who its parent is, and whether that changes: one whose parent
    # was killed before the first look would stay for ever.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
