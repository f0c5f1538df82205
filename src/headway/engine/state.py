"""What changes while a network is trained, and its way to the disk and back."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from headway.engine import distributed
from headway.engine.seeds import python_and_numpy_state, restore_python_and_numpy
from headway.engine.setup import Setup
from headway.engine.step import TrainStep
from headway.errors import CheckpointError


@dataclass(kw_only=True)
class Progress:
    """Where a run stands.

    Attributes:
        step: Optimizer steps done.
        epoch: Passes over the data done.
        position: Batches of the current pass done.
        lr_scale: What rollbacks have multiplied the learning rate by.
        rollbacks: How often the run went back after diverging.
        window: Losses of the steps since the last report.
        best: Score of the best evaluation, larger being better, or None before the first.
        best_values: All metrics of that evaluation.
        last_values: All metrics of the last evaluation.
        stale: Evaluations since the best one.
        seconds: Time spent training, over all sessions.
        is_stopped: Whether early stopping has ended the run.
    """

    step: int = 0
    epoch: int = 0
    position: int = 0
    lr_scale: float = 1.0
    rollbacks: int = 0
    window: list[float] = field(default_factory=list[float])
    best: list[float] | None = None
    best_values: dict[str, float] = field(default_factory=dict[str, float])
    last_values: dict[str, float] = field(default_factory=dict[str, float])
    stale: int = 0
    seconds: float = 0.0
    is_stopped: bool = False


def state_tree(setup: Setup, step: TrainStep, progress: Progress) -> dict[str, Any]:
    """Return everything needed to go on exactly; every process must call this."""
    average, scaler, clipper = step.average, step.scaler, step.clipper
    return {
        "progress": vars(progress),
        "num_micro_batches": step.num_micro_batches,
        "model": weights_tree(setup.model),
        "optimizer": distributed.whole(setup.optimizer.state_dict()),
        "schedule": setup.schedule.state_dict(),
        "average": None if average is None else distributed.whole(average.state_dict()),
        "scaler": None if scaler is None else scaler.state_dict(),
        "clipper": None if clipper is None else clipper.state_dict(),
        "preprocessing": _state_of(setup.preprocessing),
        "generators": distributed.gather_objects(python_and_numpy_state()),
    }


def best_tree(setup: Setup, step: TrainStep, progress: Progress) -> dict[str, Any]:
    """Return the network as it was evaluated; every process must call this."""
    with step.average.swapped() if step.average is not None else nullcontext():
        model = weights_tree(setup.model)
    return {
        "model": model,
        "preprocessing": _state_of(setup.preprocessing),
        "step": progress.step,
        "values": progress.best_values,
    }


def restore(tree: dict[str, Any], setup: Setup, step: TrainStep) -> Progress:
    """Put back what `state_tree` returned and return the progress.

    Raises:
        CheckpointError: If the tree does not fit the model.
    """
    load_weights(setup.model, tree["model"])
    _load_optimizer(setup.optimizer, tree["optimizer"])
    setup.schedule.load_state_dict(tree["schedule"])
    if step.average is not None and tree["average"] is not None:
        step.average.load_state_dict(tree["average"])
    if step.scaler is not None and tree["scaler"] is not None:
        step.scaler.load_state_dict(tree["scaler"])
    clipping = tree.get("clipper")  # earlier checkpoints have none
    if step.clipper is not None and clipping is not None:
        step.clipper.load_state_dict(clipping)
    if setup.preprocessing is not None:
        load_weights(setup.preprocessing, tree["preprocessing"])
    step.num_micro_batches = tree["num_micro_batches"]
    rank = distributed.shard().rank
    if rank < len(tree["generators"]):  # there may be more processes now than then
        restore_python_and_numpy(tree["generators"][rank])
    return Progress(**tree["progress"])


def weights_tree(model: nn.Module) -> dict[str, Tensor]:
    """Return the parameters and buffers of `model`, whole; every process must call this."""
    return cast(dict[str, Tensor], distributed.whole(model.state_dict()))


@torch.no_grad()
def load_weights(model: nn.Module, tree: dict[str, Tensor]) -> None:
    """Copy parameters and buffers into `model` in place, keeping its layout and sharding.

    Raises:
        CheckpointError: If names or shapes differ.
    """
    own = cast(dict[str, Tensor], model.state_dict())
    different = sorted(set(own) ^ set(tree))
    different += [n for n in own if n in tree and own[n].shape != tree[n].shape]
    if different:
        raise CheckpointError(
            "the saved weights do not fit this model; they differ in "
            + ", ".join(different[:5])
            + (f" and {len(different) - 5} more" if len(different) > 5 else "")
        )
    for name, tensor in own.items():
        tensor.copy_(distributed.like(tree[name], tensor))


def all_finite(model: nn.Module) -> bool:
    """Whether every parameter is a finite number; waits for the device."""
    largest = torch.nn.utils.get_total_norm(list(model.parameters()), norm_type=torch.inf)
    return bool(torch.isfinite(cast(Tensor, distributed.whole(largest))))


def _state_of(module: nn.Module | None) -> dict[str, Tensor] | None:
    return None if module is None else dict(module.state_dict())


def _load_optimizer(optimizer: Optimizer, tree: dict[str, Any]) -> None:
    """Load optimizer state, each tensor in the layout of its parameter.

    Torch's fused steps read parameter and state as flat memory, so a state in another layout
    than its channels_last parameter would silently belong to other weights.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for index, state in cast(dict[int, dict[str, Any]], tree["state"]).items():
        for name, value in state.items():
            if isinstance(value, Tensor) and value.shape == parameters[index].shape:
                state[name] = distributed.like(value, parameters[index])
    optimizer.load_state_dict(tree)
