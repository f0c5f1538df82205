"""Put a model on its device, in the layout, the shape and the number of pieces asked for."""

from dataclasses import replace
from typing import Any, cast

import torch
from torch import nn
from torch.optim import Optimizer

from headway.engine import distributed
from headway.engine.averaging import build_average, resolve_average
from headway.engine.linear import use_onednn_linear
from headway.engine.machine import resolve_machine
from headway.engine.memory import apply_memory_mode, compile_blocks
from headway.engine.options import Options
from headway.engine.precision import resolve_precision
from headway.engine.setup import Setup
from headway.engine.step import TrainStep
from headway.optim import check_clipping


def resolve_options(
    options: Options, device: torch.device, model: torch.nn.Module
) -> Options:
    """Replace every "auto" of the engine's settings by what fits machine and model.

    Raises:
        RecipeError: If settings of the training do not fit together.
    """
    precision = resolve_precision(options.precision, device, model)
    machine = resolve_machine(
        options.machine,
        device,
        mode=precision.mode,
        processes=distributed.processes_here(),
    )
    training = resolve_average(options.training)
    check_clipping(training.clip_mode, training.clip_norm)
    return replace(options, precision=precision, machine=machine, training=training)


def place(setup: Setup, device: torch.device) -> TrainStep:
    """Prepare the model of `setup` in place and return the step that trains it.

    Args:
        setup: What is trained; its options are resolved.
        device: Where it is trained.
    """
    options, model = setup.options, setup.model
    is_sharded = distributed.is_sharded(options.distributed)
    model.to(device)
    if options.precision.channels_last and not is_sharded:  # shards must be contiguous
        cast(Any, model).to(memory_format=torch.channels_last)
    if options.machine.onednn_linear is True:
        use_onednn_linear(model)
    apply_memory_mode(model, options.training.memory)
    if options.training.compile:
        compile_blocks(model)
    if setup.preprocessing is not None:
        setup.preprocessing.to(device)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    wrapped = distributed.wrap(model, options.distributed, device)
    if is_sharded:
        _follow_shards(setup.optimizer, model, names)
    return TrainStep(
        wrapped,
        setup.task,
        optimizer=setup.optimizer,
        average=build_average(setup),
        options=options,
        device=device,
    )


def _follow_shards(optimizer: Optimizer, model: nn.Module, names: dict[int, str]) -> None:
    """Let the optimizer update the shards that took the place of its parameters."""
    now = dict(model.named_parameters())
    for group in optimizer.param_groups:
        group["params"] = [now[names[id(parameter)]] for parameter in group["params"]]
        if "dampening" in group:
            group["fused"] = None  # torch has no fused SGD for shards
