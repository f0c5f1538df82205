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
from headway.engine.options import Options, Training
from headway.engine.precision import autocast, loss_scaler
from headway.engine.seeds import generators
from headway.engine.task import Task
from headway.optim import (
    AveragedModel,
    Clipper,
    Penalty,
    SharpnessAware,
    decayed_parameters,
    gradient_norm,
)


class TrainStep:
    """Forward, backward, clip and update, without waiting for the device.

    Args:
        model: What is called with the inputs: the network, possibly wrapped.
        task: Gives the loss.
        optimizer: Updates the weights.
        average: Averaged weights to keep up to date, or None.
        options: Precision, clipping, penalties, sharpness and accumulation.
        device: Where the batches lie.

    Attributes:
        clipper: Clips the gradients, or None where nothing is clipped.
    """

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        *,
        optimizer: Optimizer,
        average: AveragedModel | None,
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
        self._generators = generators(device)
        self._parameters: list[Tensor] = [
            parameter for group in optimizer.param_groups for parameter in group["params"]
        ]
        training = options.training
        self.clipper = make_clipper(training, self._parameters)
        self._penalty: Penalty | None = None
        if training.l1 or training.l2:
            weights = decayed_parameters(model)
            self._penalty = Penalty(weights, l1=training.l1, l2=training.l2)
        self._sharpness: SharpnessAware | None = None
        if training.sam_rho is not None:
            self._sharpness = SharpnessAware(model, training.sam_rho)
        self._changes_gradients = not (self.clipper is None and self._penalty is None)

    def backward(self, batch: Batch, *, seed: int) -> Tensor:
        """Add the gradient of the batch's mean loss; return the loss, still on the device.

        With sharpness-aware minimization the gradient is that of a place nearby, and the
        loss is still that of the weights themselves.

        Args:
            batch: What to learn from.
            seed: Decides dropout and whatever else the network draws in this step.
        """
        loss = self._pass(batch, seed)
        if self._sharpness is not None:
            with self._sharpness.ascended():
                self._pass(batch, seed)
        return loss

    def _pass(self, batch: Batch, seed: int) -> Tensor:
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
        """Add penalties, clip the gradients and update the weights.

        Args:
            lr_factor: What each group's own learning rate is multiplied by in this step.
            want_norm: Whether the gradient norm before clipping, that of the penalties
                included, is returned.
        """
        optimizer, scaler = self.optimizer, self.scaler
        for group, base_lr in zip(optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = base_lr * lr_factor
        norm = None
        if want_norm or self._changes_gradients:
            if scaler is not None:
                scaler.unscale_(optimizer)
            norm = self._finish_gradients()
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

    def _finish_gradients(self) -> Tensor:
        """Add penalties and clip; return the global norm in between."""
        if self._penalty is not None:
            self._penalty.add_gradients_()
        clipper = self.clipper
        norm = gradient_norm(self._parameters) if clipper is None else clipper()
        return distributed.whole(norm)


def make_clipper(training: Training, parameters: list[Tensor]) -> Clipper | None:
    """Return what clips the gradients of `parameters`, or None where nothing does."""
    clipper = Clipper(
        parameters,
        mode=training.clip_mode,
        max_norm=training.clip_norm,
        percentile=training.clip_percentile,
        window=training.clip_window,
        max_value=training.clip_value,
    )
    return clipper if clipper.is_on else None


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
