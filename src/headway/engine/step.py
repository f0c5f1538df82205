"""One optimizer step as a function of the state and a batch."""

from contextlib import AbstractContextManager
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from headway.data import Batch
from headway.engine import distributed
from headway.engine.evaluation import as_channels_last
from headway.engine.options import Options
from headway.engine.precision import autocast, loss_scaler
from headway.engine.seeds import generators
from headway.engine.task import Task
from headway.optim import WeightAverage, clip_gradients_, clip_value_, gradient_norm


class TrainStep:
    """Forward, backward, clip and update, without waiting for the device.

    Args:
        model: What is called with the inputs: the network, possibly wrapped.
        task: Gives the loss.
        optimizer: Updates the weights.
        average: Averaged weights to keep up to date, or None.
        options: Precision, clipping and accumulation.
        device: Where the batches lie.
    """

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        *,
        optimizer: Optimizer,
        average: WeightAverage | None,
        options: Options,
        device: torch.device,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.average = average
        self.base_lrs = [float(group["lr"]) for group in optimizer.param_groups]
        self.num_micro_batches = options.training.accumulate
        self.scaler = loss_scaler(options.precision, device)
        self.context: AbstractContextManager[Any] = autocast(options.precision, device)
        self._task = task
        self._channels_last = bool(options.precision.channels_last)
        self._clip_norm = options.training.clip_norm
        self._clip_value = options.training.clip_value
        self._generators = generators(device)
        self._parameters: list[Tensor] = [
            parameter for group in optimizer.param_groups for parameter in group["params"]
        ]

    def backward(self, batch: Batch, *, seed: int) -> Tensor:
        """Add the gradient of the batch's mean loss; return the loss, still on the device.

        Args:
            batch: What to learn from.
            seed: Decides dropout and whatever else the network draws in this step.
        """
        for generator in self._generators:
            generator.manual_seed(seed)
        if self.num_micro_batches == 1:
            return self._backward(batch)
        parts = _split(batch, self.num_micro_batches)
        losses: list[Tensor] = []
        for index, part in enumerate(parts):
            is_last = index == len(parts) - 1
            with distributed.accumulating(self.model, is_last=is_last):
                losses.append(self._backward(part))
        return torch.stack(losses).sum()

    def update(self, lr_factor: float, *, want_norm: bool = False) -> Tensor | None:
        """Clip the gradients and update the weights.

        Args:
            lr_factor: What each group's own learning rate is multiplied by in this step.
            want_norm: Whether the gradient norm before clipping is returned.
        """
        optimizer, scaler = self.optimizer, self.scaler
        for group, base_lr in zip(optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = base_lr * lr_factor
        norm = None
        if want_norm or self._clip_norm or self._clip_value:
            if scaler is not None:
                scaler.unscale_(optimizer)
            norm = self._clip()
        if scaler is None:
            optimizer.step()
        else:
            scaler.step(optimizer)
            scaler.update()
        self.drop_gradients()
        if self.average is not None:
            self.average.update()
        return norm

    def drop_gradients(self) -> None:
        """Forget all gradients, without the profiling that `Optimizer.zero_grad` pays for."""
        for parameter in self._parameters:
            parameter.grad = None

    def _backward(self, batch: Batch) -> Tensor:
        inputs = as_channels_last(batch.inputs) if self._channels_last else batch.inputs
        with self.context:
            loss = self._task.loss(self.model(inputs), batch.targets)
        if batch.weight != 1.0:
            loss = loss * batch.weight
        if self.scaler is None:
            loss.backward()
        else:
            self.scaler.scale(loss).backward()
        return loss.detach()

    def _clip(self) -> Tensor:
        """Clip as asked for; return the global norm before."""
        parameters = self._parameters
        if self._clip_norm:
            norm = clip_gradients_(parameters, max_norm=self._clip_norm)
        else:
            norm = gradient_norm(parameters)
        if self._clip_value:
            clip_value_(parameters, max_value=self._clip_value)
        return distributed.whole(norm)


def batch_length(inputs: Any) -> int:
    """Return the number of samples in the inputs of a batch."""
    if isinstance(inputs, dict):
        return batch_length(next(iter(inputs.values())))
    return batch_length(inputs[0]) if isinstance(inputs, list | tuple) else len(inputs)


def _split(batch: Batch, count: int) -> list[Batch]:
    """Cut a batch into at most `count` parts, weighted by their share of it."""
    length = batch_length(batch.inputs)
    bounds = [length * index // count for index in range(count + 1)]
    return [
        Batch(
            inputs=_slice(batch.inputs, start, stop),
            targets=_slice(batch.targets, start, stop),
            weight=batch.weight * (stop - start) / length,
        )
        for start, stop in pairwise(bounds)
        if stop > start
    ]


def _slice(tree: Any, start: int, stop: int) -> Any:
    if isinstance(tree, dict):
        return {key: _slice(value, start, stop) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_slice(value, start, stop) for value in tree]
    return tree[start:stop]
