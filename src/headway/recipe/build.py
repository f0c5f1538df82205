"""Turn a recipe into a Setup: data, model, task, optimizer and schedule in one piece."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from headway.data import (
    ArrayEvaluation,
    ArrayLoader,
    ArraySplit,
    DataInfo,
    DataSplits,
    EvaluationData,
    FileEvaluation,
    FileLoader,
    Preprocessing,
    Shard,
    SourceOptions,
    Split,
    TextLoader,
    TextSplit,
    TrainingData,
    epoch_order,
    fit_preprocessing,
    prepare_data,
    read_source,
)
from headway.engine import Setup, free_cores, join, resolve_options, seed_weights
from headway.errors import RecipeError
from headway.models import build_model, check_model
from headway.nn import freeze_
from headway.optim import Schedule, Warmup, build_optimizer, build_schedule
from headway.recipe.augmenting import build_augmentation, build_mixing
from headway.recipe.initializing import check_start, initialize_model_
from headway.recipe.resolve import resolve_recipe, total_steps
from headway.recipe.transfer import start_from_
from headway.recipe.tree import Model, Recipe
from headway.runs import open_run
from headway.tasks import AnyTask, build_task, monitor_by


def source_options(recipe: Recipe) -> SourceOptions:
    """Return what the recipe says about reading a source."""
    data = recipe.data
    return SourceOptions(
        root=Path(data.root),
        download=data.download,
        target=data.target,
        task=recipe.task.kind,
        bad_data=data.bad_data,
        image_size=data.image_size,
        channels=data.channels,
        in_memory=data.in_memory,
        window=data.window,
    )


def read_data(recipe: Recipe) -> DataSplits:
    """Read and divide the data of a recipe."""
    data = recipe.data
    return prepare_data(
        read_source(data.source, source_options(recipe)),
        val_fraction=data.val_fraction,
        test_fraction=data.test_fraction,
        split_seed=data.split_seed,
    )


def build(recipe: Recipe, splits: DataSplits | None = None) -> Setup:
    """Return everything that `recipe` describes, ready for the Trainer.

    Args:
        recipe: What to train; "auto" values are chosen here.
        splits: The data, where it has been read already.

    Raises:
        InputError: If data, model and settings do not fit together.

    Example:
        >>> setup = build(load_recipe(overrides=["model.name=mlp"]))  # doctest: +SKIP
    """
    splits = read_data(recipe) if splits is None else splits
    info = splits.info
    recipe = resolve_recipe(recipe, info)
    device, shard = join(recipe.machine)
    task = _task(recipe, splits)
    model, notes = _model(recipe, info)
    model.to(device)
    preprocessing = fit_preprocessing(
        recipe.preprocessing.kind, splits.train, eps=recipe.preprocessing.eps
    ).to(device)
    loaders = _Loaders(recipe, info, preprocessing, device=device, shard=shard)
    if recipe.model.initialization != "auto":
        # The same weights for any number of processes need the same, whole batch.
        whole = _Loaders(recipe, info, preprocessing, device=device, shard=Shard())
        notes += (initialize_model_(model, recipe.model, whole.training(splits.train)),)
    steps = total_steps(recipe.training, info.num_train)
    return Setup(
        model=model,
        task=task,
        train_data=loaders.training(splits.train),
        val_data=loaders.evaluation(splits.val),
        train_eval_data=loaders.evaluation(_sample_like(splits.train, splits.val)),
        optimizer=_optimizer(recipe, model),
        schedule=_schedule(recipe, steps, mode=task.monitor_mode),
        total_steps=steps,
        options=resolve_options(recipe.options, device, model),
        preprocessing=preprocessing,
        info=info,
        notes=notes,
    )


def _task(recipe: Recipe, splits: DataSplits) -> AnyTask:
    chosen = recipe.task
    task = build_task(
        splits.info,
        splits.train.targets,
        label_smoothing=chosen.label_smoothing,
        loss=chosen.loss,
    )
    if chosen.monitor != "auto":
        monitor_by(task, chosen.monitor)
    return task


def _model(recipe: Recipe, info: DataInfo) -> tuple[nn.Module, tuple[str, ...]]:
    """Return the network with the weights that it starts from, and what is to be said of it."""
    seed_weights(recipe.seed)
    model = build_model(
        recipe.model.name,
        input_shape=info.input_shape,
        num_outputs=info.num_outputs,
        options=recipe.model.options,
        input_kind=info.kind,
    )
    check_model(model, info.input_shape, info.num_outputs, has_tokens=info.kind == "tokens")
    return model, _begin(model, recipe.model)


def _begin(model: nn.Module, chosen: Model) -> tuple[str, ...]:
    """Take over weights and freeze layers as asked for; return what was done."""
    check_start(chosen)
    notes: list[str] = []
    if chosen.init_from is not None:
        found = start_from_(model, open_run(chosen.init_from))
        new = f"new: {', '.join(found.new)}" if found.new else "nothing is new"
        notes.append(f"{len(found.loaded)} tensors start as {found.run} left them; {new}")
    if chosen.train_last is not None:
        try:
            learning = freeze_(model, train_last=chosen.train_last)
        except ValueError as error:
            raise RecipeError(f"model.{error}") from None
        notes.append(f"only these layers learn: {', '.join(learning)}")
    return tuple(notes)


class _Loaders:
    """Makes the loaders of one run; they differ only in the split.

    Args:
        recipe: The resolved recipe.
        info: Facts about the data.
        preprocessing: What every batch goes through.
        device: Where batches are needed.
        shard: This process's part.
    """

    def __init__(
        self,
        recipe: Recipe,
        info: DataInfo,
        preprocessing: Preprocessing,
        *,
        device: torch.device,
        shard: Shard,
    ) -> None:
        self._recipe = recipe
        self._info = info
        self._preprocessing = preprocessing
        self._device = device
        self._shard = shard

    def training(self, split: Split) -> TrainingData:
        """Return the loader of the training part."""
        recipe = self._recipe
        settings: dict[str, Any] = {
            "batch_size": int(recipe.training.batch_size),
            "seed": recipe.seed,
            "device": self._device,
            "shard": self._shard,
        }
        if isinstance(split, TextSplit):
            return TextLoader(split, **settings)
        settings |= {
            "augmentation": build_augmentation(recipe.augmentation, split),
            "mixing": build_mixing(recipe.augmentation, self._info),
            "preprocessing": self._preprocessing,
        }
        if isinstance(split, ArraySplit):
            return ArrayLoader(split, **settings)
        return FileLoader(split, num_workers=self._workers(), **settings)

    def evaluation(self, split: Split | None) -> EvaluationData | None:
        """Return the loader of a part that is only measured, or None where it is empty."""
        if split is None or not len(split):
            return None
        settings: dict[str, Any] = {
            "batch_size": 4 * int(self._recipe.training.batch_size),
            "device": self._device,
            "shard": self._shard,
            "preprocessing": self._preprocessing,
        }
        if isinstance(split, ArraySplit):
            return ArrayEvaluation(split, **settings)
        return FileEvaluation(split, num_workers=self._workers(), **settings)

    def _workers(self) -> int:
        workers = self._recipe.data.workers
        if workers != "auto":
            return workers
        # Two decoders for each core that the network leaves idle on a GPU machine; on a CPU
        # the network and the decoders share the cores.
        return free_cores() if self._device.type == "cuda" else max(1, free_cores() // 2)


def _sample_like(train: Split, other: Split | None) -> Split | None:
    """Return as much of the training part as `other` is long, always the same."""
    if other is None:
        return None
    return train.select(epoch_order(0, 0, len(train))[: len(other)])


def _optimizer(recipe: Recipe, model: nn.Module) -> torch.optim.Optimizer:
    chosen = recipe.optimizer
    return build_optimizer(
        model,
        name=chosen.name,
        lr=float(chosen.lr),
        weight_decay=float(chosen.weight_decay),
        momentum=chosen.momentum,
        betas=chosen.betas,
        eps=chosen.eps,
        nesterov=chosen.nesterov,
        fused=recipe.machine.fused_optimizer,
        exclude_norm_and_bias=not chosen.decay_norm_and_bias,
    )


def _schedule(recipe: Recipe, steps: int, *, mode: Any) -> Schedule:
    chosen = recipe.schedule
    warmup = int(chosen.warmup_steps)
    schedule = build_schedule(
        chosen.name,
        total_steps=steps,
        milestones=chosen.milestones,
        gamma=chosen.gamma,
        final_factor=chosen.final_factor,
        power=chosen.power,
        warmup_steps=warmup,
        cycle_steps=int(chosen.cycle_steps),
        cycle_multiplier=chosen.cycle_multiplier,
        decay_fraction=chosen.decay_fraction,
        patience=chosen.plateau_patience,
        mode=mode,
    )
    if not warmup:
        return schedule
    return Warmup(
        schedule,
        steps=warmup,
        start_factor=chosen.warmup_factor,
        is_flat=chosen.warmup_shape == "flat",
    )
