"""Checks many image files and reads them into memory."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

from headway.data.decoding import (
    ImageMode,
    decode_image,
    describe_failure,
    refuse_deep_mode,
)
from headway.errors import DataError

S = TypeVar("S")
T = TypeVar("T")

_GRAY_MODES = ("1", "L", "LA", "La")
_EXIF_ORIENTATION = 0x0112
_QUARTER_TURNS = (5, 6, 7, 8)
# What complete files end with: the end-of-image marker, the IEND chunk without its length.
_ENDINGS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
_ENDING_BYTES = 64
# Bounds the number of futures that wait at once.
_CHUNK = 4096
_NUM_NAMED = 3


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the header of an image file says.

    Attributes:
        mode: "L" for gray, "RGB" for everything else.
        width: Pixels, after the EXIF orientation.
        height: Pixels, after the EXIF orientation.
    """

    mode: ImageMode
    width: int
    height: int


def inspect_images(paths: Sequence[Path]) -> list[ImageFacts | str]:
    """Read the headers of image files and check that the files are complete.

    Returns:
        The facts of every file, or what is wrong with it.
    """
    return list(_in_threads(_inspect, paths))


def load_images(
    paths: Sequence[Path], mode: ImageMode, image_size: int | None
) -> tuple[UInt8[Tensor, "images channels height width"], dict[int, str]]:
    """Decode image files of one size into one tensor.

    Returns:
        The images, zeros for those that cannot be decoded, and what is wrong with these.
    """
    faults: dict[int, str] = {}
    images: Tensor | None = None
    decoded = _in_threads(lambda path: _try_decode(path, mode, image_size), paths)
    for index, image in enumerate(decoded):
        if isinstance(image, str):
            faults[index] = image
            continue
        if images is None:
            images = image.new_zeros(len(paths), *image.shape)
        if image.shape != images.shape[1:]:
            faults[index] = f"has a size that its header hides: {_size(image)} pixels"
            continue
        images[index] = image
    if images is None:
        images = torch.zeros(len(paths), 1 if mode == "L" else 3, 0, 0, dtype=torch.uint8)
    return images, faults


def common_mode(
    paths: Sequence[Path], facts: Sequence[ImageFacts], channels: int | None
) -> ImageMode:
    """Return the mode that all files are read in.

    Raises:
        DataError: If some files are gray and some colored and `channels` does not decide.
    """
    if channels is not None:
        return "L" if channels == 1 else "RGB"
    words: dict[ImageMode, str] = {"L": "gray (1 channel)", "RGB": "colored (3 channels)"}
    modes = {mode: sum(fact.mode == mode for fact in facts) for mode in words}
    usual, other = sorted(words, key=modes.__getitem__, reverse=True)
    if modes[other] > 0:
        others = [p for p, fact in zip(paths, facts, strict=True) if fact.mode == other]
        raise DataError(
            f"the images have different channel counts: {modes[usual]} are {words[usual]}, "
            f"{modes[other]} are {words[other]}, such as {_named(others)}; make them alike "
            "with --set data.channels=3 or --set data.channels=1"
        )
    return usual


def check_common_size(paths: Sequence[Path], facts: Sequence[ImageFacts]) -> None:
    """Raise a DataError if the files are not all of one size."""
    sizes = Counter((fact.width, fact.height) for fact in facts)
    (width, height), number = sizes.most_common(1)[0]
    if len(sizes) > 1:
        others = [
            f"{path} ({fact.width}x{fact.height})"
            for path, fact in zip(paths, facts, strict=True)
            if (fact.width, fact.height) != (width, height)
        ]
        shortest = min(min(size) for size in sizes)
        raise DataError(
            f"the images have {len(sizes)} different sizes: {number} of {len(facts)} are "
            f"{width}x{height}, but not {_named(others)}; resize and crop all of them to a "
            f"square with --set data.image_size={shortest} or another side"
        )


def _inspect(path: Path) -> ImageFacts | str:
    try:
        with Image.open(path) as image:
            refuse_deep_mode(image)
            # Of the base class, because that of PNG decodes the whole image.
            exif = Image.Image.getexif(image)
            turned = exif.get(_EXIF_ORIENTATION) in _QUARTER_TURNS
            width, height = reversed(image.size) if turned else image.size
            if not _has_ending(path, image.format):
                image.load()
            return ImageFacts("L" if image.mode in _GRAY_MODES else "RGB", width, height)
    # Pillow's decoders raise almost any class on damaged bytes.
    except Exception as error:
        return describe_failure(error)


def _has_ending(path: Path, file_format: str | None) -> bool:
    """Tell without decoding whether the file ends as a complete one does."""
    ending = _ENDINGS.get(file_format or "")
    if ending is None:
        return False
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _ENDING_BYTES))
        return ending in file.read()


def _try_decode(path: Path, mode: ImageMode, image_size: int | None) -> Tensor | str:
    try:
        return decode_image(path, mode, image_size)
    except DataError as error:
        return str(error).removeprefix(f"{path}: ")


def _size(image: Tensor) -> str:
    return f"{image.shape[2]}x{image.shape[1]}"


def _in_threads(function: Callable[[S], T], items: Sequence[S]) -> Iterator[T]:
    """Map in order; Pillow decodes outside Python's lock."""
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(items), _CHUNK):
            yield from pool.map(function, items[start : start + _CHUNK])


def _named(items: Sequence[object]) -> str:
    shown = ", ".join(str(item) for item in items[:_NUM_NAMED])
    more = len(items) - _NUM_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
