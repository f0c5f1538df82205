"""Mixup and CutMix: training samples blended with others of their batch."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float32, Int64, Shaped
from torch import Tensor
from torch.nn import functional as F

from headway.data.augmentation import Images
from headway.data.augmentation.color import as_type_of
from headway.data.augmentation.streams import MIXING
from headway.data.random import symmetric_beta, uniform


@dataclass(frozen=True, slots=True)
class Mixing:
    """Each sample blended with the next one of its global batch: mixup, CutMix or either.

    Mixup: x = w x1 + (1 - w) x2 and y likewise, with w from Beta(alpha, alpha). CutMix pastes
    a rectangle with a part 1 - w of the area out of x2, and weighs y by the area that was
    left after cutting it off at the border. With both, each sample takes one of the two with
    probability one half.

    The order of an epoch is random, so that the next sample is a random one. A weight
    depends on the seed, the epoch and the number of the sample.

    Attributes:
        num_classes: Classes; class numbers become probabilities (shape: batch, classes).
            0 for targets that are floats already.
        mixup: Alpha of mixup; 1 for small images and 0.1 to 0.4 for ImageNet. 0: no mixup.
        cutmix: Alpha of CutMix, 1 in the paper. 0: no CutMix.

    Raises:
        ValueError: If a number is negative.

    Reference:
        Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2017. arXiv:1710.09412.
        Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers", 2019.
        arXiv:1905.04899. Both draw one weight for a batch; here every sample has its own.
    """

    num_classes: int
    mixup: float = 0.0
    cutmix: float = 0.0

    def __post_init__(self) -> None:
        for name in ("num_classes", "mixup", "cutmix"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")

    @property
    def is_identity(self) -> bool:
        """True where nothing is mixed."""
        return not (self.mixup or self.cutmix)

    def __call__(
        self,
        images: Shaped[Tensor, "one_more channels height width"],
        targets: Shaped[Tensor, "one_more *outputs"],
        indices: Int64[Tensor, " one_more"],
        *,
        seed: int,
        epoch: int,
    ) -> tuple[Images, Float32[Tensor, "batch outputs"]]:
        """Return all images but the last, each mixed with the next one, and their targets.

        Args:
            images: Images of the batch, with one more so that each has a next one.
            targets: Class numbers, or floats (shape: batch, outputs).
            indices: Number of every image in its data set.
            seed: Seed of the run.
            epoch: Pass over the data, from 0.
        """
        size = (images.shape[2], images.shape[3])
        plan = self.plan(indices[:-1], seed=seed, epoch=epoch, size=size)
        return plan.mix(images), self.mix_targets(targets, plan)

    def plan(
        self,
        indices: Int64[Tensor, " batch"],
        *,
        seed: int,
        epoch: int,
        size: tuple[int, int],
    ) -> "MixingPlan":
        """Return how much of every sample stays.

        Args:
            indices: Numbers of the samples in their data set.
            seed: Seed of the run.
            epoch: Pass over the data, from 0.
            size: Height and width of the images.
        """
        draws = uniform(seed, epoch, indices, MIXING, 7)
        blend = symmetric_beta(self.mixup, draws[:, :2]).float() if self.mixup else None
        if not self.cutmix:
            return MixingPlan(blend, None)
        left_over = symmetric_beta(self.cutmix, draws[:, 2:4]).float()
        is_pasted = rectangles(1 - left_over, draws[:, 4:6], size)
        if blend is not None:
            is_cutmix = draws[:, 6] < 0.5
            blend = torch.where(is_cutmix, 1.0, blend)
            is_pasted = is_pasted & is_cutmix[:, None, None]
        return MixingPlan(blend, is_pasted)

    def mix_targets(
        self, targets: Shaped[Tensor, "one_more *outputs"], plan: "MixingPlan"
    ) -> Float32[Tensor, "batch outputs"]:
        """Return the targets weighted as `plan` says; of class numbers, as probabilities."""
        if self.num_classes:
            targets = F.one_hot(targets, self.num_classes)
        soft = targets.to(torch.float32)
        return torch.lerp(soft[1:], soft[:-1], plan.weight[:, None])


@dataclass(frozen=True, slots=True)
class MixingPlan:
    """How much of every sample of a batch stays, and where.

    Attributes:
        blend: Part of every value that stays, or None where all of it does.
        is_pasted: Which pixels come from the next image, or None where none does.
    """

    blend: Float32[Tensor, " batch"] | None
    is_pasted: Bool[Tensor, "batch height width"] | None

    @property
    def weight(self) -> Float32[Tensor, " batch"]:
        """Part of every target that stays."""
        if self.is_pasted is None:
            assert self.blend is not None
            return self.blend
        kept = 1 - self.is_pasted.flatten(1).float().mean(dim=1)
        return kept if self.blend is None else kept * self.blend

    def mix(self, images: Shaped[Tensor, "one_more channels height width"]) -> Images:
        """Return each image but the last, mixed with the next one; uint8 is rounded."""
        own, following = images[:-1], images[1:]
        if self.is_pasted is not None:
            own = torch.where(self.is_pasted[:, None], following, own)
        if self.blend is None:
            return own
        blend = self.blend[:, None, None, None]
        pixels = torch.lerp(following.to(torch.float32), own.to(torch.float32), blend)
        return as_type_of(own, pixels)


def rectangles(
    area: Float32[Tensor, " batch"],
    centre: Float32[Tensor, "batch 2"],
    size: tuple[int, int],
) -> Bool[Tensor, "batch height width"]:
    """Return masks of rectangles shaped like the image, cut off at its border.

    Args:
        area: Part of the area of the whole image.
        centre: Row and column of the centre, as parts of the sides, evenly distributed.
        size: Height and width of the image.
    """
    root = area.clamp(min=0).sqrt()
    inside = [
        _covers((centre[:, axis] * length).floor(), root * length, length)
        for axis, length in enumerate(size)
    ]
    return inside[0][:, :, None] & inside[1][:, None, :]


def _covers(
    centre: Float32[Tensor, " batch"], sides: Float32[Tensor, " batch"], length: int
) -> Bool[Tensor, "batch length"]:
    """Return which pixels a side of floor(sides) pixels around `centre` covers."""
    sides = sides.floor()
    first = (centre - (sides / 2).floor())[:, None]
    place = torch.arange(length, device=centre.device)
    return (place >= first) & (place < first + sides[:, None])
