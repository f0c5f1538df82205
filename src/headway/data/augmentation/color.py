"""Random changes of brightness, contrast, saturation and color, and noise."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int16, Int64, Shaped, UInt8
from torch import Tensor

from headway.data.augmentation.moves import Images
from headway.data.augmentation.streams import COLOR, COLOR_OFFSET, NOISE
from headway.data.random import normal, uniform

# Columns are the directions of the colors, each as long as its variance.
ColorDirections = tuple[tuple[float, ...], ...]

# Luma of ITU-R BT.601, which torchvision and Pillow use too.
_LUMA = (0.299, 0.587, 0.114)
# As many bytes add up to less than 2**15. Sums in int16 take a third of the time of int32.
_RUN = 128
# Numbers of one call of `normal` for one sample.
_NOISE_BLOCK = 1 << 17


@dataclass(frozen=True, kw_only=True, slots=True)
class ColorJitter:
    """Random changes of color, composed into one map of the colors for every sample.

    y = g (s x + (1 - s) gray(x)) + (1 - c) b mean(gray(x)) + offset with g = b c: brightness
    b, contrast c and saturation s are drawn from 1 - strength to 1 + strength. Whole numbers
    are rounded and cut off to 0..255 once, at the end; floating-point images are not cut
    off. For uint8 without saturation, g is drawn in steps of 1/128 or more, as the whole
    numbers of 16 bits in between have room for.

    Attributes:
        brightness: Largest change of the factor of all values, 0 to 1.
        contrast: Largest change of the factor of the distance from the mean gray, 0 to 1.
        saturation: Largest change of the factor of the distance from gray, 0 to 1; for
            three channels.
        intensity: Largest shift of all values to either side, as a part of the range.
        pca_color: Standard deviation of the factors that the directions of color are
            multiplied with before they are added to all pixels; 0.1 in the paper.
        color_directions: What `fit_color_directions` found; needed for `pca_color`.
        noise: Standard deviation of normal noise on every value, as a part of the range.

    The range is 255 for uint8 and 1 for floating-point images.

    Raises:
        ValueError: If a strength is out of its range, or the directions are missing.

    Reference:
        Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural
        Networks", 2012, section 4.1 (color offset). Its eigenvalues depend on the unit of
        the colors; here they are those of values in 0..1, as in fb.resnet.torch.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    intensity: float = 0.0
    pca_color: float = 0.0
    color_directions: ColorDirections = ()
    noise: float = 0.0

    def __post_init__(self) -> None:
        for name in ("brightness", "contrast", "saturation", "intensity", "noise"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, got {getattr(self, name)}")
        if self.pca_color < 0:
            raise ValueError(f"pca_color must be 0 (off) or above, got {self.pca_color}")
        if self.pca_color and not self.color_directions:
            raise ValueError(
                "pca_color needs color_directions: fit_color_directions(train) finds them"
            )

    @property
    def is_identity(self) -> bool:
        """True where every change is switched off."""
        return not (self._maps_colors or self.noise)

    @property
    def computes_floats(self) -> bool:
        """True where even whole numbers pass through float32."""
        return bool(self.saturation or self.noise)

    @property
    def _maps_colors(self) -> bool:
        factors = (self.brightness, self.contrast, self.saturation)
        return any((*factors, self.intensity, self.pca_color))

    def __call__(
        self, images: Images, indices: Int64[Tensor, " batch"], *, seed: int, epoch: int
    ) -> Images:
        """Return the changed images, in new memory unless every change is switched off.

        Args:
            images: uint8 or floating point.
            indices: Number of every image in its data set.
            seed: Seed of the run.
            epoch: Pass over the data, from 0.

        Raises:
            ValueError: If the channels do not fit the saturation or the directions.
        """
        if self._maps_colors:
            images = self._map_colors(images, indices, seed, epoch)
        if self.noise:
            images = add_noise(images, _noise(images, indices, seed, epoch) * self.noise)
        return images

    def _map_colors(
        self, images: Images, indices: Int64[Tensor, " batch"], seed: int, epoch: int
    ) -> Images:
        even = (2 * uniform(seed, epoch, indices, COLOR, 4) - 1).unbind(dim=1)
        brightness = 1 + self.brightness * even[0]
        contrast = 1 + self.contrast * even[1]
        gain, offset = brightness * contrast, (self.intensity * even[3])[:, None]
        if self.pca_color:
            alphas = normal(seed, epoch, indices, COLOR_OFFSET, len(self.color_directions))
            offset = offset + self.pca_color * alphas @ self._directions(images).T
        offset = offset * _range(images)
        if images.dtype == torch.uint8 and not self.saturation:
            images = images.to(torch.int16)
        if self.contrast:
            gray = _mean_gray(images)
            offset = offset + ((1 - contrast) * brightness * gray)[:, None]
        if self.saturation:
            saturation = 1 + self.saturation * even[2]
            return saturate(images, saturation, gain=gain, offset=offset)
        largest = (1 + self.brightness) * (1 + self.contrast)
        return scale_values(images, gain, offset, largest=largest)

    def _directions(self, images: Images) -> Float[Tensor, "channels channels"]:
        if len(self.color_directions) != images.shape[1]:
            raise ValueError(
                f"color_directions are for {len(self.color_directions)} channels, got "
                f"images with {images.shape[1]}"
            )
        return torch.tensor(self.color_directions, device=images.device)


def scale_values(
    images: Images,
    gain: Float[Tensor, " batch"],
    offset: Float[Tensor, "batch _"],
    *,
    largest: float,
) -> Images:
    """Return gain * x + offset, rounded and cut off for uint8.

    Args:
        images: uint8, the same in int16, which is overwritten, or floating point.
        gain: Factor of every image, 0 to `largest`.
        offset: What is added to each channel, or to all.
        largest: The largest gain, which decides how finely gains of uint8 are rounded.
    """
    gain, offset = gain.view(-1, 1, 1, 1), offset[:, :, None, None]
    if images.is_floating_point():
        return images * gain.to(images.dtype) + offset.to(images.dtype)
    bits = 7 - max(0, math.ceil(math.log2(largest)) - 1)
    return _scale_bytes(images.to(torch.int16), gain, offset, bits=bits)


def _scale_bytes(
    values: Int16[Tensor, "batch channels height width"],
    gain: Float[Tensor, "batch 1 1 1"],
    offset: Float[Tensor, "batch _ 1 1"],
    *,
    bits: int,
) -> UInt8[Tensor, "batch channels height width"]:
    """Compute in whole numbers of 16 bits, in place: several times faster than in floats.

    With x = 128 + d, gain * x + offset is gain * d + (offset + 128 gain). The gain has `bits`
    bits after the point, so that gain * d with |d| <= 128 stays within 2**15.
    """
    steps = (gain * 2**bits).round().clamp(max=255)
    # Rounding the gain leaves the middle of the range in its place.
    offset = offset + 128 * gain
    whole = offset.floor()
    # The rest of the offset and one half, which makes the shift round to the nearest.
    rest = ((offset - whole + 0.5) * 2**bits).floor()
    # x * steps may overflow, and comes back as 128 * steps is taken off: both wrap around.
    values.mul_(steps.to(torch.int16))
    values.add_((rest - 128 * steps).to(torch.int16)).bitwise_right_shift_(bits)
    values.add_(whole.clamp(-1024, 1024).to(torch.int16))
    return values.clamp_(0, 255).to(torch.uint8)


def saturate(
    images: Images,
    saturation: Float[Tensor, " batch"],
    *,
    gain: Float[Tensor, " batch"],
    offset: Float[Tensor, "batch _"],
) -> Images:
    """Return gain * (saturation * x + (1 - saturation) * gray(x)) + offset.

    Raises:
        ValueError: If there are not three channels.
    """
    if images.shape[1] != 3:
        raise ValueError(f"saturation is for 3 channels, got {images.shape[1]}")
    pixels = images.to(torch.float32, copy=True)
    gray = luma(pixels).mul_((gain * (1 - saturation))[:, None, None, None])
    pixels.mul_((gain * saturation)[:, None, None, None])
    return as_type_of(images, pixels.add_(gray).add_(offset[:, :, None, None]))


def add_noise(
    images: Images, noise: Float[Tensor, "batch channels height width"]
) -> Images:
    """Return the images with `noise`, in units of the range, added to them."""
    return as_type_of(images, noise.mul_(_range(images)).add_(images))


def luma(
    pixels: Float[Tensor, "batch channels height width"],
) -> Float[Tensor, "batch 1 height width"]:
    """Return the brightness that the eye sees: 0.299 red + 0.587 green + 0.114 blue.

    Of other than three channels it is the mean.
    """
    if pixels.shape[1] != 3:
        return pixels.mean(dim=1, keepdim=True)
    red, green, blue = pixels.split(1, dim=1)
    return (red * _LUMA[0]).add_(green, alpha=_LUMA[1]).add_(blue, alpha=_LUMA[2])


def as_type_of(
    images: Images, pixels: Float[Tensor, "batch channels height width"]
) -> Images:
    """Return `pixels` in the type of `images`, rounded and cut off for uint8; in place."""
    if images.dtype == torch.uint8:
        # Through int32, as the direct conversion is several times slower.
        return pixels.round_().clamp_(0, 255).to(torch.int32).to(torch.uint8)
    return pixels.to(images.dtype)


def _range(images: Images) -> float:
    return 1.0 if images.is_floating_point() else 255.0


def _mean_gray(images: Images) -> Float[Tensor, " batch"]:
    pixels = images.flatten(2)
    means = _sums(pixels).to(torch.float32) / pixels.shape[2]
    return luma(means[:, :, None, None]).flatten()


def _sums(
    pixels: Shaped[Tensor, "batch channels pixels"],
) -> Shaped[Tensor, "batch channels"]:
    """Return the sum of each channel; of bytes, in uint8 or int16, in int32."""
    if pixels.is_floating_point():
        return pixels.sum(dim=2)
    if pixels.shape[2] % _RUN == 0:
        runs = pixels.to(torch.int16).reshape(*pixels.shape[:2], -1, _RUN)
        pixels = runs.sum(dim=3, dtype=torch.int16)
    # Sums of bytes in int32 hold images of up to 2**23 pixels.
    return pixels.sum(dim=2, dtype=torch.int32)


def _noise(
    images: Images, indices: Int64[Tensor, " batch"], seed: int, epoch: int
) -> Float[Tensor, "batch channels height width"]:
    count = images[0].numel()
    blocks = [
        normal(seed, epoch, indices, NOISE + number, min(_NOISE_BLOCK, count - start))
        for number, start in enumerate(range(0, count, _NOISE_BLOCK))
    ]
    return torch.cat(blocks, dim=1).view(images.shape)
