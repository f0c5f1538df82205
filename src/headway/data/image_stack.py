"""Decoded images of a batch in one tensor."""

from collections.abc import Iterable, Sequence

import torch
from jaxtyping import UInt8
from torch import Tensor

from headway.data.splits import FileSplit
from headway.errors import DataError


def stack_images(
    split: FileSplit,
    indices: Sequence[int],
    images: Iterable[UInt8[Tensor, "..."]],
) -> UInt8[Tensor, "batch channels height width"]:
    """Stack the decoded images of the samples at `indices`.

    Raises:
        DataError: If an image differs in size from the first one.
    """
    images = list(images)
    for index, image in zip(indices, images, strict=True):
        if image.shape != images[0].shape:
            raise DataError(
                f"{split.paths[index]}: has {_size(image)} pixels, and "
                f"{split.paths[indices[0]]} has {_size(images[0])}: a batch needs images "
                "of one size, so set image_size to resize them all"
            )
    return torch.stack(images)


def _size(image: Tensor) -> str:
    height, width = image.shape[-2:]
    return f"{width} x {height}"
