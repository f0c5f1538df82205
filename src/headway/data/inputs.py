"""Reads files of samples without targets, for a network that was trained already."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped
from numpy.typing import NDArray
from torch import Tensor

from headway.data.alignment import check_num_features, describe_images
from headway.data.decoding import decode_image
from headway.data.info import DataInfo
from headway.data.sources.arrays import fits_in_bytes, to_tensor
from headway.data.sources.numpy_files import read_samples
from headway.data.sources.targets import count_not_finite
from headway.errors import DataError, did_you_mean

Array = NDArray[Any]

_TABLES = (".csv", ".tsv", ".parquet")
_ARRAYS = (".npy", ".npz")


def read_inputs(
    file: Path, info: DataInfo
) -> tuple[list[str], Shaped[Tensor, "samples *shape"]]:
    """Read the samples of a file, as a network expects them that was trained on `info`.

    An image file is decoded gray or colored as in training. Where its size is another than
    that of the training, and only there, it is resized to cover that size and the centre is
    cut out. Arrays are taken as they are. Of a table the columns of the training are used;
    others, such as the targets, may be there.

    Args:
        file: An image, one sample or an array of samples in an .npy or .npz file, or a .csv,
            .tsv or .parquet table.
        info: What the network was trained on.

    Returns:
        A name for each sample, and the samples. The name is that of the file where it holds
        one sample, or "file:row" with rows counted from 1.

    Raises:
        DataError: If the file cannot be read or does not fit the network.

    Example:
        >>> names, inputs = read_inputs(Path("flowers.csv"), info)  # doctest: +SKIP
        >>> names  # doctest: +SKIP
        ['flowers.csv:1', 'flowers.csv:2']
    """
    try:
        _check_exists(file)
        if file.suffix.lower() in _ARRAYS:
            return _read_array(file, info)
        if file.suffix.lower() in _TABLES:
            return _read_table(file, info)
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from error
    return [str(file)], _read_image(file, info)


def _check_exists(file: Path) -> None:
    if file.is_dir():
        raise DataError(f"{file}: is a folder; give the files in it, such as {file}/*")
    if not file.exists():
        siblings = file.parent.iterdir() if file.parent.is_dir() else ()
        guess = did_you_mean(file.name, [path.name for path in siblings])
        raise DataError(f"{file}: there is no such file.{guess}")


def _read_image(file: Path, info: DataInfo) -> Shaped[Tensor, "1 channels height width"]:
    if info.kind != "image":
        raise DataError(
            f"{file}: is no table and no array, and the network was trained on "
            f"{_described(info)} ({info.name}); expected {', '.join(_expected(info))}"
        )
    channels, height, width = info.input_shape
    if info.dtype != "uint8" or channels not in (1, 3):
        raise DataError(
            f"{file}: the network was trained on arrays "
            f"({describe_images(info.input_shape, info.dtype)}), and how to make them from "
            "image files is not known; give the samples as .npy with values as in training"
        )
    mode = "L" if channels == 1 else "RGB"
    return decode_image(file, mode, (height, width)).unsqueeze(0)


def _described(info: DataInfo) -> str:
    if info.kind == "sequence":
        return f"sequences of {info.input_shape[0]} steps of {info.input_shape[1]} numbers"
    return f"{info.input_shape[0]} features"


def _expected(info: DataInfo) -> tuple[str, ...]:
    return _ARRAYS if info.kind == "sequence" else _TABLES + _ARRAYS


def _read_table(
    file: Path, info: DataInfo
) -> tuple[list[str], Shaped[Tensor, "rows features"]]:
    # Slow to import and needed here only.
    from headway.data.sources.tables import read_features

    if info.kind != "tabular":
        kind = "images" if info.kind == "image" else "sequences"
        raise DataError(
            f"{file}: is a table, and the network was trained on {kind} ({info.name})"
        )
    features = read_features(file, info.feature_names)
    check_num_features(file, features.shape[1], info)
    return _name_rows(file, len(features)), features


def _read_array(file: Path, info: DataInfo) -> tuple[list[str], Shaped[Tensor, "..."]]:
    array = read_samples(file)
    _check_numbers(array, file)
    if info.kind == "image":
        _check_image_type(array, file, info)
    # One sample comes first: an array of one gray image without channels is both.
    for samples, names in (
        (array[np.newaxis], [str(file)]),
        (array, _name_rows(file, len(array) if array.ndim else 0)),
    ):
        if (arranged := _arrange(samples, info.input_shape)) is not None:
            return names, to_tensor(arranged, str(file), is_bytes=info.dtype == "uint8")
    raise DataError(
        f"{file}: has shape {array.shape}, and the network was trained on samples of shape "
        f"{info.input_shape} ({info.name}); expected one such sample, or "
        f"{('samples', *info.input_shape)}"
    )


def _name_rows(file: Path, number: int) -> list[str]:
    return [f"{file}:{row}" for row in range(1, number + 1)]


def _arrange(samples: Array, shape: tuple[int, ...]) -> Array | None:
    """Return samples with the channels before the rows, or None where they do not fit."""
    found = samples.shape[1:]
    if found == shape:
        return samples
    if len(shape) == 3 and found == (*shape[1:], shape[0]):
        return np.moveaxis(samples, -1, 1)
    if len(shape) == 3 and shape[0] == 1 and found == shape[1:]:
        return samples[:, np.newaxis]
    return None


def _check_numbers(array: Array, file: Path) -> None:
    if array.dtype.kind not in "buif":
        raise DataError(f"{file}: has type {array.dtype}; expected whole numbers or floats")
    if array.size == 0:
        raise DataError(f"{file}: holds no samples (shape {array.shape})")
    if message := count_not_finite(np.atleast_1d(array)):
        raise DataError(f"{file}: holds {message}; replace them")


def _check_image_type(array: Array, file: Path, info: DataInfo) -> None:
    is_whole = array.dtype.kind != "f"
    if info.dtype == "uint8" and not (is_whole and fits_in_bytes(array)):
        raise DataError(
            f"{file}: holds {array.dtype} from {array.min():g} to {array.max():g}, and the "
            f"network was trained on bytes ({info.name}); save whole numbers from 0 to 255"
        )
    if info.dtype == "float32" and array.dtype.str in ("|u1", "|b1"):
        raise DataError(
            f"{file}: holds {array.dtype}, and the network was trained on floats "
            f"({info.name}); save floats of the same scale as in training"
        )
