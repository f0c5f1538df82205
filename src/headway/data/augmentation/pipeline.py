"""Random changes to whole batches of images, drawn for every sample on its own."""

from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from headway.data.augmentation.color import ColorJitter
from headway.data.augmentation.geometry import Geometry
from headway.data.augmentation.moves import Hole, Images, Moves, move_images
from headway.data.augmentation.policies import Policy
from headway.data.augmentation.streams import MOVES
from headway.data.augmentation.targets import Boxes, Masks, change_boxes, change_masks
from headway.data.augmentation.warps import resample
from headway.data.random import uniform

# What a part of a batch takes at most on a CPU. Several tensors of this size fit into the
# caches, and the allocator keeps them instead of asking for new pages each time. Changes
# that pass through float32 need four times as much room (measured at 3x32x32 and 3x224x224).
_PART_BYTES = 3 << 19
_FLOAT_PART_BYTES = 3 << 16


@dataclass(frozen=True, slots=True)
class Augmented:
    """Images after their random changes, with what belongs to them.

    Attributes:
        images: The changed images.
        masks: Their masks, changed in the same way, or None.
        boxes: Their boxes, cut off at the border, or None.
        is_in_view: Which boxes still have an area, or None.
    """

    images: Images
    masks: Masks | None = None
    boxes: Boxes | None = None
    is_in_view: Bool[Tensor, "batch boxes"] | None = None


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Color, geometry, flips, pad and crop, a policy, cutout; each drawn for every sample.

    What happens to a sample depends on the seed, the epoch and its number, not on the batch
    or the device it is in. The fill is 0 in the images as they come (black for uint8); the
    papers fill after the mean was subtracted, which is gray.

    Attributes:
        flip: Mirror left and right with probability one half. Not for digits or text.
        crop_padding: Pixels of padding on every side before a crop of the old size; every
            offset is equally likely. 0 leaves this out.
        cutout: Side of the square that is blanked. Its centre is a pixel of the image, all
            equally likely, so that it may reach over the border. 0 leaves this out.
        vertical_flip: Mirror top and bottom with probability one half; for images from
            above or through a microscope.
        geometry: Rotation, shear and the like, in one resampling.
        color: Brightness, contrast and the like.
        policy: Operations drawn from a published set, or None.

    Raises:
        ValueError: If a size is negative.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, section 4.2 (flip
        and crop). arXiv:1512.03385. DeVries and Taylor, "Improved Regularization of
        Convolutional Neural Networks with Cutout", 2017. arXiv:1708.04552.

    Example:
        >>> augment = Augmentation(flip=True, crop_padding=4, geometry=Geometry(rotation=10.0))
        >>> images = torch.zeros(2, 3, 32, 32, dtype=torch.uint8)
        >>> augment(images, torch.tensor([7, 8]), seed=0, epoch=3).shape
        torch.Size([2, 3, 32, 32])
    """

    flip: bool = False
    crop_padding: int = 0
    cutout: int = 0
    vertical_flip: bool = False
    geometry: Geometry = field(default_factory=Geometry)
    color: ColorJitter = field(default_factory=ColorJitter)
    policy: Policy | None = None

    def __post_init__(self) -> None:
        for name, size in (("crop_padding", self.crop_padding), ("cutout", self.cutout)):
            if size < 0:
                raise ValueError(
                    f"{name} must be 0 (off) or a number of pixels, got {size}"
                )

    @property
    def is_identity(self) -> bool:
        """True where every change is switched off."""
        moves = (self.flip, self.vertical_flip, self.crop_padding, self.cutout)
        parts = (self.geometry.is_identity, self.color.is_identity, self.policy is None)
        return not any(moves) and all(parts)

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
            ValueError: If the type or the channels of the images do not fit the settings.
        """
        if self.is_identity:
            return images
        is_float = not self.geometry.is_identity or self.color.computes_floats
        parts = _parts(images, _FLOAT_PART_BYTES if is_float else _PART_BYTES)
        if parts <= 1:
            return self._change(images, indices, seed, epoch)
        changed = torch.empty_like(images)
        tensors = (changed, images, indices)
        for to, part, numbers in zip(*(x.chunk(parts) for x in tensors), strict=True):
            to.copy_(self._change(part, numbers, seed, epoch))
        return changed

    def _change(
        self, images: Images, indices: Int64[Tensor, " batch"], seed: int, epoch: int
    ) -> Images:
        images = self.color(images, indices, seed=seed, epoch=epoch)
        if not self.geometry.is_identity:
            size = (images.shape[2], images.shape[3])
            warp = self.geometry.draw(indices, seed=seed, epoch=epoch, size=size)
            images = resample(images, warp, fill=self.geometry.fill)
        if not (self.flip or self.vertical_flip or self.crop_padding or self.cutout):
            return self._apply_policy(images, indices, seed, epoch)
        moves = self._moves(images, indices, seed, epoch)
        if self.policy is None:
            return move_images(images, moves)
        images = move_images(images, replace(moves, hole=None))
        images = self._apply_policy(images, indices, seed, epoch)
        return move_images(images, Moves(hole=moves.hole))

    def with_targets(
        self,
        images: Images,
        indices: Int64[Tensor, " batch"],
        *,
        seed: int,
        epoch: int,
        masks: Masks | None = None,
        boxes: Boxes | None = None,
        mask_fill: int = 0,
    ) -> Augmented:
        """Change images as a call does, and move their masks and boxes with them.

        Masks take the nearest pixel. Boxes become the upright rectangles around their moved
        corners, which a lens makes a little too small where an edge is bent outwards.
        Cutout hides part of an image and leaves its masks and boxes as they are.

        Args:
            images: uint8 or floating point.
            indices: Number of every image in its data set.
            seed: Seed of the run.
            epoch: Pass over the data, from 0.
            masks: Class of every pixel, or any other number.
            boxes: Left, top, right and bottom in pixels from the upper left corner.
            mask_fill: Mask of what lies beyond the border of the image.

        Raises:
            ValueError: If there is a policy: its operations change images alone.
        """
        if self.policy is not None:
            raise ValueError(
                "a policy changes images alone: leave it out where masks or boxes must follow"
            )
        changed = self(images, indices, seed=seed, epoch=epoch)
        height, width = images.shape[2:]
        moves = replace(self._moves(images, indices, seed, epoch), hole=None)
        warp = None
        if not self.geometry.is_identity:
            warp = self.geometry.draw(indices, seed=seed, epoch=epoch, size=(height, width))
        if masks is not None:
            masks = change_masks(masks, warp, moves, fill=mask_fill)
        if boxes is None:
            return Augmented(changed, masks)
        boxes = change_boxes(boxes, warp, moves, size=(height, width))
        is_in_view = (boxes[..., 2] > boxes[..., 0]) & (boxes[..., 3] > boxes[..., 1])
        return Augmented(changed, masks, boxes, is_in_view)

    def _moves(
        self, images: Images, indices: Int64[Tensor, " batch"], seed: int, epoch: int
    ) -> Moves:
        height, width = images.shape[2:]
        draws = uniform(seed, epoch, indices, MOVES, 6)
        down = right = hole = None
        if self.crop_padding:
            offsets = _whole(draws[:, 1:3], 2 * self.crop_padding + 1)
            down, right = (offsets - self.crop_padding).unbind(dim=1)
        if self.cutout:
            row, column = _whole(draws[:, 3], height), _whole(draws[:, 4], width)
            hole = Hole(row, column, self.cutout)
        mirrored = draws[:, 0] < 0.5 if self.flip else None
        upside_down = draws[:, 5] < 0.5 if self.vertical_flip else None
        return Moves(mirrored, upside_down, down, right, hole)

    def _apply_policy(
        self, images: Images, indices: Int64[Tensor, " batch"], seed: int, epoch: int
    ) -> Images:
        if self.policy is None:
            return images
        return self.policy(images, indices, seed=seed, epoch=epoch)


def _parts(images: Images, most_bytes: int) -> int:
    """Return how many parts of a batch are done one after the other."""
    if images.device.type != "cpu":
        return 1
    num_bytes = images.numel() * images.element_size()
    return min(len(images), -(-num_bytes // most_bytes))


def _whole(draws: Tensor, bound: int) -> Int64[Tensor, "batch *_"]:
    """Turn numbers in [0, 1) into whole numbers from 0 to `bound` - 1."""
    # Below 2**24, a multiple of 2**-24 under 1 times `bound` never rounds up to `bound`.
    return (draws * bound).to(torch.int64)
