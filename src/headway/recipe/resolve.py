"""Replace every "auto" of a recipe by the choice that fits the data."""

import math
from dataclasses import replace

from headway.data import DataInfo
from headway.engine import Training
from headway.errors import RecipeError
from headway.recipe.tree import Augmentation, Optimizer, Recipe, Schedule

# Samples that a training should see in all, by recipe; epochs follow from the data's size.
_SAMPLES = {"fast": 300_000, "default": 1_500_000}
_EPOCHS = {"fast": (5, 60), "default": (15, 40)}
# Sets too small for that many epochs to be enough still get this many optimizer steps.
_MIN_STEPS = 400
# The batch size that the learning rate of 0.1 belongs to (He et al., 2015).
_REFERENCE_BATCH = 128


def resolve_recipe(recipe: Recipe, info: DataInfo) -> Recipe:
    """Return `recipe` without "auto" in what depends on the data.

    What depends on the machine (threads, precision) stays for the engine.

    Args:
        recipe: The recipe as given.
        info: What the data is.
    """
    is_image = info.kind == "image"
    epochs = recipe.training.epochs
    batch_size = _batch_size(recipe.training, info.num_train)
    training = replace(
        recipe.training,
        epochs=_epochs(recipe.name, info.num_train, batch_size)
        if epochs == "auto"
        else epochs,
        batch_size=batch_size,
    )
    kind = recipe.preprocessing.kind
    if kind == "auto":
        kind = "channel-mean-std" if is_image else "standardize"
    model = recipe.model.name
    if model == "auto":
        model = "resnet-20" if is_image else "mlp"
    task = recipe.task.kind
    optimizer = _optimizer(recipe.optimizer, is_image=is_image, batch_size=batch_size)
    return replace(
        recipe,
        preprocessing=replace(recipe.preprocessing, kind=kind),
        augmentation=_augmentation(recipe.augmentation, info),
        model=replace(recipe.model, name=model),
        task=replace(recipe.task, kind=info.task if task == "auto" else task),
        optimizer=optimizer,
        schedule=_schedule(recipe.schedule, total_steps(training, info.num_train)),
        training=training,
    )


def _batch_size(training: Training, num_train: int) -> int:
    """Return up to 128, halved until an epoch has 32 steps or a batch only 16 samples."""
    if training.batch_size != "auto":
        return min(training.batch_size, num_train)
    size = _REFERENCE_BATCH
    while size > 16 and num_train < 32 * size:
        size //= 2
    return min(size, num_train)


def _epochs(recipe: str, num_train: int, batch_size: int) -> int:
    lowest, highest = _EPOCHS.get(recipe, _EPOCHS["default"])
    samples = _SAMPLES.get(recipe, _SAMPLES["default"])
    epochs = max(lowest, min(highest, round(samples / num_train)))
    return max(epochs, math.ceil(_MIN_STEPS / (num_train // batch_size)))


def total_steps(training: Training, num_train: int) -> int:
    """Return the optimizer steps of a training whose epochs are known."""
    assert training.epochs != "auto"
    assert training.batch_size != "auto"
    steps = training.epochs * max(1, num_train // training.batch_size)
    return steps if training.max_steps is None else min(steps, training.max_steps)


def _augmentation(augmentation: Augmentation, info: DataInfo) -> Augmentation:
    if info.kind != "image":
        asked = [augmentation.flip is True, augmentation.crop_padding not in ("auto", 0)]
        if any(asked) or augmentation.cutout:
            raise RecipeError(
                f"augmentation is for images, but {info.name!r} holds {info.kind} data; "
                "leave the augmentation section out"
            )
        return Augmentation(flip=False, crop_padding=0, cutout=0)
    channels, height, width = info.input_shape
    for name in ("crop_padding", "cutout"):
        value = getattr(augmentation, name)
        if value != "auto" and value >= min(height, width):
            raise RecipeError(
                f"augmentation.{name}={value} can leave nothing of images of {width}x{height} "
                f"pixels; choose less than {min(height, width)}"
            )
    flip, padding = augmentation.flip, augmentation.crop_padding
    return replace(
        augmentation,
        flip=channels == 3 if flip == "auto" else flip,
        crop_padding=min(height, width) // 8 if padding == "auto" else padding,
    )


def _optimizer(optimizer: Optimizer, *, is_image: bool, batch_size: int) -> Optimizer:
    name = optimizer.name
    if name == "auto":
        name = "sgd" if is_image else "adamw"
    lr, decay = optimizer.lr, optimizer.weight_decay
    if lr == "auto":
        lr = 0.1 * batch_size / _REFERENCE_BATCH if name == "sgd" else 1e-3
    if decay == "auto":
        decay = {"sgd": 5e-4, "adam": 0.0, "adamw": 1e-2}[name]
    return replace(optimizer, name=name, lr=lr, weight_decay=decay)


def _schedule(schedule: Schedule, steps: int) -> Schedule:
    warmup = schedule.warmup_steps
    if warmup == "auto":
        warmup = min(1000, steps // 20) if schedule.name == "cosine" else 0
    return replace(schedule, warmup_steps=warmup)
