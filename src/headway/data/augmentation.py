"""Random changes to whole batches of images, drawn for every sample on its own."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Int64, Shaped
from torch import Tensor

from headway.data.random import uniform

Images = Shaped[Tensor, "batch channels height width"]

# What the numbers of `uniform` are drawn for here; other users take other streams.
_STREAM = 1


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Flip, then pad and crop, then cutout; each at random for every sample.

    What happens to a sample depends on the seed, the epoch and its number, not on the batch
    or the device it is in. The fill is 0 in the images as they come (black for uint8); the
    papers fill after the mean was subtracted, which is gray.

    Attributes:
        flip: Mirror left and right with probability one half. Not for digits or text.
        crop_padding: Pixels of padding on every side before a crop of the old size; every
            offset is equally likely. 0 leaves this out.
        cutout: Side of the square that is blanked. Its centre is a pixel of the image, all
            equally likely, so that it may reach over the border. 0 leaves this out.

    Raises:
        ValueError: If a size is negative.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, section 4.2 (flip
        and crop). arXiv:1512.03385. DeVries and Taylor, "Improved Regularization of
        Convolutional Neural Networks with Cutout", 2017. arXiv:1708.04552.

    Example:
        >>> augment = Augmentation(flip=True, crop_padding=4)
        >>> images = torch.zeros(2, 3, 32, 32, dtype=torch.uint8)
        >>> augment(images, torch.tensor([7, 8]), seed=0, epoch=3).shape
        torch.Size([2, 3, 32, 32])
    """

    flip: bool = False
    crop_padding: int = 0
    cutout: int = 0

    def __post_init__(self) -> None:
        for name, size in (("crop_padding", self.crop_padding), ("cutout", self.cutout)):
            if size < 0:
                raise ValueError(
                    f"{name} must be 0 (off) or a number of pixels, got {size}"
                )

    @property
    def is_identity(self) -> bool:
        """True where every change is switched off."""
        return not (self.flip or self.crop_padding or self.cutout)

    def __call__(
        self, images: Images, indices: Int64[Tensor, " batch"], *, seed: int, epoch: int
    ) -> Images:
        """Return the changed images, in new memory unless every change is switched off.

        Args:
            images: uint8 or floating point.
            indices: Number of every image in its data set.
            seed: Seed of the run.
            epoch: Pass over the data, from 0.
        """
        if self.is_identity:
            return images
        height, width = images.shape[2:]
        draws = uniform(seed, epoch, indices, _STREAM, 5).unbind(dim=1)
        if self.flip:
            images = flip_images(images, draws[0] < 0.5)
        if self.crop_padding:
            offsets = 2 * self.crop_padding + 1
            top, left = _whole(draws[1], offsets), _whole(draws[2], offsets)
            images = crop_images(images, top, left, padding=self.crop_padding)
        if self.cutout:
            row, column = _whole(draws[3], height), _whole(draws[4], width)
            images = cut_out(images, row, column, size=self.cutout)
        return images


def flip_images(images: Images, is_flipped: Bool[Tensor, " batch"]) -> Images:
    """Mirror left and right the images where `is_flipped`."""
    # Copying whole images out of both versions is several times faster than torch.where.
    both = torch.cat((images, images.flip(3)))
    picks = torch.arange(len(images), device=images.device) + is_flipped * len(images)
    return both.index_select(0, picks)


def crop_images(
    images: Images,
    top: Int64[Tensor, " batch"],
    left: Int64[Tensor, " batch"],
    *,
    padding: int,
) -> Images:
    """Cut every image out of itself padded with zeros, at its own offset.

    Args:
        images: Images of one size, which the result has too.
        top: First row of the crop, 0 to 2 * padding.
        left: First column of the crop, 0 to 2 * padding.
        padding: Pixels of padding on every side.
    """
    batch, channels, height, width = images.shape
    padded = F.pad(images, (padding,) * 4).contiguous()
    padded_height, padded_width = padded.shape[2:]
    # A row of a crop is a run of `width` pixels in memory. Through overlapping strides any
    # run is one row of a matrix, and rows are what index_select copies fastest.
    runs = padded.as_strided((padded.numel() - width + 1, width), (1, 1))
    planes = torch.arange(batch * channels, device=images.device).view(batch, channels, 1)
    rows = top[:, None] + torch.arange(height, device=images.device)
    within_plane = rows * padded_width + left[:, None]
    starts = planes * (padded_height * padded_width) + within_plane[:, None, :]
    return runs.index_select(0, starts.flatten()).view(batch, channels, height, width)


def cut_out(
    images: Images,
    row: Int64[Tensor, " batch"],
    column: Int64[Tensor, " batch"],
    *,
    size: int,
) -> Images:
    """Set a square of every image to zero, clipped at the borders.

    Args:
        images: uint8 or floating point.
        row: Row of the square's centre; of an even side, the lower of the two middle rows.
        column: Column of the square's centre, likewise.
        size: Side of the square.
    """
    height, width = images.shape[2:]
    in_rows = _covers(row, height, size)[:, None, :, None]
    in_columns = _covers(column, width, size)[:, None, None, :]
    # A product is twice as fast as masked_fill on uint8.
    return images * ~(in_rows & in_columns)


def _covers(
    centre: Int64[Tensor, " batch"], length: int, size: int
) -> Bool[Tensor, "batch length"]:
    offset = torch.arange(length, device=centre.device) - centre[:, None] + size // 2
    return (offset >= 0) & (offset < size)


def _whole(draws: Tensor, bound: int) -> Int64[Tensor, " batch"]:
    """Turn numbers in [0, 1) into whole numbers from 0 to `bound` - 1."""
    # Below 2**24, a multiple of 2**-24 under 1 times `bound` never rounds up to `bound`.
    return (draws * bound).to(torch.int64)
