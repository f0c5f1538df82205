"""A training program as the doctor sees it: whoever wrote it, and whatever is wrong in it."""

import copy
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CyclicLR, OneCycleLR

if TYPE_CHECKING:
    from headway.doctor.examples import Examples

LossFn = Callable[[Any, Any], Tensor]
# Outputs and targets of a whole data set -> a number, larger is better.
MetricFn = Callable[[Any, Any], float]
Metric = Literal["accuracy", "r2"] | MetricFn
# One update: (model, optimizer, loss_fn, inputs, targets) -> loss.
StepFn = Callable[[nn.Module, Optimizer, LossFn, Any, Any], Tensor]


@dataclass(frozen=True, kw_only=True)
class Program:
    """One instance of a training program, made from one seed.

    It owns a live model and optimizer: whoever trains it uses it up, and makes the next one
    with its `MakeProgram`. The training flags of the model are part of the program: a model
    that comes in evaluation mode is trained in evaluation mode.

    Attributes:
        model: The network.
        loss_fn: Takes outputs and targets of a batch.
        optimizer: As the user made it, whatever it holds.
        train: What is learned from, in the program's own batches and order.
        val: What progress is judged by, or None.
        epochs: Passes over `train`.
        metric: How well outputs fit targets, larger is better; None where it must be inferred.
        scheduler: Learning-rate scheduler of torch, or None.
        scheduler_unit: When the scheduler is stepped: after each "update" or each "epoch";
            None for what is usual for its kind.
        step: The program's own update, or None for the usual one.
        seed: The seed that it was made from.
    """

    model: nn.Module
    loss_fn: LossFn
    optimizer: Optimizer
    train: "Examples"
    val: "Examples | None" = None
    epochs: int = 10
    metric: Metric | None = None
    scheduler: Any = None
    scheduler_unit: Literal["update", "epoch"] | None = None
    step: StepFn | None = None
    seed: int = 0

    @property
    def steps_each_update(self) -> bool:
        """Whether the scheduler is stepped after each update."""
        if self.scheduler_unit is not None:
            return self.scheduler_unit == "update"
        # These two are stepped every update in torch's own examples; all others every epoch.
        return isinstance(self.scheduler, (OneCycleLR, CyclicLR))

    def update(self, inputs: Any, targets: Any) -> Tensor:
        """Do one update of the weights in the program's own way and return its loss."""
        step = self.step or usual_step
        return step(self.model, self.optimizer, self.loss_fn, inputs, targets)


# Makes the program anew from a seed: equal seeds give equal programs.
MakeProgram = Callable[[int], Program]


def usual_step(
    model: nn.Module, optimizer: Optimizer, loss_fn: LossFn, inputs: Any, targets: Any
) -> Tensor:
    """Do the update of every tutorial: zero, forward, backward, step."""
    optimizer.zero_grad()
    loss = loss_fn(call_model(model, inputs), targets)
    loss.backward()
    optimizer.step()
    return loss.detach()


def call_model(model: nn.Module, inputs: Any) -> Any:
    """Call a model with inputs that are one tensor, a tuple of them or a dict by name."""
    if isinstance(inputs, Mapping):
        return model(**inputs)
    if isinstance(inputs, (tuple, list)):
        return model(*inputs)
    return model(inputs)


def main_output(outputs: Any) -> Tensor:
    """Return the tensor that a loss and a metric are about: the first one of a structure.

    Raises:
        TypeError: If there is no tensor in it.
    """
    if isinstance(outputs, Tensor):
        return outputs
    if isinstance(outputs, Mapping):
        named = [outputs[name] for name in ("logits", "out", "output") if name in outputs]
        return main_output(next(iter(named or outputs.values())))
    for name in ("logits", "out"):
        if isinstance(getattr(outputs, name, None), Tensor):
            return getattr(outputs, name)
    if isinstance(outputs, (tuple, list)) and outputs:
        return main_output(outputs[0])
    raise TypeError(f"the model returned {type(outputs).__name__}, which holds no tensor")


def with_main(outputs: Any, answer: Tensor) -> Any:
    """Return a like structure with another main output.

    Raises:
        TypeError: If the structure is of an unknown kind.
    """
    if isinstance(outputs, Tensor):
        return answer
    main = main_output(outputs)
    if hasattr(outputs, "_replace"):
        names = [name for name in outputs._fields if getattr(outputs, name) is main]
        return outputs._replace(**dict.fromkeys(names, answer))
    if hasattr(outputs, "logits"):
        changed = copy.copy(outputs)
        changed.logits = answer
        return changed
    if isinstance(outputs, Mapping):
        return {k: answer if v is main else v for k, v in outputs.items()}
    if isinstance(outputs, (tuple, list)):
        return tuple(answer if value is main else value for value in outputs)
    raise TypeError(f"cannot replace the main output of {type(outputs).__name__}")


def num_in(batch: Any) -> int:
    """Return the number of samples of inputs or targets: the first length of a tensor.

    A list of dicts, as detectors have for targets, has one of them for each sample.
    """
    return len(batch) if is_listed(batch) else len(first_tensor(batch))


def is_listed(values: Any) -> bool:
    """Whether this is a list with a dict, a name or a number for each sample."""
    if not isinstance(values, (list, tuple)) or not values:
        return False
    if isinstance(values[0], Mapping):
        return True
    return all(
        is_single(value) and not isinstance(value, (list, tuple)) for value in values
    )


def first_tensor(batch: Any) -> Tensor:
    """Return the first tensor of inputs or targets of any structure.

    Raises:
        TypeError: If there is none.
    """
    if isinstance(batch, Tensor):
        return batch
    values = batch.values() if isinstance(batch, Mapping) else batch
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise TypeError(f"expected tensors, got {type(batch).__name__}")
    for value in values:
        # Names of files and the like may come before what is learned.
        if isinstance(value, Tensor) or not is_single(value):
            return first_tensor(value)
    raise TypeError("expected tensors, got a structure without any")


def is_single(value: Any) -> bool:
    """Whether a part of a batch is no tensor and no structure that may hold some."""
    if isinstance(value, (list, tuple)) and value:
        return is_single(value[0])
    return value is None or isinstance(value, (str, bytes, int, float))


def seed_all(seed: int) -> None:
    """Seed the global generators of Python, NumPy and torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - programs of users draw from it
    torch.manual_seed(seed)
