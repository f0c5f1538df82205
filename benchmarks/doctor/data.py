"""Small real data sets and a few synthetic ones, split, each loaded once in a process."""

import gzip
import io
import os
from functools import cache
from pathlib import Path

import numpy as np
import sklearn.datasets
import torch
from PIL import Image
from torch import Tensor

HERE = Path(__file__).parent
SHARED = Path(__file__).parents[3] / "shared" / "data"
CACHE = HERE / ".results" / "data"

Pair = tuple[Tensor, Tensor]


def split(inputs: Tensor, targets: Tensor, val_fraction: float = 0.25) -> tuple[Pair, Pair]:
    """Split samples that were put in a fixed random order into training and validation."""
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(1234))
    inputs, targets = inputs[order], targets[order]
    count = int(len(inputs) * (1 - val_fraction))
    return (inputs[:count], targets[:count]), (inputs[count:], targets[count:])


@cache
def digits() -> tuple[Pair, Pair]:
    """Handwritten digits: 1,797 rows of 64 pixels from 0 to 1, ids of 10 classes."""
    images, ids = sklearn.datasets.load_digits(return_X_y=True)
    return split(torch.tensor(images / 16.0).float(), torch.tensor(ids).long())


@cache
def table(name: str, *, is_standardized: bool = True) -> tuple[Pair, Pair]:
    """One of scikit-learn's tables: "wine", "iris", "breast_cancer", "diabetes", "linnerud".

    Returns:
        Rows of float inputs; int64 ids, or float values as they are in the table.
    """
    loaded = getattr(sklearn.datasets, f"load_{name}")()
    targets = torch.tensor(np.asarray(loaded.target))
    targets = targets.float() if targets.is_floating_point() else targets.long()
    train, val = split(torch.tensor(loaded.data).float(), targets)
    if not is_standardized:
        return train, val
    mean, std = train[0].mean(0), train[0].std(0)
    return ((train[0] - mean) / std, train[1]), ((val[0] - mean) / std, val[1])


