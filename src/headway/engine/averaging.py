"""Which average of the weights a training keeps, and the batch-norm statistics of it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from headway.engine import distributed
from headway.engine.evaluation import as_channels_last
from headway.engine.options import Training
from headway.engine.precision import autocast
from headway.engine.setup import Setup
from headway.errors import RecipeError
from headway.nn import recalibrate
from headway.optim import AveragedModel, StochasticWeightAverage, WeightAverage

# The usual choice where an epoch has some hundred steps.
_EMA_DECAY = 0.999


def resolve_average(training: Training) -> Training:
    """Return `training` with its kind of average chosen.

    Raises:
        RecipeError: If a decay is given for an average that has none.
    """
    kind, decay = training.average, training.ema_decay
    if kind == "auto":
        kind = "none" if decay is None else "ema"
    if kind == "ema":
        decay = _EMA_DECAY if decay is None else decay
    elif decay is not None:
        raise RecipeError(
            f'training.ema_decay={decay} is for training.average="ema", got "{kind}"; '
            "leave one of the two out"
        )
    return replace(training, average=kind, ema_decay=decay)


def build_average(setup: Setup) -> AveragedModel | None:
    """Return the average that the resolved options ask for, or None.

    Args:
        setup: What is trained; its model is on its device and wrapped.
    """
    training, total = setup.options.training, setup.total_steps
    if training.average == "swa":
        every = training.swa_every
        return StochasticWeightAverage(
            setup.model,
            start=min(int(training.swa_start * total) + 1, total),
            every=setup.train_data.num_batches if every == "auto" else every,
            total_steps=total,
        )
    if training.average != "ema" or training.ema_decay is None:
        return None
    return WeightAverage(setup.model, training.ema_decay)


@torch.no_grad()
def refresh_statistics(
    setup: Setup, average: AveragedModel, *, epoch: int, device: torch.device
) -> None:
    """Measure batch-norm statistics for averaged weights, if theirs are of other weights.

    One pass over the batches of `epoch`, as they are trained on but without dropout. Norms
    that are in evaluation mode while the rest trains keep their statistics.
    Several processes each measure their share and take the mean, which differs from the
    statistics of one process by less than one part in the number of values of a channel.

    Args:
        setup: What is trained, with resolved options.
        average: The averaged weights, which keep the statistics.
        epoch: Pass over the training data whose batches are taken.
        device: Where the network lies.
    """
    if not average.has_stale_statistics or not any(True for _ in setup.model.buffers()):
        return
    precision = setup.options.precision
    with average.swapped(), autocast(precision, device):
        inputs = _inputs(setup, epoch, precision.channels_last is True)
        frozen = [module for module in setup.model.modules() if not module.training]
        recalibrate(setup.model, inputs, frozen=frozen)
        _average_buffers(setup.model)
        average.keep_statistics()


def _average_buffers(model: nn.Module) -> None:
    """Replace each float buffer by its mean over the processes."""
    world_size = distributed.shard().world_size
    if world_size > 1:
        buffers = [b for b in model.buffers() if b.is_floating_point()]
        distributed.sum_over_processes(buffers)
        for buffer in buffers:
            buffer /= world_size


def _inputs(setup: Setup, epoch: int, channels_last: bool) -> Iterator[tuple[Any]]:
    for batch in setup.train_data.batches(epoch):
        yield (as_channels_last(batch.inputs) if channels_last else batch.inputs,)
