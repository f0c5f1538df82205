"""How many images a second the loaders deliver, beside torchvision in a torch DataLoader.

Nothing trains meanwhile, so the workers of a DataLoader have the cores to themselves.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, RandomSampler
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from headway.data import (
    ArrayLoader,
    ArraySplit,
    Augmentation,
    FileLoader,
    FileSplit,
    fit_preprocessing,
)
from timing import Report, Runs, Table, alternate, figure, parser

CPU = torch.device("cpu")
NUM_IMAGES = 50_000
BATCH_SIZE = 512
CUTOUT = 16
WORKERS = (0, 1, 2)
NUM_FILES, FILE_SIDE, CROP_SIDE, FILE_BATCH = 500, 256, 224, 50
MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)
NOTES = (
    "In memory: uint8 images of 3x32x32; flip, pad by 4 and crop, a blank square of 16 "
    "(torchvision: RandomErasing, wholly inside the image), then float32 with mean and "
    "standard deviation; batches of 512.",
    "torchvision on a whole batch draws once for all its images, which is another, weaker "
    "augmentation; it is here for its speed only.",
    "Files: JPEG of 256x256, decoded, 224x224 cut out after resizing, flipped, normalized; "
    "batches of 50; whole epochs, worker processes already started.",
)
Arm = Callable[[], float]


def rate(start: Callable[[], Iterable[Any]], *, batches: int, batch_size: int) -> float:
    """Return the images per second over the first batches that an epoch yields."""
    begin = time.perf_counter()
    done = sum(1 for _ in islice(start(), batches))
    assert done == batches, f"the loader has {done} batches only"
    return done * batch_size / (time.perf_counter() - begin)


class Samples(Dataset[Any]):
    """Images in memory with a transform for each."""

    def __init__(self, split: ArraySplit, transform: Callable[[Tensor], Tensor]) -> None:
        self._split = split
        self._transform = transform

    def __len__(self) -> int:
        return len(self._split)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self._transform(self._split.inputs[index]), self._split.targets[index]


def array_arms(batches: int) -> dict[str, Arm]:
    """Return the ways to augment images that lie in memory."""
    generator = torch.Generator().manual_seed(0)
    shape = (NUM_IMAGES, 3, 32, 32)
    images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    split = ArraySplit(images, torch.randint(10, (NUM_IMAGES,), generator=generator))
    transform = v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomCrop(32, padding=4),
            v2.RandomErasing(p=1.0, scale=(CUTOUT**2 / 32**2,) * 2, ratio=(1.0, 1.0)),
            *_to_float(),
        ]
    )
    measure = partial(rate, batches=batches, batch_size=BATCH_SIZE)
    arms: dict[str, Arm] = {}
    for workers in WORKERS:
        loader = DataLoader(
            Samples(split, transform),
            batch_size=BATCH_SIZE,
            sampler=RandomSampler(split.targets, num_samples=batches * BATCH_SIZE),
            num_workers=workers,
            persistent_workers=workers > 0,
        )
        name = f"torchvision per image, {workers} workers"
        arms[name] = partial(measure, partial(iter, loader))
    start = partial(_whole_batches, split, transform)
    arms["torchvision on the batch"] = partial(measure, start)
    arms["headway ArrayLoader"] = partial(measure, _array_epochs(split))
    return arms


def _to_float() -> list[Any]:
    return [v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]


def _array_epochs(split: ArraySplit) -> Callable[[], Iterable[Any]]:
    loader = ArrayLoader(
        split,
        batch_size=BATCH_SIZE,
        seed=0,
        device=CPU,
        augmentation=Augmentation(flip=True, crop_padding=4, cutout=CUTOUT),
        preprocessing=fit_preprocessing("channel-mean-std", split),
    )
    epochs = count()
    return lambda: loader.batches(next(epochs))


def _whole_batches(
    split: ArraySplit, transform: Callable[[Tensor], Tensor]
) -> Iterable[tuple[Tensor, Tensor]]:
    for indices in torch.randperm(len(split)).split(BATCH_SIZE):
        images = split.inputs.index_select(0, indices)
        yield transform(images), split.targets.index_select(0, indices)


def write_images(folder: Path) -> None:
    """Write JPEG images of smooth random colors, in ten classes."""
    random = np.random.default_rng(0)
    for index in range(NUM_FILES):
        small = random.integers(0, 256, (24, 24, 3), dtype=np.uint8)
        image = Image.fromarray(small).resize((FILE_SIDE,) * 2, Image.Resampling.BICUBIC)
        path = folder / f"class-{index % 10}" / f"{index:04}.jpg"
        path.parent.mkdir(exist_ok=True)
        image.save(path, quality=90)


def file_arms(samples: ImageFolder, workers: int, stack: ExitStack) -> dict[str, Arm]:
    """Return the ways to read a folder of images; `stack` ends their workers."""
    paths = tuple(Path(path) for path, _ in samples.samples)
    split = FileSplit(paths, torch.tensor(samples.targets), "RGB", CROP_SIDE)
    ours = FileLoader(
        split,
        batch_size=FILE_BATCH,
        seed=0,
        device=CPU,
        augmentation=Augmentation(flip=True),
        preprocessing=fit_preprocessing("channel-mean-std", split),
        num_workers=workers,
    )
    stack.enter_context(closing(ours))
    theirs = DataLoader(
        samples,
        batch_size=FILE_BATCH,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    epochs = map(ours.batches, count())
    measure = partial(rate, batches=NUM_FILES // FILE_BATCH, batch_size=FILE_BATCH)
    return {
        "torchvision ImageFolder": partial(measure, partial(iter, theirs)),
        "headway FileLoader": partial(measure, partial(next, epochs)),
    }


def rates_table(title: str, arms: dict[str, Arm], *, repeats: int) -> Table:
    """Measure the arms in turn; the first is what the others are compared with."""
    found = alternate(arms, repeats=repeats)
    runs = {name: Runs(tuple(values)) for name, values in found.items()}
    base = next(iter(runs.values())).median
    rows = [["arm", "images/s", "spread images/s", "ratio to the first", "runs"]]
    for name, of in runs.items():
        ratio = f"{of.median / base:.2f}"
        rows.append([name, figure(of.median), figure(of.spread), ratio, str(repeats)])
    return Table(title, rows)


def file_tables(arguments: argparse.Namespace) -> Iterator[Table]:
    """Measure the ways to read image files, for each number of workers."""
    transform = v2.Compose(
        [
            v2.Resize(CROP_SIDE),
            v2.CenterCrop(CROP_SIDE),
            v2.RandomHorizontalFlip(),
            v2.PILToTensor(),
            *_to_float(),
        ]
    )
    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder))
        samples = ImageFolder(folder, transform)
        for workers in WORKERS:
            title = f"{NUM_FILES} JPEG files of {FILE_SIDE}x{FILE_SIDE}, {workers} workers"
            with ExitStack() as stack:
                arms = file_arms(samples, workers, stack)
                yield rates_table(title, arms, repeats=arguments.repeats)


def main() -> None:
    """Read the command line, measure and report."""
    command = parser(__doc__, threads=1, repeats=7)
    command.add_argument(
        "--batches", type=int, default=20, help="batches of a run in memory"
    )
    arguments = command.parse_args()
    torch.set_num_threads(arguments.threads)
    report = Report("data_throughput", arguments, NOTES)
    title = f"Images in memory, {arguments.batches} batches of {BATCH_SIZE}"
    arms = array_arms(arguments.batches)
    report.add(rates_table(title, arms, repeats=arguments.repeats))
    for table in file_tables(arguments):
        report.add(table)


if __name__ == "__main__":
    main()
