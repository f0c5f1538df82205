"""Files in the idx format of MNIST, plain or gzipped."""

import gzip
import math
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.errors import DataError

Array = NDArray[Any]

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_FILE_NAME = re.compile(
    r"(?P<prefix>.*?)(?P<part>train|t10k|test)-(?P<what>images|labels)[-.]idx\d-ubyte(\.gz)?"
)
_EXPECTED = "train-images-idx3-ubyte and train-labels-idx1-ubyte, each plain or as .gz"


@dataclass(frozen=True, slots=True)
class IdxFiles:
    """The idx files of one data set.

    Attributes:
        prefix: What their names start with, "" for MNIST's own.
        paths: The file for each pair such as ("train", "images").
    """

    prefix: str
    paths: dict[tuple[str, str], Path] = field(default_factory=dict[tuple[str, str], Path])


def read_idx(path: Path) -> Array:
    """Read one idx file.

    Raises:
        DataError: If the file is not idx or has more or fewer bytes than its header says.
    """
    content = _read_bytes(path)
    if len(content) < 4:
        raise DataError(f"{path}: has {len(content)} bytes, too few for an idx file")
    dtype, num_dimensions = _TYPES.get(content[2]), content[3]
    if content[:2] != b"\0\0" or dtype is None or num_dimensions == 0:
        raise DataError(
            f"{path}: starts with {content[:4].hex(' ')}, which is not the magic number of "
            "an idx file (00 00, type, number of dimensions); fetch the file again"
        )
    start = 4 + 4 * num_dimensions
    shape = tuple(
        np.frombuffer(content[4 : min(start, len(content)) // 4 * 4], ">u4").tolist()
    )
    expected = start + math.prod(shape) * np.dtype(dtype).itemsize
    if len(shape) < num_dimensions or len(content) != expected:
        raise DataError(
            f"{path}: its header announces {expected:,} bytes (shape {shape}), but it has "
            f"{len(content):,}: cut short or damaged; fetch it again"
        )
    return np.frombuffer(content, dtype, offset=start).reshape(shape)


def find_idx_files(folder: Path) -> list[IdxFiles]:
    """Return the idx sets that lie in `folder`, sorted by prefix."""
    found: dict[str, IdxFiles] = {}
    # Plain files come after their .gz twins in this order and so win.
    for path in sorted(folder.iterdir(), reverse=True):
        match = _FILE_NAME.fullmatch(path.name)
        if match is not None and path.is_file():
            part = "train" if match["part"] == "train" else "test"
            files = found.setdefault(match["prefix"], IdxFiles(match["prefix"]))
            files.paths[part, match["what"]] = path
    return [found[prefix] for prefix in sorted(found)]


def find_idx_folder(folder: Path) -> Path | None:
    """Return the one folder of idx files at `folder`, in its raw/ or one level lower.

    Raises:
        DataError: If several folders below hold idx files.
    """
    for level in ([folder], [folder / "raw"], sorted(folder.glob("*/raw"))):
        holding = [place for place in level if place.is_dir() and find_idx_files(place)]
        if len(holding) > 1:
            listed = ", ".join(str(place) for place in holding)
            raise DataError(f"{folder}: holds several idx data sets; give one of {listed}")
        if holding:
            return holding[0]
    return None


def read_idx_folder(
    folder: Path, prefix: str | None = None
) -> dict[str, tuple[Array, Array]]:
    """Read the images and labels of the idx set in `folder`.

    Args:
        folder: Where the files lie.
        prefix: What the names start with, where there are several sets.

    Returns:
        Images and labels of "train", and of "test" where there are any.

    Raises:
        DataError: If files are missing or damaged, or there are several sets.
    """
    sets = {files.prefix: files for files in find_idx_files(folder)}
    if prefix is None and len(sets) > 1:
        examples = ", ".join(str(files.paths.popitem()[1]) for files in sets.values())
        raise DataError(
            f"{folder}: holds several idx data sets; give one file, of {examples}"
        )
    files = next(iter(sets.values())) if prefix is None else sets[prefix]
    if ("train", "images") not in files.paths and ("train", "labels") not in files.paths:
        raise DataError(f"{folder}: has no training files; expected {_EXPECTED}")
    return {
        part: _read_part(files, part)
        for part in ("train", "test")
        if any(key[0] == part for key in files.paths)
    }


def idx_prefix(path: Path) -> str | None:
    """Return the prefix of the set that the idx file `path` belongs to, or None."""
    match = _FILE_NAME.fullmatch(path.name)
    return None if match is None else match["prefix"]


def _read_part(files: IdxFiles, part: str) -> tuple[Array, Array]:
    for what, other in (("images", "labels"), ("labels", "images")):
        if (part, what) not in files.paths:
            raise DataError(
                f"{files.paths[part, other]}: the {what} that belong to it are missing"
            )
    return read_idx(files.paths[part, "images"]), read_idx(files.paths[part, "labels"])


def _read_bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path}: the gzip file is cut short or damaged ({error}); fetch it again"
        ) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
