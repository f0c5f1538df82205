"""Random changes to batches of images against torchvision: 32x32 and 224x224, uint8.

Run: python benchmarks/augmentation.py
"""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from typing import Any

import torch
from torchvision.transforms import v2

from headway.data import (
    Augmentation,
    AutoAugment,
    ColorJitter,
    Geometry,
    RandAugment,
    TrivialAugment,
)
from headway.engine.machine import keep_freed_memory
from timing import Report, Runs, alternate, compare, in_child, parser, seconds_per_call

JITTER = 0.4
NOTES = (
    "headway draws for every sample; torchvision on the batch draws once for all of it.",
    "Crop, flip, cutout, jitter: crops with an eighth of the side as padding, mirror images, "
    "a square of a quarter of the side, brightness and contrast by up to 40 %.",
    "Milliseconds for the whole batch; uint8 in, uint8 out.",
    "Freed memory kept: as `headway train` has it by default (`machine.allocator`), for all "
    "arms. glibc as it is returns large tensors to the system and gets new pages each time.",
)
POLICIES = {False: "glibc as it is", True: "freed memory kept"}
Arm = Callable[[], Any]


def standard_arms(batch: int, side: int) -> dict[str, Arm]:
    """Return the ways to crop, flip, cut out and jitter a batch."""
    images, indices = _images(batch, side), torch.arange(batch)
    cutout = side // 4
    ours = Augmentation(
        flip=True,
        crop_padding=side // 8,
        cutout=cutout,
        color=ColorJitter(brightness=JITTER, contrast=JITTER),
    )
    theirs = v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomCrop(side, padding=side // 8),
            v2.ColorJitter(brightness=JITTER, contrast=JITTER),
            v2.RandomErasing(p=1.0, scale=(cutout**2 / side**2,) * 2, ratio=(1.0, 1.0)),
        ]
    )
    return {
        "torchvision per sample": lambda: [theirs(image) for image in images],
        "torchvision on the batch": lambda: theirs(images),
        "headway per sample": _every_epoch(ours, images, indices),
    }


def other_arms(batch: int, side: int) -> dict[str, dict[str, Arm]]:
    """Return the other changes by name, each with torchvision per sample and ours."""
    images, indices = _images(batch, side), torch.arange(batch)
    bilinear = {"interpolation": v2.InterpolationMode.BILINEAR}
    pairs: dict[str, tuple[Any, Augmentation]] = {
        "rotation, shear and scale": (
            v2.RandomAffine(15, scale=(0.8, 1.25), shear=(-5, 5, -5, 5), **bilinear),
            Augmentation(geometry=Geometry(rotation=15.0, shear=5.0, scale=0.25)),
        ),
        "brightness, contrast and saturation": (
            v2.ColorJitter(JITTER, JITTER, JITTER),
            Augmentation(
                color=ColorJitter(brightness=JITTER, contrast=JITTER, saturation=JITTER)
            ),
        ),
        "AutoAugment": (
            v2.AutoAugment(v2.AutoAugmentPolicy.CIFAR10),
            Augmentation(policy=AutoAugment("cifar10")),
        ),
        "RandAugment": (v2.RandAugment(), Augmentation(policy=RandAugment())),
        "TrivialAugment": (v2.TrivialAugmentWide(), Augmentation(policy=TrivialAugment())),
    }
    return {
        name: {
            "torchvision per sample": partial(_one_by_one, theirs, images),
            "headway per sample": _every_epoch(ours, images, indices),
        }
        for name, (theirs, ours) in pairs.items()
    }


def measure(arms: Mapping[str, Arm], *, repeats: int, calls: int) -> dict[str, Runs]:
    """Return the seconds of a call of each arm in each round."""
    timed = {
        name: partial(seconds_per_call, arm, calls=1 if _is_slow(name) else calls)
        for name, arm in arms.items()
    }
    found = alternate(timed, repeats=repeats)
    return {name: Runs(tuple(values)) for name, values in found.items()}


def standard_runs(
    batch: int, side: int, keeps_memory: bool, repeats: int, calls: int
) -> dict[str, Runs]:
    """Measure the ways to crop, flip, cut out and jitter, in a process of its own."""
    if keeps_memory and not keep_freed_memory():
        raise RuntimeError("the allocator policy needs glibc")
    return measure(standard_arms(batch, side), repeats=repeats, calls=calls)


def _is_slow(name: str) -> bool:
    return name == "torchvision per sample"


def _images(batch: int, side: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = (batch, 3, side, side)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


def _one_by_one(
    transform: Callable[[torch.Tensor], Any], images: torch.Tensor
) -> list[Any]:
    return [transform(image) for image in images]


def _every_epoch(augment: Augmentation, images: torch.Tensor, indices: torch.Tensor) -> Arm:
    epochs = count()
    return lambda: augment(images, indices, seed=0, epoch=next(epochs))


def main() -> None:
    """Read the command line, measure and report."""
    command = parser(__doc__, threads=1, repeats=11)
    command.add_argument("--calls", type=int, default=10, help="calls of a run")
    arguments = command.parse_args()
    torch.set_num_threads(arguments.threads)
    report = Report("augmentation", arguments, NOTES)
    repeats, calls, threads = arguments.repeats, arguments.calls, arguments.threads
    for batch, side in ((512, 32), (64, 224)):
        for keeps_memory, memory in POLICIES.items():
            settings = (batch, side, keeps_memory, repeats, calls)
            runs = in_child(threads, standard_runs, *settings)
            title = (
                f"Crop, flip, cutout, jitter: {batch} images of 3x{side}x{side}, {memory}"
            )
            base = "torchvision on the batch"
            report.add(compare(title, runs, base=base, unit="ms", scale=1000))
    for name, arms in other_arms(512, 32).items():
        runs = measure(arms, repeats=3, calls=3)
        title = f"{name}: 512 images of 3x32x32"
        base = "torchvision per sample"
        report.add(compare(title, runs, base=base, unit="ms", scale=1000))


if __name__ == "__main__":
    main()
