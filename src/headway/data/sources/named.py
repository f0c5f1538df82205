"""The public sets known by name, laid out on disk as torchvision lays them out."""

import string
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from headway.data.sources.arrays import Array, source_from_arrays
from headway.data.sources.idx import find_idx_files, read_idx_folder
from headway.data.sources.source import Source, SourceOptions
from headway.errors import DataError

_FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _IdxSet:
    """A set of idx files.

    Attributes:
        dataset: Its class in torchvision.datasets, used for downloads.
        prefix: What the file names start with.
        classes: Class names.
    """

    dataset: Literal["MNIST", "FashionMNIST", "EMNIST"]
    prefix: str
    classes: tuple[str, ...]


_IDX_SETS = {
    "mnist": _IdxSet("MNIST", "", tuple(string.digits)),
    "fashion-mnist": _IdxSet("FashionMNIST", "", _FASHION),
    "emnist-letters": _IdxSet("EMNIST", "emnist-letters-", tuple(string.ascii_lowercase)),
}
# The class in torchvision.datasets, and the folder it reads.
_CIFAR_SETS = {
    "cifar10": ("CIFAR10", "cifar-10-batches-py"),
    "cifar100": ("CIFAR100", "cifar-100-python"),
}
# Images and labels, to train and to test.
_NUM_FILES = 4
NAMES = (*_IDX_SETS, *_CIFAR_SETS)


def read_named(name: str, options: SourceOptions) -> Source:
    """Read one of `NAMES` from `options.root`, after a download where that is asked for.

    Args:
        name: One of `NAMES`.
        options: Where the sets lie, and whether they may be downloaded.

    Raises:
        DataError: If the files are absent or damaged, or the download fails.

    Reference:
        LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998.
        Xiao et al., "Fashion-MNIST", 2017. arXiv:1708.07747.
        Cohen et al., "EMNIST: an extension of MNIST to handwritten letters", 2017.
        arXiv:1702.05373.
        Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
    """
    if name in _IDX_SETS:
        return _read_idx_set(name, _IDX_SETS[name], options)
    return _read_cifar(name, options)


def _read_idx_set(name: str, idx_set: _IdxSet, options: SourceOptions) -> Source:
    folder = options.root / idx_set.dataset / "raw"
    if not _is_complete(folder, idx_set.prefix):
        _fetch(name, idx_set.dataset, folder, options)
    parts = read_idx_folder(folder, idx_set.prefix)
    if idx_set.dataset == "EMNIST":
        # Its files hold every image transposed and number the letters from 1.
        parts = {
            p: (x.transpose(0, 2, 1), y.astype(np.int64) - 1) for p, (x, y) in parts.items()
        }
    return source_from_arrays(name, parts, classes=idx_set.classes)


def _is_complete(folder: Path, prefix: str) -> bool:
    sets = find_idx_files(folder) if folder.is_dir() else []
    return any(files.prefix == prefix and len(files.paths) == _NUM_FILES for files in sets)


def _read_cifar(name: str, options: SourceOptions) -> Source:
    dataset, folder_name = _CIFAR_SETS[name]
    folder = options.root / folder_name
    if not folder.is_dir():
        _fetch(name, dataset, folder, options)
    # Slow to import and needed here only.
    from torchvision import datasets

    read = getattr(datasets, dataset)
    parts: dict[str, tuple[Array, Array]] = {}
    classes: tuple[str, ...] = ()
    for part in ("train", "test"):
        try:
            # torchvision unpickles these files only after their checksums are found right.
            data = read(options.root, train=part == "train")
        except (RuntimeError, OSError) as error:
            raise DataError(
                f"{name}: the files in {folder} are incomplete or damaged; remove the "
                "folder and put the original files there, or add --set data.download=true"
            ) from error
        parts[part] = (data.data, np.array(data.targets))
        classes = tuple(data.classes)
    return source_from_arrays(name, parts, classes=classes)


def _fetch(name: str, dataset: str, folder: Path, options: SourceOptions) -> None:
    """Download a set if that is allowed, and say where it belongs if not."""
    if not options.download:
        raise DataError(
            f"{name} is not at {folder} or not complete there; put its files there, say "
            "where they are with --set data.root=FOLDER, or add --set data.download=true"
        )
    from torchvision import datasets

    split = {"split": "letters"} if dataset == "EMNIST" else {}
    try:
        getattr(datasets, dataset)(options.root, download=True, **split)
    except (RuntimeError, OSError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{name} cannot be downloaded ({error}); fetch it on another machine and put "
            f"its files into {folder}"
        ) from error
