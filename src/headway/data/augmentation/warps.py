"""Turning, shearing, stretching, shifting and bending of images, in one resampling."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, Float64, Shaped
from torch import Tensor

from headway.data.augmentation.moves import Images

Interpolation = Literal["nearest", "bilinear"]
Factors = Float64[Tensor, " batch"]
Linear = Float64[Tensor, "batch 2 2"]
Points = Float64[Tensor, "batch points 2"]

# Newton's steps for the inverse of the lens; six reach the last bit of float64 here.
_NEWTON_STEPS = 8


@dataclass(frozen=True, slots=True)
class Warp:
    """Where every point of an image goes: p -> linear p + shift, then through the lens.

    Points are (x, y) in pixels from the centre of the image, y downwards; the centre of a
    pixel is half a pixel from its edges.

    Attributes:
        linear: Matrices with a determinant above 0.
        shift: Pixels to the right and downwards.
        lens: k of p' = p (1 + k |p|^2 / R^2), which leads from a point p of the result to
            the point p' that it shows, with R half the diagonal. Above 0 is a barrel, below
            a pincushion, from -1/3 on; None for no lens.

    Reference:
        Brown, "Decentering Distortion of Lenses", 1966 (first radial term).
    """

    linear: Linear
    shift: Float64[Tensor, "batch 2"]
    lens: Factors | None = None

    def sources(self, height: int, width: int) -> Float32[Tensor, "batch height width 2"]:
        """Return the point of the original that each pixel of the result shows."""
        points = _pixel_centres(height, width, self.linear.device)
        batch = len(self.linear)
        if self.lens is not None:
            squared = (
                points.square().sum(dim=-1, keepdim=True) / _radius(height, width) ** 2
            )
            points = points * (1 + self.lens.to(torch.float32)[:, None, None] * squared)
        inverse = torch.linalg.inv(self.linear)
        start = -(inverse @ self.shift[:, :, None]).mT.to(torch.float32)
        matrices = inverse.mT.to(torch.float32)
        sources = torch.baddbmm(start, points.expand(batch, -1, 2), matrices)
        return sources.view(batch, height, width, 2)

    def targets(self, points: Points, height: int, width: int) -> Points:
        """Return where points of the original go.

        Points that a pincushion cannot show go beyond the corners of the image.
        """
        moved = points @ self.linear.mT + self.shift[:, None]
        if self.lens is None:
            return moved
        return _through_lens(moved, self.lens[:, None, None], _radius(height, width))


def resample(
    images: Images,
    warp: Warp,
    *,
    interpolation: Interpolation = "bilinear",
    fill: float = 0.0,
) -> Images:
    """Return the images after `warp`, each pixel read once from the original.

    Args:
        images: Of any type; whole numbers are rounded to the nearest.
        warp: Where the points go.
        interpolation: "nearest" where the values are numbers of classes.
        fill: Value of what lies beyond the border.

    Example:
        >>> warp = Warp(torch.eye(2, dtype=torch.float64)[None],
        ...             torch.tensor([[1.0, 0.0]], dtype=torch.float64))
        >>> resample(torch.tensor([[[[1, 2, 3]]]]), warp).tolist()
        [[[[0, 1, 2]]]]
    """
    height, width = images.shape[2:]
    # float32 holds the values of an image exactly; class numbers may need more.
    is_small = images.dtype in (torch.uint8, torch.float32, torch.float16, torch.bfloat16)
    dtype = torch.float32 if is_small else torch.float64
    half = torch.tensor((width / 2, height / 2), device=images.device)
    grid = warp.sources(height, width).div_(half).to(dtype)
    pixels = images.to(dtype)
    if fill:
        pixels = pixels - fill
    warped = F.grid_sample(pixels, grid, mode=interpolation, align_corners=False)
    if fill:
        warped = warped.add_(fill)
    return warped.to(images.dtype) if images.is_floating_point() else _whole(warped, images)


def identity(batch: int, device: torch.device) -> Warp:
    """Return the warp that leaves all points where they are."""
    eye = torch.eye(2, dtype=torch.float64, device=device)
    shift = torch.zeros(batch, 2, dtype=torch.float64, device=device)
    return Warp(eye.expand(batch, 2, 2), shift)


def rotation(degrees: Factors) -> Linear:
    """Return the matrices that turn an image counterclockwise."""
    angle = degrees * (math.pi / 180)
    cosine, sine = angle.cos(), angle.sin()
    return _matrices(cosine, sine, -sine, cosine)


def shear(degrees_x: Factors, degrees_y: Factors) -> Linear:
    """Return the matrices that shift rows, then columns: x + tan(a) y, then y + tan(b) x."""
    one, zero = torch.ones_like(degrees_x), torch.zeros_like(degrees_x)
    tan_x, tan_y = ((a * (math.pi / 180)).tan() for a in (degrees_x, degrees_y))
    return _matrices(one, zero, tan_y, one) @ _matrices(one, tan_x, zero, one)


def stretching(width_factor: Factors, height_factor: Factors) -> Linear:
    """Return the matrices that multiply width and height."""
    zero = torch.zeros_like(width_factor)
    return _matrices(width_factor, zero, zero, height_factor)


def _matrices(a: Factors, b: Factors, c: Factors, d: Factors) -> Linear:
    return torch.stack((a, b, c, d), dim=1).view(-1, 2, 2)


def _pixel_centres(
    height: int, width: int, device: torch.device
) -> Float32[Tensor, "pixels 2"]:
    """Return the centres of all pixels, row by row, counted from the centre of the image."""
    y = torch.arange(height, dtype=torch.float32, device=device) - (height - 1) / 2
    x = torch.arange(width, dtype=torch.float32, device=device) - (width - 1) / 2
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    return torch.stack((columns.flatten(), rows.flatten()), dim=1)


def _radius(height: int, width: int) -> float:
    return math.hypot(height, width) / 2


def _through_lens(
    points: Points, lens: Float64[Tensor, "batch 1 1"], radius: float
) -> Points:
    """Solve p (1 + k |p|^2 / R^2) = points for p, by Newton's method along each ray."""
    wanted = points.norm(dim=-1, keepdim=True) / radius
    # Beyond the turning point 1 / sqrt(-3k), which lies outside the image, nothing is shown.
    turning = (-3 * lens.clamp(max=-1e-9)).rsqrt()
    limit = torch.where(lens < 0, turning, math.inf)
    found = torch.minimum(wanted, limit)
    for _ in range(_NEWTON_STEPS):
        slope = 1 + 3 * lens * found.square()
        step = (found + lens * found**3 - wanted) / slope.clamp(min=1e-6)
        found = torch.minimum((found - step).clamp(min=0), limit)
    return points * torch.where(wanted > 0, found / wanted.clamp(min=1e-12), 1.0)


def _whole(values: Float[Tensor, "*shape"], images: Images) -> Shaped[Tensor, "*shape"]:
    if images.dtype == torch.bool:
        return values > 0.5
    return values.round_().to(images.dtype)
