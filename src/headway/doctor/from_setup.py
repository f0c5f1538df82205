"""A Setup of our own engine as a program to examine."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from headway.data import EvaluationData, TrainingData
from headway.doctor.examples import Batch, BatchStream, Examples
from headway.doctor.program import LossFn, Program, call_model
from headway.engine import Setup, Task, Training
from headway.engine.step import make_clipper
from headway.optim.clipper import Clipper


def program_of_setup(setup: Setup) -> Program:
    """Return a Setup as a program: its loss, batches, schedule and clipping.

    What the engine adds to speed or memory, such as precision and processes, is left out:
    it changes how fast a network trains and not whether.
    """
    train, val = setup.train_data, setup.val_data
    per_epoch = train.num_batches
    return Program(
        model=setup.model,
        loss_fn=setup.task.loss,
        optimizer=setup.optimizer,
        train=Examples(
            source=BatchStream(_TrainingBatches(train), (per_epoch, train.num_samples))
        ),
        val=None if val is None else Examples(source=BatchStream(_EvaluationBatches(val))),
        epochs=max(1, -(-setup.total_steps // per_epoch)),
        metric=_TaskMetric(setup.task),
        scheduler=LambdaLR(setup.optimizer, setup.schedule.factor),
        scheduler_unit="update",
        step=_ClippedStep(setup.options.training),
    )


class _TrainingBatches:
    """The epochs of a loader, one for each iteration."""

    def __init__(self, data: TrainingData) -> None:
        self._data = data
        self._epoch = 0

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._data.batches(self._epoch):
            yield batch.inputs, batch.targets
        self._epoch += 1


class _EvaluationBatches:
    """The real samples of a loader."""

    def __init__(self, data: EvaluationData) -> None:
        self._data = data

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._data.batches():
            if batch.mask is None or bool(batch.mask.all()):
                yield batch.inputs, batch.targets


class _TaskMetric:
    """The metric that a task is monitored by, larger is better."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def __call__(self, outputs: Any, targets: Any) -> float:
        metrics = self._task.new_metrics(torch.device("cpu"))
        metrics.update(outputs, targets)
        value = metrics.compute()[self._task.monitor]
        return value if self._task.monitor_mode == "max" else -value


class _ClippedStep:
    """The usual update with the clipping of a Setup."""

    def __init__(self, options: Training) -> None:
        self._options = options
        self._clipper: Clipper | None = None

    def __call__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        loss_fn: LossFn,
        inputs: Any,
        targets: Any,
    ) -> Tensor:
        if self._clipper is None:
            self._clipper = make_clipper(self._options, list(model.parameters()))
        optimizer.zero_grad()
        loss = loss_fn(call_model(model, inputs), targets)
        loss.backward()
        if self._clipper is not None:
            self._clipper()
        optimizer.step()
        return loss.detach()
