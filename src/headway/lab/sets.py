"""Data sets that the lab makes: written once below the folder of an experiment."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from headway.data import ArraySplit, read_source

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
Parts = dict[str, tuple[Images, Labels]]


def digits_set(
    folder: Path,
    *,
    seed: int,
    train: int,
    val: int = 0,
    test: int = 0,
    noise: float = 0.0,
    noisy_parts: Collection[str] = ("train",),
) -> Path:
    """Return a file with some of the digits, of which some have a wrong label.

    Args:
        folder: Folder of the experiment.
        seed: Decides which digits are in which part, and which labels are wrong.
        train: Digits to learn from.
        val: Digits to choose by.
        test: Digits held out.
        noise: Share of the labels that are replaced by another class.
        noisy_parts: Parts in which they are.
    """
    rng = np.random.default_rng(seed)
    parts = _draw(rng, {"train": train, "val": val, "test": test})
    for part in sorted(noisy_parts):
        images, labels = parts[part]
        parts[part] = (images, _with_noise(labels, noise, rng))
    words = [f"{train}-{val}-{test}", f"noise-{noise:g}", *sorted(noisy_parts), str(seed)]
    return _written(folder / "data" / f"digits-{'-'.join(words)}.npz", parts)


def shifted_digits(folder: Path, *, seed: int, train: int, test: int) -> Path:
    """Return the test part of `digits_set`, each digit shifted by one pixel.

    It goes to one of its eight neighbors, and zeros come in at the border.
    """
    rng = np.random.default_rng(seed)
    images, labels = _draw(rng, {"train": train, "val": 0, "test": test})["test"]
    shifts = [(y, x) for y in (0, 1, 2) for x in (0, 1, 2) if (y, x) != (1, 1)]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    height, width = images.shape[1:]
    moved = np.stack(
        [
            image[y : y + height, x : x + width]
            for image, (y, x) in zip(padded, rng.choice(shifts, len(images)), strict=True)
        ]
    )
    path = folder / "data" / f"shifted-{train}-{test}-{seed}.npz"
    return _written(path, {"train": (moved, labels)})


def moved_digits(folder: Path, *, offset: float, factor: float = 1.0) -> Path:
    """Return all digits with mean `offset` and standard deviation `factor` over all pixels."""
    split = cast(ArraySplit, read_source("digits").train)
    images = split.inputs[:, 0].numpy().astype(np.float32)
    moved = offset + factor * (images - images.mean()) / images.std()
    arrays = {"x_train": moved.astype(np.float32), "y_train": split.targets.numpy()}
    return write_set(folder / "data" / f"moved-{offset:g}-{factor:g}.npz", arrays)


def write_set(path: Path, arrays: Mapping[str, NDArray[Any]]) -> Path:
    """Write a set, unless it is there; of several processes each writes the same.

    Args:
        path: The .npz file.
        arrays: x_train, y_train, and x_val, y_val, x_test, y_test where there are any.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.stem}-{os.getpid()}.npz")
        np.savez(temporary, allow_pickle=False, **arrays)
        temporary.replace(path)
    return path


def _draw(rng: np.random.Generator, sizes: Mapping[str, int]) -> Parts:
    """Divide the digits at random into parts of these sizes."""
    split = cast(ArraySplit, read_source("digits").train)
    images, labels = split.inputs[:, 0].numpy(), split.targets.numpy()
    order = rng.permutation(len(labels))
    ends = np.cumsum(list(sizes.values()))
    assert ends[-1] <= len(labels)
    return {
        part: (images[order[end - size : end]], labels[order[end - size : end]])
        for (part, size), end in zip(sizes.items(), ends, strict=True)
    }


def _with_noise(labels: Labels, share: float, rng: np.random.Generator) -> Labels:
    is_wrong = rng.permutation(len(labels)) < round(share * len(labels))
    return np.where(is_wrong, (labels + rng.integers(1, 10, len(labels))) % 10, labels)


def _written(path: Path, parts: Parts) -> Path:
    arrays: dict[str, NDArray[Any]] = {}
    for part, (images, labels) in parts.items():
        if len(labels):
            arrays |= {f"x_{part}": images, f"y_{part}": labels}
    return write_set(path, arrays)


def differences(folder: Path, *, seed: int, low: float, high: float) -> Path:
    """Return pairs of numbers from `low` to `high` whose target is their difference.

    Each pair comes in both orders, so that the targets have mean 0.
    """
    values = np.random.default_rng(seed).uniform(low, high, (500, 2))
    pairs = np.concatenate([values, values[:, ::-1]]).astype(np.float32)
    arrays = {
        "x_train": pairs,
        "y_train": pairs[:, 0] - pairs[:, 1],
        "x_val": pairs[:100],
        "y_val": pairs[:100, 0] - pairs[:100, 1],
    }
    return write_set(folder / "data" / f"differences-{low:g}-{high:g}-{seed}.npz", arrays)


def digits_of(
    folder: Path, *, seed: int, classes: tuple[int, ...], per_class: int | None
) -> Path:
    """Return the digits of some classes, numbered from 0.

    Args:
        folder: Folder of the experiment.
        seed: Decides which digits are learned from.
        classes: Which digits; each is divided alike whatever the others are.
        per_class: Digits of each class to learn from, at most two thirds of them, which
            None stands for; the last third is for validation.
    """
    split = cast(ArraySplit, read_source("digits").train)
    images, labels = split.inputs[:, 0].numpy(), split.targets.numpy()
    train: list[NDArray[np.int64]] = []
    val: list[NDArray[np.int64]] = []
    for digit in classes:
        rng = np.random.default_rng((seed, digit))
        order = rng.permutation(np.flatnonzero(labels == digit))
        held = len(order) // 3
        train.append(order[held:][:per_class])
        val.append(order[:held])
    parts = {
        part: (
            images[np.concatenate(rows)],
            _numbered(labels[np.concatenate(rows)], classes),
        )
        for part, rows in (("train", train), ("val", val))
    }
    words = ["".join(map(str, classes)), str(per_class or "all"), str(seed)]
    return _written(folder / "data" / f"digits-of-{'-'.join(words)}.npz", parts)


def _numbered(labels: Labels, classes: tuple[int, ...]) -> Labels:
    return np.searchsorted(np.array(classes), labels)
