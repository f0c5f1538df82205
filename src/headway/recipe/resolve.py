"""Replace every "auto" of a recipe by the choice that fits the data."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from headway.data import DataInfo, InputKind, PreprocessingKind
from headway.engine import Training, resolve_average
from headway.errors import RecipeError
from headway.optim import averaged_lr, cycle_of_three
from headway.recipe.augmenting import resolve_augmentation
from headway.recipe.tree import Optimizer, Recipe, Schedule

# Samples that a training should see in all, by recipe; epochs follow from the data's size.
_SAMPLES = {"fast": 300_000, "default": 1_500_000}
_EPOCHS = {"fast": (5, 60), "default": (15, 40)}
# Sets too small for that many epochs to be enough still get this many optimizer steps.
_MIN_STEPS = 400
# The batch size that the learning rate of 0.1 belongs to (He et al., 2015).
_REFERENCE_BATCH = 128
# Pascanu et al., "On the Difficulty of Training Recurrent Neural Networks", 2013, section
# 3.2, find training not very sensitive to it. arXiv:1211.5063.
_SEQUENCE_CLIP_NORM = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Choices:
    """What "auto" stands for in one kind of data.

    Attributes:
        preprocessing: Kind of preprocessing.
        model: Name of the model.
        optimizer: Name of the optimizer.
        lr: Learning rate of optimizers that divide by the size of the gradient.
    """

    preprocessing: PreprocessingKind
    model: str
    optimizer: Literal["sgd", "adam", "adamw"]
    lr: float = 1e-3


_SEQUENCE = _Choices(preprocessing="none", model="gru", optimizer="adam", lr=2e-3)
_CHOICES: Mapping[InputKind, _Choices] = {
    "image": _Choices(preprocessing="channel-mean-std", model="resnet-20", optimizer="sgd"),
    "tabular": _Choices(preprocessing="standardize", model="mlp", optimizer="adamw"),
    "tokens": _SEQUENCE,
    "sequence": _SEQUENCE,
}
_WITHOUT_WARMUP = ("constant", "step", "one-cycle", "plateau")
# On digits, an mlp and resnet-8 learned much faster at this rate than at that of AdamW.
_MUON_LR = 0.01
_WEIGHT_DECAY = {
    "sgd": 5e-4,
    "averaged-momentum": 5e-4,
    "adam": 0.0,
    "adamw": 1e-2,
    "muon": 1e-2,
}


def resolve_recipe(recipe: Recipe, info: DataInfo) -> Recipe:
    """Return `recipe` without "auto" in what depends on the data.

    What depends on the machine (threads, precision) stays for the engine.

    Args:
        recipe: The recipe as given.
        info: What the data is.
    """
    epochs = recipe.training.epochs
    batch_size = _batch_size(recipe.training, info.num_train)
    training = replace(
        recipe.training,
        epochs=_epochs(recipe.name, info.num_train, batch_size)
        if epochs == "auto"
        else epochs,
        batch_size=batch_size,
        clip_norm=_clip_norm(recipe.training, info),
    )
    training = _average(training, epoch_steps=max(1, info.num_train // batch_size))
    choices = _CHOICES[info.kind]
    kind = recipe.preprocessing.kind
    if kind == "auto":
        kind = choices.preprocessing
    if info.kind == "tokens" and kind != "none":
        raise RecipeError(
            f"preprocessing.kind={kind} is for numbers, and {info.name!r} holds tokens; "
            "leave it out"
        )
    model = recipe.model.name
    if model == "auto":
        model = choices.model
    task = recipe.task.kind
    optimizer = _optimizer(recipe.optimizer, choices, batch_size=batch_size)
    return replace(
        recipe,
        preprocessing=replace(recipe.preprocessing, kind=kind),
        augmentation=resolve_augmentation(recipe.augmentation, info),
        model=replace(recipe.model, name=model),
        task=replace(recipe.task, kind=info.task if task == "auto" else task),
        optimizer=optimizer,
        schedule=_schedule(recipe.schedule, total_steps(training, info.num_train)),
        training=training,
    )


def _clip_norm(training: Training, info: DataInfo) -> float | None:
    """Return the bound that was asked for, or one for gradients that go back through time."""
    is_free = (training.clip_mode, training.clip_norm) == ("norm", None)
    if is_free and info.kind in ("tokens", "sequence"):
        return _SEQUENCE_CLIP_NORM
    return training.clip_norm


def _average(training: Training, *, epoch_steps: int) -> Training:
    every = epoch_steps if training.swa_every == "auto" else training.swa_every
    return replace(resolve_average(training), swa_every=every)


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


def _optimizer(optimizer: Optimizer, choices: "_Choices", *, batch_size: int) -> Optimizer:
    name = optimizer.name
    if name == "auto":
        name = choices.optimizer
    lr, decay = optimizer.lr, optimizer.weight_decay
    if lr == "auto":
        by_sgd = 0.1 * batch_size / _REFERENCE_BATCH
        lr = {
            "sgd": by_sgd,
            "averaged-momentum": averaged_lr(by_sgd, optimizer.momentum),
            "muon": _MUON_LR,
        }.get(name, choices.lr)
    if decay == "auto":
        decay = _WEIGHT_DECAY[name]
    return replace(optimizer, name=name, lr=lr, weight_decay=decay)


def _schedule(schedule: Schedule, steps: int) -> Schedule:
    warmup = schedule.warmup_steps
    if warmup == "auto":
        warmup = 0 if schedule.name in _WITHOUT_WARMUP else min(1000, steps // 20)
    cycle = schedule.cycle_steps
    if cycle == "auto":
        cycle = cycle_of_three(steps, schedule.cycle_multiplier)
    return replace(schedule, warmup_steps=warmup, cycle_steps=cycle)
