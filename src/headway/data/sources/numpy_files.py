"""NumPy's .npz and .npy files."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from headway.errors import DataError

Array = NDArray[Any]
T = TypeVar("T")

_INPUTS = ("x", "images", "inputs", "features", "data", "image", "input")
_TARGETS = ("y", "labels", "targets", "label", "target")
_PARTS = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}
# What may stand between the name of a set and that of an array.
_JOINTS = "_-."
_EXPECTED = (
    "expected x and y, or x_train, y_train and if there are any x_val, y_val, x_test, "
    "y_test (images, inputs, features or data for x, labels or targets for y will also do)"
)


def read_npz(path: Path) -> dict[str, tuple[Array, Array]]:
    """Read the inputs and targets of every part in an .npz file.

    Raises:
        DataError: If the file is damaged, holds pickled objects or lacks an array.
    """
    with path.open("rb") as file:
        archive = _load_archive(file, path)
        pairs = _find_pairs(archive.files, path)
        return {
            part: (
                _from_archive(archive, path, inputs),
                _from_archive(archive, path, targets),
            )
            for part, (inputs, targets) in pairs.items()
        }


def find_npy_files(path: Path) -> dict[str, Path]:
    """Return the .npy files of a data set.

    Args:
        path: Their folder, one of them, or what their paths start with: `sets/small` stands
            for `sets/small_x.npy` and `sets/small_y.npy`.

    Returns:
        The file for each name such as "x" or "y_train".
    """
    if path.is_dir() or path.suffix == ".npy":
        folder = path if path.is_dir() else path.parent
        return {file.stem: file for file in sorted(folder.glob("*.npy"))}
    prefix = path.name.rstrip(_JOINTS)
    return {
        file.stem.removeprefix(prefix).lstrip(_JOINTS): file
        for file in sorted(path.parent.glob("*.npy"))
        if file.name.startswith(tuple(prefix + joint for joint in _JOINTS))
    }


def read_npy(files: Mapping[str, Path], where: Path) -> dict[str, tuple[Array, Array]]:
    """Read the inputs and targets of every part from .npy files.

    Args:
        files: As `find_npy_files` returns them.
        where: What error messages call the place.

    Raises:
        DataError: If a file is missing, damaged or holds pickled objects.
    """
    pairs = _find_pairs(files, where)
    return {
        part: (_load_array(files[inputs]), _load_array(files[targets]))
        for part, (inputs, targets) in pairs.items()
    }


def read_samples(path: Path) -> Array:
    """Read an array of inputs that has no targets beside it.

    Args:
        path: An .npy file, or an .npz file with one array or with one called x or one of
            its other names.

    Raises:
        DataError: If the file is damaged, holds pickled objects or several arrays none of
            which has such a name.
    """
    if path.suffix.lower() == ".npy":
        return _load_array(path)
    with path.open("rb") as file:
        archive = _load_archive(file, path)
        known = {name.lower(): name for name in archive.files}
        wanted = [known[word] for word in _INPUTS if word in known]
        if not wanted and len(known) != 1:
            listed = ", ".join(known.values()) or "no array"
            raise DataError(f"{path}: holds {listed}; call the array of samples x")
        return _from_archive(archive, path, (wanted or archive.files)[0])


def _load_array(path: Path) -> Array:
    with path.open("rb") as file:
        array = _load(file, path)
    if not isinstance(array, np.ndarray):
        raise DataError(f"{path}: is an archive of arrays, not one array; name it .npz")
    return array


def _load_archive(file: BinaryIO, path: Path) -> Any:
    archive = _load(file, path)
    if isinstance(archive, np.ndarray):
        raise DataError(f"{path}: is one array, not an archive of arrays; name it .npy")
    return archive


def _load(file: BinaryIO, path: Path) -> Any:
    # NumPy leaves a file open that it opened itself and found damaged.
    return _guarded(path, lambda: np.load(file, allow_pickle=False))


def _from_archive(archive: Any, path: Path, key: str) -> Array:
    return _guarded(path, lambda: np.asarray(archive[key]), f"array {key!r} ")


def _guarded(path: Path, load: Callable[[], T], what: str = "") -> T:
    try:
        return load()
    # NumPy's readers raise almost any class on damaged bytes.
    except Exception as error:
        if "pickle" in str(error):
            raise DataError(
                f"{path}: {what}holds pickled Python objects, which are never loaded "
                "because that could run code; save plain arrays of numbers, all samples of "
                "one shape"
            ) from error
        reason = str(error) or "no data left"
        raise DataError(f"{path}: {what}is cut short or damaged ({reason})") from error


def _find_pairs(names: Iterable[str], where: Path) -> dict[str, tuple[str, str]]:
    """Return the names of the inputs and targets of every part there is."""
    known = {name.lower(): name for name in names}
    pairs: dict[str, tuple[str, str]] = {}
    for part in _PARTS:
        inputs = _find_name(known, _INPUTS, part)
        targets = _find_name(known, _TARGETS, part)
        if inputs is not None and targets is not None:
            pairs[part] = (inputs, targets)
        elif inputs is not None or targets is not None or part == "train":
            there = inputs or targets
            reason = (
                f"{there!r} has no partner" if there else "the training arrays are missing"
            )
            listed = ", ".join(known.values()) or "no array"
            raise DataError(f"{where}: {reason}; it holds {listed}, {_EXPECTED}")
    return pairs


def _find_name(known: Mapping[str, str], words: Iterable[str], part: str) -> str | None:
    candidates = [
        name
        for word in words
        for alias in _PARTS[part]
        for name in (f"{word}_{alias}", f"{alias}_{word}")
    ]
    if part == "train":
        candidates += words
    return next((known[name] for name in candidates if name in known), None)
