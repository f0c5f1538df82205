"""One image file -> one uint8 tensor."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image, ImageOps
from torch import Tensor

from headway.errors import DataError

ImageMode = Literal["L", "RGB"]

# Whole numbers of 16 or 32 bits and floats: no scale to 8 bits is right for all of them.
_DEEP_MODES = ("I", "F")


@dataclass(frozen=True, slots=True)
class Crop:
    """What is cut out of an image that was resized to cover the wanted size.

    Attributes:
        scale: How many times larger than that the image becomes first, at least 1.
        top: Part of the room above and below the crop that lies above it.
        left: Part of the room on both sides of the crop that lies to its left.
    """

    scale: float = 1.0
    top: float = 0.5
    left: float = 0.5


def decode_image(
    path: Path,
    mode: ImageMode,
    image_size: int | tuple[int, int] | None = None,
    crop: Crop = Crop(),
) -> UInt8[Tensor, "channels height width"]:
    """Read an image file, upright as its EXIF orientation says.

    Args:
        path: The file, in any format that Pillow reads; of an animation the first frame.
        mode: "L" for one gray channel, "RGB" for three.
        image_size: Height and width, or the side of a square: the image is resized to cover
            it and `crop` cut out. None keeps the size of the file.
        crop: What is cut out; the centre by default.

    Raises:
        DataError: If the file cannot be decoded, is cut short or has over 8 bits a channel.
    """
    size = (image_size, image_size) if isinstance(image_size, int) else image_size
    try:
        with Image.open(path) as file:
            if size is not None:
                # JPEG decodes straight to 1/2, 1/4 or 1/8; twice the size keeps it sharp.
                wanted = round(2 * crop.scale * max(size))
                file.draft(None, (wanted, wanted))
            refuse_deep_mode(file)
            image = _to_mode(ImageOps.exif_transpose(file), mode)
    # Pillow's decoders raise almost any class on damaged bytes.
    except Exception as error:
        raise DataError(f"{path}: {describe_failure(error)}") from error
    if size is not None:
        image = _resize_and_crop(image, size, crop)
    pixels = torch.from_numpy(np.array(image))
    return pixels.unsqueeze(0) if mode == "L" else pixels.permute(2, 0, 1).contiguous()


def refuse_deep_mode(image: Image.Image) -> None:
    """Raise a DataError for an image of more than 8 bits a channel."""
    if image.mode.split(";")[0] in _DEEP_MODES:
        raise DataError(
            f"has more than 8 bits a channel (mode {image.mode}); save it as 8 bit with "
            "the scale you want, or give the images as a float array in an .npz file"
        )


def describe_failure(error: Exception) -> str:
    """Return what is wrong with an image file, in one line."""
    if isinstance(error, DataError | FileNotFoundError | PermissionError):
        return getattr(error, "strerror", None) or str(error)
    if isinstance(error, Image.UnidentifiedImageError):
        return "is not an image file that Pillow can read"
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return "is cut short (truncated image)"
    return f"cannot be decoded ({error})"


def _to_mode(image: Image.Image, mode: ImageMode) -> Image.Image:
    # Pillow warns about transparent palettes unless they pass through RGBA.
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return image.convert(mode)


def _resize_and_crop(image: Image.Image, size: tuple[int, int], crop: Crop) -> Image.Image:
    height, width = size
    scale = crop.scale * max(width / image.width, height / image.height)
    covering = (
        max(width, round(image.width * scale)),
        max(height, round(image.height * scale)),
    )
    image = image.resize(covering, Image.Resampling.BILINEAR)
    left = int((image.width - width) * crop.left)
    top = int((image.height - height) * crop.top)
    return image.crop((left, top, left + width, top + height))
