"""What a run record says about the data, the task and the engine of its run."""

import zlib
from dataclasses import asdict
from typing import Any, cast

import torch
from torch import Tensor, nn

from headway.data import ArraySplit, DataSplits, Split
from headway.engine import Setup
from headway.errors import RunError
from headway.measure import num_parameters
from headway.recipe import Recipe
from headway.runs import Run, describe_environment
from headway.tasks import AnyTask, task_settings


def describe_run(recipe: Recipe, setup: Setup, splits: DataSplits) -> dict[str, Any]:
    """Return what explains and rebuilds the run later, ready for JSON."""
    return {
        **describe_environment(),
        "data": asdict(splits.info),
        "data_fingerprint": fingerprint(splits),
        "task": task_settings(cast(AnyTask, setup.task)),
        "engine": {
            **asdict(setup.options),
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),
            "torch_threads": torch.get_num_threads(),
        },
        "total_steps": setup.total_steps,
        "parameters": num_parameters(setup.model),
        "initial_weights": _weights_checksum(setup.model),
        "notes": list(setup.notes),
    }


def fingerprint(splits: DataSplits) -> str:
    """Return a checksum of what the network learns from and is chosen by."""
    total = 0
    for split in (splits.train, splits.val):
        if split is not None:
            total = zlib.crc32(_bytes(split.targets), total)
            total = _add_inputs(split, total)
    return f"{total:08x}"


def check_same_data(run: Run, splits: DataSplits) -> None:
    """Raise if the data is no longer what the run was trained on.

    Raises:
        RunError: If inputs, targets or their division differ.
    """
    if run.environment.get("data_fingerprint") != fingerprint(splits):
        raise RunError(
            f"the data {splits.info.name!r} has changed since {run.folder} was trained on it, "
            "so the run cannot be continued or measured on its held-out part; restore the "
            "data, or train anew"
        )


def _weights_checksum(model: nn.Module) -> str:
    """Return a checksum of the weights that a training starts from."""
    total = 0
    for parameter in model.parameters():
        total = zlib.crc32(_bytes(parameter.detach().cpu()), total)
    return f"{total:08x}"


def _add_inputs(split: Split, total: int) -> int:
    if isinstance(split, ArraySplit):
        return zlib.crc32(_bytes(split.inputs), total)
    for path in split.paths:
        total = zlib.crc32(f"{path.name}:{path.stat().st_size}".encode(), total)
    return total


def _bytes(tensor: Tensor) -> Any:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy()
