"""Measure a network on data that it does not learn from."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import nn

from headway.data import EvaluationData
from headway.engine import distributed
from headway.engine.task import Metrics, Task


@torch.no_grad()
def evaluate(
    model: nn.Module,
    task: Task,
    data: EvaluationData,
    *,
    device: torch.device,
    context: AbstractContextManager[Any],
    channels_last: bool = False,
) -> Metrics:
    """Return the metrics of `model` on `data`, added up over the processes.

    Args:
        model: Network on `device`; put into evaluation mode and back.
        task: Metrics to compute.
        data: Batches to measure on.
        device: Where the model lies.
        context: Context of each forward pass, such as autocast.
        channels_last: Whether image batches are laid out channels last.
    """
    metrics = task.new_metrics(device)
    with evaluation_mode(model):
        for batch in data.batches():
            inputs = as_channels_last(batch.inputs) if channels_last else batch.inputs
            with context:
                outputs = model(inputs)
            metrics.update(outputs, batch.targets, batch.mask)
    distributed.sum_over_processes(metrics.tensors())
    return metrics


@contextmanager
def evaluation_mode(model: nn.Module) -> Generator[None]:
    """Put `model` into evaluation mode, and each of its modules back as it was."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def as_channels_last(inputs: Any) -> Any:
    """Lay out a batch of images channels last; leave anything else alone."""
    if isinstance(inputs, torch.Tensor) and inputs.ndim == 4:
        return inputs.contiguous(memory_format=torch.channels_last)
    return inputs