@cache
def mnist(count: int = 2000, side: int = 28) -> tuple[Pair, Pair]:
    """The first images of MNIST, (N, 1, side, side) from 0 to 1; `side` divides 28."""
    path = CACHE / "mnist.npz"
    if not path.exists():
        _keep(path, **_read_mnist())
    kept = np.load(path)
    images = torch.tensor(kept["images"])[:, None].float() / 255
    ids = torch.tensor(kept["ids"]).long()
    if side < 28:
        images = torch.nn.functional.adaptive_avg_pool2d(images, side)
    return split(images[: count + count // 3], ids[: count + count // 3])


def _read_mnist(count: int = 8000) -> dict[str, np.ndarray]:
    raw = SHARED / "MNIST" / "raw"
    with gzip.open(raw / "train-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(16 + 784 * count)[16:], np.uint8)
    with gzip.open(raw / "train-labels-idx1-ubyte.gz") as file:
        ids = np.frombuffer(file.read(8 + count)[8:], np.uint8)
    return {"images": images.reshape(count, 28, 28), "ids": ids}


@cache
def cifar(count: int = 1500, side: int = 32) -> tuple[Pair, Pair]:
    """The first images of CIFAR-10 (JPEG-75), (N, 3, side, side) from 0 to 1."""
    path = CACHE / "cifar.npz"
    if not path.exists():
        _keep(path, **_read_cifar())
    kept = np.load(path)
    images = torch.tensor(kept["images"]).permute(0, 3, 1, 2).float() / 255
    ids = torch.tensor(kept["ids"]).long()
    if side < 32:
        images = torch.nn.functional.adaptive_avg_pool2d(images, side)
    return split(images[: count + count // 3], ids[: count + count // 3])


def _read_cifar(count: int = 4000) -> dict[str, np.ndarray]:
    folder = SHARED / "cifar10-jpeg"
    starts = np.load(folder / "train_offsets.npy")
    with (folder / "train.jpgs").open("rb") as file:
        raw = file.read(int(starts[count]))
    images = [
        np.asarray(Image.open(io.BytesIO(raw[starts[i] : starts[i + 1]])))
        for i in range(count)
    ]
    return {"images": np.stack(images), "ids": np.load(folder / "train_labels.npy")[:count]}


def _keep(path: Path, **arrays: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.npz")
    np.savez_compressed(part, **arrays)
    part.replace(path)


@cache
def text(name: str) -> str:
    """Return "tinyshakespeare" or "timemachine" as one string."""
    return (SHARED / "text" / f"{name}.txt").read_text(encoding="utf-8")


@cache
def characters(length: int = 32, count: int = 600) -> tuple[Pair, Pair, int]:
    """Pieces of the Time Machine as ids of characters, and the same one later.

    Returns:
        Training pair, validation pair, both (N, length), and the number of characters.
    """
    story = text("timemachine").lower()[:80_000]
    alphabet = {c: i for i, c in enumerate(sorted(set(story)))}
    ids = torch.tensor([alphabet[c] for c in story])
    starts = torch.arange(0, len(ids) - length - 1, length)
    pieces = torch.stack([ids[s : s + length + 1] for s in starts.tolist()])
    train, val = split(pieces[:, :-1], pieces[:, 1:], val_fraction=0.2)
    return (train[0][:count], train[1][:count]), (val[0][:200], val[1][:200]), len(alphabet)


@cache
def two_authors(length: int = 40, count: int = 1200) -> tuple[Pair, Pair, int]:
    """Pieces of two books as ids of characters, and which book each is from."""
    books = [text("tinyshakespeare"), text("timemachine")]
    books = ["".join(c for c in book.lower() if c.isalpha() or c == " ") for book in books]
    alphabet = {c: i for i, c in enumerate(sorted(set("".join(books))))}
    half = count // 2 + count // 6
    rows = [[alphabet[c] for c in b[i * length : i * length + length]]
            for b in books for i in range(half)]  # fmt: skip
    ids = torch.tensor(rows)
    return *split(ids, torch.arange(2).repeat_interleave(half)), len(alphabet)


def _draws(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@cache
def spirals(count: int = 900, turns: float = 1.5) -> tuple[Pair, Pair]:
    """Three spiral arms in the plane, ids of 3 classes."""
    draws = _draws(5)
    ids = torch.arange(count) % 3
    radius = torch.rand(count, generator=draws) * 0.9 + 0.1
    angle = radius * turns * 2 * torch.pi + ids * 2 * torch.pi / 3
    angle = angle + 0.15 * torch.randn(count, generator=draws)
    points = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1) * 1.7
    return split(points, ids)


@cache
def adding(count: int = 1600, length: int = 20) -> tuple[Pair, Pair]:
    """The adding task: the sum of the two marked numbers of a sequence, column targets."""
    draws = _draws(6)
    numbers = torch.rand(count, length, generator=draws)
    marks = torch.zeros(count, length)
    first = torch.randint(length // 2, (count,), generator=draws)
    second = torch.randint(length // 2, length, (count,), generator=draws)
    rows = torch.arange(count)
    marks[rows, first] = marks[rows, second] = 1
    sums = (numbers * marks).sum(1, keepdim=True)
    return split(torch.stack([numbers, marks], dim=2), sums)


@cache
def waves(count: int = 1000, length: int = 24) -> tuple[Pair, Pair]:
    """Pieces of noisy sine waves of several periods, and the value that comes next."""
    draws = _draws(7)
    phase = torch.rand(count, 1, generator=draws) * 2 * torch.pi
    period = 6 + 14 * torch.rand(count, 1, generator=draws)
    time = torch.arange(length + 1)[None]
    series = (2 * torch.pi * time / period + phase).sin()
    noisy = series + 0.05 * torch.randn(series.shape, generator=draws)
    return split(noisy[:, :-1, None], series[:, -1:])


@cache
def sine_curve(count: int = 512) -> tuple[Pair, Pair]:
    """Y = sin(3 x) + x / 2 with a little noise, x from -3 to 3, both columns."""
    draws = _draws(8)
    x = torch.rand(count, 1, generator=draws) * 6 - 3
    y = (3 * x).sin() + x / 2 + 0.05 * torch.randn(count, 1, generator=draws)
    return split(x, y)


@cache
def friedman(count: int = 1200) -> tuple[Pair, Pair]:
    """Friedman's first function of ten uniform inputs, standardized column targets."""
    x, y = sklearn.datasets.make_friedman1(count, noise=0.5, random_state=0)
    inputs, targets = torch.tensor(x * 2 - 1).float(), torch.tensor(y).float()[:, None]
    return split(inputs, (targets - targets.mean()) / targets.std())


@cache
def parity(count: int = 1500, bits: int = 4) -> tuple[Pair, Pair]:
    """Whether the number of ones among the first bits of 8 is odd: ids 0 and 1."""
    rows = torch.randint(0, 2, (count, 8), generator=_draws(9))
    return split(rows.float() * 2 - 1, rows[:, :bits].sum(1) % 2)


@cache
def blobs_to_segment(count: int = 240, side: int = 16) -> tuple[Pair, Pair]:
    """Noisy images of a disk on a ground, and the class (0 or 1) of each pixel."""
    draws = _draws(10)
    center = torch.rand(count, 2, 1, 1, generator=draws) * side * 0.6 + side * 0.2
    radius = torch.rand(count, 1, 1, generator=draws) * side * 0.15 + side * 0.15
    grid = torch.stack(
        torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    )[None]
    inside = ((grid - center).square().sum(1).sqrt() < radius).long()
    noise = torch.randn(count, 1, side, side, generator=draws)
    return split(inside[:, None] + 0.6 * noise, inside)


@cache
def reversal(count: int = 1500, length: int = 8, symbols: int = 10) -> tuple[Pair, Pair]:
    """Sequences of symbols and the same ones from back to front."""
    rows = torch.randint(0, symbols, (count, length), generator=_draws(11))
    return split(rows, rows.flip(1))
