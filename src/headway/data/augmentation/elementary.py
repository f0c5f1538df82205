"""The operations that augmentation policies are made of, with a magnitude for every image."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

from headway.data.augmentation.color import as_type_of, luma
from headway.data.augmentation.warps import Warp, identity, resample, rotation

Bytes = UInt8[Tensor, "batch channels height width"]
Magnitudes = Float32[Tensor, " batch"]


def shear_x(images: Bytes, magnitude: Magnitudes) -> Bytes:
    """Shift each row to the left, by `magnitude` for each row above it."""
    matrix = torch.eye(2, dtype=torch.float64, device=images.device).repeat(
        len(images), 1, 1
    )
    matrix[:, 0, 1] = -magnitude
    return _around_the_corner(images, matrix)


def shear_y(images: Bytes, magnitude: Magnitudes) -> Bytes:
    """Shift each column upwards, by `magnitude` for each column to its left."""
    matrix = torch.eye(2, dtype=torch.float64, device=images.device).repeat(
        len(images), 1, 1
    )
    matrix[:, 1, 0] = -magnitude
    return _around_the_corner(images, matrix)


def translate_x(images: Bytes, magnitude: Magnitudes) -> Bytes:
    """Shift to the right by the whole pixels of `magnitude`."""
    return _shift(images, magnitude, torch.zeros_like(magnitude))


def translate_y(images: Bytes, magnitude: Magnitudes) -> Bytes:
    """Shift downwards by the whole pixels of `magnitude`."""
    return _shift(images, torch.zeros_like(magnitude), magnitude)


def rotate(images: Bytes, magnitude: Magnitudes) -> Bytes:
    """Turn counterclockwise by `magnitude` degrees."""
    shift = torch.zeros(len(images), 2, dtype=torch.float64, device=images.device)
    warp = Warp(rotation(magnitude.double()), shift)
    return resample(images, warp, interpolation="nearest")


def brightness(images: Bytes, magnitude: Magnitudes) -> Bytes:
    """Multiply all values by 1 + `magnitude`."""
    return _blend(images, torch.zeros((), device=images.device), magnitude)


def contrast(images: Bytes, magnitude: Magnitudes) -> Bytes:
    """Multiply the distance from the mean gray by 1 + `magnitude`."""
    gray = luma(images.float()).floor_().mean(dim=(1, 2, 3), keepdim=True)
    return _blend(images, gray, magnitude)


def color(images: Bytes, magnitude: Magnitudes) -> Bytes:
    """Multiply the distance from gray by 1 + `magnitude`."""
    return _blend(images, luma(images.float()).floor_(), magnitude)


def sharpness(images: Bytes, magnitude: Magnitudes) -> Bytes:
    """Multiply the distance from the blurred image by 1 + `magnitude`; not at the border."""
    channels, height, width = images.shape[1:]
    if min(height, width) < 3:
        return images
    kernel = torch.full((channels, 1, 3, 3), 1 / 13, device=images.device)
    kernel[:, :, 1, 1] = 5 / 13
    smooth = images.float()
    smooth[:, :, 1:-1, 1:-1] = F.conv2d(images.float(), kernel, groups=channels).round_()
    return _blend(images, smooth, magnitude)


def posterize(images: Bytes, magnitude: Magnitudes) -> Bytes:
    """Keep the highest bits of every value, as many as `magnitude` says."""
    removed = 8 - magnitude.to(torch.int32)
    mask = 256 - torch.bitwise_left_shift(torch.ones_like(removed), removed)
    return images & mask.to(torch.uint8)[:, None, None, None]


def solarize(images: Bytes, magnitude: Magnitudes) -> Bytes:
    """Invert the values from 255 times `magnitude` on."""
    threshold = (255 * magnitude).ceil().to(torch.int16)[:, None, None, None]
    return images ^ ((images >= threshold) * images.new_tensor(255))


def invert(images: Bytes, magnitude: Magnitudes) -> Bytes:
    """Return 255 - x."""
    return images ^ 255


def auto_contrast(images: Bytes, magnitude: Magnitudes) -> Bytes:
    """Stretch each channel of each image to 0..255."""
    from torchvision.transforms.v2 import functional

    return functional.autocontrast(images)


def equalize(images: Bytes, magnitude: Magnitudes) -> Bytes:
    """Make all values of a channel about equally frequent."""
    from torchvision.transforms.v2 import functional

    return functional.equalize(images)


OPERATIONS: dict[str, Callable[[Bytes, Magnitudes], Bytes]] = {
    "AutoContrast": auto_contrast,
    "Brightness": brightness,
    "Color": color,
    "Contrast": contrast,
    "Equalize": equalize,
    "Invert": invert,
    "Posterize": posterize,
    "Rotate": rotate,
    "Sharpness": sharpness,
    "ShearX": shear_x,
    "ShearY": shear_y,
    "Solarize": solarize,
    "TranslateX": translate_x,
    "TranslateY": translate_y,
}


def _around_the_corner(images: Bytes, matrix: Float[Tensor, "batch 2 2"]) -> Bytes:
    """Apply the matrices with the upper left corner of the image at rest."""
    height, width = images.shape[2:]
    corner = torch.tensor((-width / 2, -height / 2), dtype=torch.float64)
    corner = corner.to(images.device)
    warp = Warp(matrix, corner - matrix @ corner)
    return resample(images, warp, interpolation="nearest")


def _shift(images: Bytes, right: Magnitudes, down: Magnitudes) -> Bytes:
    still = identity(len(images), images.device)
    shift = torch.stack((right, down), dim=1).trunc().double()
    return resample(images, Warp(still.linear, shift), interpolation="nearest")


def _blend(images: Bytes, other: Tensor, magnitude: Magnitudes) -> Bytes:
    """Return other + (1 + magnitude) (images - other)."""
    factor = 1 + magnitude[:, None, None, None]
    return as_type_of(images, (images.float() - other).mul_(factor).add_(other))
