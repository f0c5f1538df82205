"""The augmentation section of a recipe: checked against the data, and made."""

from dataclasses import replace

from headway.data import Augmentation as ImageAugmentation
from headway.data import (
    AutoAugment,
    ColorJitter,
    DataInfo,
    Geometry,
    Mixing,
    Policy,
    RandAugment,
    Split,
    TrivialAugment,
    fit_color_directions,
)
from headway.errors import RecipeError
from headway.recipe.tree import Augmentation

_MIXABLE = ("classification", "multilabel")


def resolve_augmentation(augmentation: Augmentation, info: DataInfo) -> Augmentation:
    """Return the section without "auto".

    Raises:
        RecipeError: If it does not fit the data.
    """
    if info.kind != "image":
        nothing = Augmentation(flip=False, crop_padding=0)
        padding = augmentation.crop_padding
        asked = replace(
            augmentation,
            flip=augmentation.flip is True,
            crop_padding=0 if padding == "auto" else padding,
        )
        if asked != nothing:
            raise RecipeError(
                f"augmentation is for images, but {info.name!r} holds {info.kind} data; "
                "leave the augmentation section out"
            )
        return nothing
    _check_sizes(augmentation, info)
    _check_colors(augmentation, info)
    _check_mixing(augmentation, info)
    channels, height, width = info.input_shape
    flip, padding = augmentation.flip, augmentation.crop_padding
    return replace(
        augmentation,
        flip=channels == 3 if flip == "auto" else flip,
        crop_padding=min(height, width) // 8 if padding == "auto" else padding,
    )


def build_augmentation(chosen: Augmentation, train: Split) -> ImageAugmentation:
    """Return the augmentation that a resolved section describes.

    Args:
        chosen: The section.
        train: The training part, whose colors `pca_color` needs.
    """
    return ImageAugmentation(
        flip=chosen.flip is True,
        crop_padding=int(chosen.crop_padding),
        cutout=chosen.cutout,
        vertical_flip=chosen.vertical_flip,
        geometry=Geometry(
            rotation=chosen.rotation,
            shear=chosen.shear,
            scale=chosen.scale,
            stretch=chosen.stretch,
            translation=chosen.translation,
            lens=chosen.lens,
            scale_crop=chosen.scale_crop,
        ),
        color=ColorJitter(
            brightness=chosen.brightness,
            contrast=chosen.contrast,
            saturation=chosen.saturation,
            intensity=chosen.intensity,
            pca_color=chosen.pca_color,
            color_directions=fit_color_directions(train) if chosen.pca_color else (),
            noise=chosen.noise,
        ),
        policy=_policy(chosen),
    )


def build_mixing(chosen: Augmentation, info: DataInfo) -> Mixing | None:
    """Return what mixes the samples of a batch, or None where nothing does."""
    if not (chosen.mixup or chosen.cutmix):
        return None
    num_classes = len(info.classes) if info.task == "classification" else 0
    return Mixing(num_classes, mixup=chosen.mixup, cutmix=chosen.cutmix)


def _policy(chosen: Augmentation) -> Policy | None:
    if chosen.policy == "randaugment":
        return RandAugment(chosen.rand_operations, chosen.rand_magnitude)
    if chosen.policy == "trivialaugment":
        return TrivialAugment()
    if chosen.policy == "autoaugment-cifar10":
        return AutoAugment("cifar10")
    if chosen.policy == "autoaugment-svhn":
        return AutoAugment("svhn")
    return AutoAugment("imagenet") if chosen.policy == "autoaugment-imagenet" else None


def _check_sizes(augmentation: Augmentation, info: DataInfo) -> None:
    _, height, width = info.input_shape
    for name in ("crop_padding", "cutout"):
        value = getattr(augmentation, name)
        if value != "auto" and value >= min(height, width):
            raise RecipeError(
                f"augmentation.{name}={value} can leave nothing of images of {width}x{height} "
                f"pixels; choose less than {min(height, width)}"
            )
    factors = augmentation.scale_crop
    if factors is not None and factors[0] > factors[1]:
        raise RecipeError(
            f"augmentation.scale_crop={list(factors)} starts above its end; give the smaller "
            "factor first"
        )


def _check_colors(augmentation: Augmentation, info: DataInfo) -> None:
    channels = info.input_shape[0]
    if augmentation.saturation and channels != 3:
        raise RecipeError(
            f"augmentation.saturation={augmentation.saturation:g} is for images of 3 channels, "
            f"and those of {info.name!r} have {channels}; leave it out"
        )
    if augmentation.policy != "none" and (info.dtype != "uint8" or channels not in (1, 3)):
        raise RecipeError(
            f"augmentation.policy={augmentation.policy} is for uint8 images of 1 or 3 "
            f"channels, and those of {info.name!r} are {info.dtype} with {channels}; use "
            "rotation, brightness and the like instead"
        )


def _check_mixing(augmentation: Augmentation, info: DataInfo) -> None:
    if (augmentation.mixup or augmentation.cutmix) and info.task not in _MIXABLE:
        raise RecipeError(
            f"augmentation.mixup and augmentation.cutmix mix labels, and {info.name!r} is "
            f"for {info.task}; leave them out"
        )
