"""How far images are turned, sheared, stretched, shifted and bent at random."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from headway.data.augmentation.streams import GEOMETRY
from headway.data.augmentation.warps import Warp, rotation, shear, stretching
from headway.data.random import uniform

_NUM_DRAWS = 11
# p' = p (1 + k |p|^2 / R^2) grows with |p| up to the corners while k is above -1/3.
_STRONGEST_LENS = 0.3

Draws = Float64[Tensor, " batch"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Geometry:
    """Random changes of place, composed into one map and one resampling for every sample.

    In this order: scale and stretch, shear, rotation, translation, scale and crop, lens.
    Each is drawn evenly from its range; factors evenly in their logarithm.

    Attributes:
        rotation: Largest angle to either side in degrees, 0 to 180. Slight ones keep
            digits readable: a 6 turned around is a 9.
        shear: Largest angle to either side, in degrees below 90, of rows and of columns.
        scale: s multiplies both sides by a factor from 1 / (1 + s) to 1 + s.
        stretch: s multiplies width by height by such a factor; the area stays.
        translation: Largest shift to any side, as a part of the side, up to 1.
        lens: Largest strength of a lens distortion, barrel or pincushion, up to 0.3: how
            much further from the centre than its place is what a corner shows.
        scale_crop: Smallest and largest factor, at least 1, by which images are enlarged
            before a crop of the old size is taken at a random place. (256 / 224, 480 / 224)
            is the short side in [256, 480] with crops of 224.
        fill: Value of what lies beyond the border.

    Raises:
        ValueError: If a strength is out of its range.

    Reference:
        Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural
        Networks", 2012, section 4.1 (translations). He et al., "Deep Residual Learning for
        Image Recognition", 2015, section 3.4 (scale and crop). arXiv:1512.03385.
    """

    rotation: float = 0.0
    shear: float = 0.0
    scale: float = 0.0
    stretch: float = 0.0
    translation: float = 0.0
    lens: float = 0.0
    scale_crop: tuple[float, float] | None = None
    fill: float = 0.0

    def __post_init__(self) -> None:
        _check("rotation", self.rotation, "from 0 to 180 degrees", 180.0)
        _check("shear", self.shear, "from 0 to 80 degrees", 80.0)
        _check("scale", self.scale, "0 (off) or above", float("inf"))
        _check("stretch", self.stretch, "0 (off) or above", float("inf"))
        _check("translation", self.translation, "a part of the side from 0 to 1", 1.0)
        _check("lens", self.lens, f"from 0 to {_STRONGEST_LENS}", _STRONGEST_LENS)
        if self.scale_crop is not None:
            check_scale_crop(self.scale_crop)

    @property
    def is_identity(self) -> bool:
        """True where every change is switched off."""
        turns = (self.rotation, self.shear, self.scale, self.stretch)
        return not any((*turns, self.translation, self.lens, self.scale_crop))

    def draw(
        self,
        indices: Int64[Tensor, " batch"],
        *,
        seed: int,
        epoch: int,
        size: tuple[int, int],
    ) -> Warp:
        """Return the map of every sample.

        Args:
            indices: Number of every image in its data set.
            seed: Seed of the run.
            epoch: Pass over the data, from 0.
            size: Height and width of the images.
        """
        draws = uniform(seed, epoch, indices, GEOMETRY, _NUM_DRAWS).double()
        even = (2 * draws - 1).unbind(dim=1)
        sides = torch.tensor((size[1], size[0]), dtype=torch.float64, device=indices.device)
        linear = (
            rotation(even[0] * self.rotation)
            @ shear(even[1] * self.shear, even[2] * self.shear)
            @ self._stretching(even[3], even[4])
        )
        shift = self.translation * sides * torch.stack(even[5:7], dim=1)
        if self.scale_crop is not None:
            factor = _between(draws[:, 8], *self.scale_crop)[:, None]
            room = (factor - 1) * sides / 2
            linear = linear * factor[:, :, None]
            shift = shift * factor + room * torch.stack(even[9:11], dim=1)
        return Warp(linear, shift, even[7] * self.lens if self.lens else None)

    def _stretching(self, scale: Draws, stretch: Draws) -> Float64[Tensor, "batch 2 2"]:
        factor, ratio = (1 + self.scale) ** scale, (1 + self.stretch) ** (stretch / 2)
        return stretching(factor * ratio, factor / ratio)


def scale_crop_draws(
    scale_crop: tuple[float, float],
    indices: Int64[Tensor, " batch"],
    *,
    seed: int,
    epoch: int,
) -> Float64[Tensor, "batch 3"]:
    """Return factor, top and left of the crop that `Geometry` takes of every sample.

    Top and left are parts, from 0 to 1, of the room that the crop has in the enlarged image.
    """
    draws = uniform(seed, epoch, indices, GEOMETRY, _NUM_DRAWS).double()
    # A crop further to the left shows the image further to the right.
    left, top = 1 - draws[:, 9], 1 - draws[:, 10]
    return torch.stack((_between(draws[:, 8], *scale_crop), top, left), dim=1)


def check_scale_crop(scale_crop: tuple[float, float]) -> None:
    """Raise a ValueError unless `scale_crop` is a range of factors from 1 on."""
    low, high = scale_crop
    if not 1 <= low <= high:
        raise ValueError(
            "scale_crop must be two factors from 1 on, the smaller one first, such as "
            f"(1.14, 2.14), got {scale_crop}"
        )


def _between(draws: Draws, low: float, high: float) -> Draws:
    return low + (high - low) * draws


def _check(name: str, value: float, expected: str, most: float) -> None:
    if not 0 <= value <= most:
        raise ValueError(f"{name} must be {expected}, got {value}")
