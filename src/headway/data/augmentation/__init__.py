"""Random changes to whole batches of images, drawn for every sample on its own."""

from headway.data.augmentation.color import ColorDirections, ColorJitter
from headway.data.augmentation.geometry import Geometry, scale_crop_draws
from headway.data.augmentation.moves import Hole, Images, Moves, move_images
from headway.data.augmentation.pipeline import Augmentation, Augmented
from headway.data.augmentation.policies import (
    AutoAugment,
    Policy,
    RandAugment,
    TrivialAugment,
)

__all__ = [
    "Augmentation",
    "Augmented",
    "AutoAugment",
    "ColorDirections",
    "ColorJitter",
    "Geometry",
    "Hole",
    "Images",
    "Moves",
    "Policy",
    "RandAugment",
    "TrivialAugment",
    "move_images",
    "scale_crop_draws",
]
