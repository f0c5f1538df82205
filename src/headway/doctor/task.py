"""What a program is trained for, and what its outputs and targets say of it."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from headway.doctor.program import first_tensor, main_output

Kind = Literal["classes", "binary", "multilabel", "values", "unknown"]
Link = Literal["none", "sigmoid", "exp"]


@dataclass(frozen=True, kw_only=True)
class TaskFacts:
    """What kind of answer is asked for, and how targets say it.

    Attributes:
        kind: One class of several; yes or no; several yes or no at once; values; unknown.
        num_classes: Classes of "classes" (2 for "binary"), labels of "multilabel", else 0.
        encoding: How targets are written: "ids" (whole numbers), "one_hot", "soft" (a
            probability for each class), "column" (a last dimension of 1), "flat"
            (floating-point, one for a sample) or "rows".
        per_position: Whether there is an answer for each position of a sample.
        targets_equal_inputs: Whether the inputs themselves are the targets.
        axis: Dimension of the outputs along which the classes lie, and of one-hot targets.
        levels: What no and yes are written as, in "binary" and "multilabel".
        threshold: Outputs above it say yes; None where the outputs decide.
        ignore_index: Id of what is not to be learned.
        link: What the loss makes of outputs before it compares them with values.
    """

    kind: Kind
    num_classes: int = 0
    encoding: str = "rows"
    per_position: bool = False
    targets_equal_inputs: bool = False
    axis: int = -1
    levels: tuple[float, float] = (0.0, 1.0)
    threshold: float | None = None
    ignore_index: int = -100
    link: Link = "none"


def class_ids(task: TaskFacts, targets: Any) -> Tensor | None:
    """Return the class of each sample or position as a flat int64 tensor.

    Returns:
        Ids are those of the program, however wrong; what is not to be learned is -1. None
        where the task has no classes.
    """
    target = first_tensor(targets)
    if task.kind == "binary":
        ids = (target > sum(task.levels) / 2).long()
        return ids.masked_fill(target.isnan(), -1).flatten()
    if task.kind != "classes":
        return None
    # Where training targets are mixed, those of the validation data may be ids.
    is_wide = target.dim() > 1 and target.shape[task.axis] == task.num_classes
    if task.encoding in ("one_hot", "soft") and is_wide:
        return target.argmax(dim=task.axis).flatten()
    ids = target.long().flatten()
    return ids.masked_fill(ids == task.ignore_index, -1)


def predicted_ids(task: TaskFacts, outputs: Any) -> Tensor | None:
    """Return the class that outputs say, in the order of `class_ids`."""
    output = main_output(outputs).detach()
    if task.kind == "classes":
        if output.dim() < 2 or output.shape[class_axis(task, output)] == 1:
            return output.round().long().flatten()
        return output.argmax(dim=class_axis(task, output)).flatten()
    if task.kind == "binary":
        return says_yes(task, output).long().flatten()
    return None


def says_yes(task: TaskFacts, output: Tensor) -> Tensor:
    """Return which outputs of "binary" or "multilabel" mean yes."""
    if task.threshold is not None:
        return output > task.threshold
    is_probability = bool(((output >= 0) & (output <= 1)).all())
    return output > (0.5 if is_probability and task.levels[0] >= 0 else 0.0)


def class_axis(task: TaskFacts, output: Tensor) -> int:
    """Return the axis of `output` along which its classes lie, counted from 0."""
    return task.axis % max(output.dim(), 1) if output.dim() > task.axis else 0


def equal_inputs(inputs: Any, target: Tensor) -> bool:
    """Return whether the targets are the inputs, whatever their shape."""
    try:
        tensor = first_tensor(inputs)
    except TypeError:
        return False
    if tensor is target:
        return True
    if tensor.numel() != target.numel() or not target.is_floating_point():
        return False
    return bool(torch.equal(tensor.reshape(-1).to(target.dtype), target.reshape(-1)))
