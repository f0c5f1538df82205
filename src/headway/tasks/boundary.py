"""What a task takes from a model and from the data.

Only the type, the shape and the dtype are looked at, which the host knows without waiting
for the device.
"""

from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from headway.errors import DataError, ModelError


def read_outputs(outputs: Any, num_outputs: int) -> Float[Tensor, "batch outputs"]:
    """Return the outputs of a model in float32, or in float64 if they are.

    Raises:
        ModelError: If `outputs` is not a float tensor of shape (batch, num_outputs).
    """
    expected = f"the task needs a float tensor of shape (batch, {num_outputs})"
    if not isinstance(outputs, Tensor):
        raise ModelError(
            f"the model returned a {type(outputs).__name__}, {expected}; wrap the model so "
            "that it returns that alone"
        )
    is_fit = outputs.ndim == 2 and outputs.shape[1] == num_outputs
    if not (is_fit and outputs.is_floating_point()):
        raise ModelError(
            f"the model returned {_describe(outputs)}, {expected}; change its last layer"
        )
    if outputs.dtype in (torch.float32, torch.float64):
        return outputs
    return outputs.float()


def read_step_outputs(
    outputs: Any, num_outputs: int
) -> Float[Tensor, "batch steps outputs"]:
    """Return the outputs of every step in float32, or in float64 if they are.

    Raises:
        ModelError: If `outputs` is not a float tensor of shape (batch, steps, num_outputs).
    """
    is_fit = isinstance(outputs, Tensor) and outputs.ndim == 3
    if not (is_fit and outputs.shape[2] == num_outputs and outputs.is_floating_point()):
        raise ModelError(
            f"the model returned {_describe(outputs)}, the task needs a float tensor of "
            f"shape (batch, steps, {num_outputs}): an answer at every step"
        )
    return outputs if outputs.dtype == torch.float64 else outputs.float()


def check_class_numbers(targets: Any, num_samples: int) -> None:
    """Refuse targets that are not one int64 class number per sample.

    Raises:
        DataError: If `targets` is anything else.
    """
    is_fit = isinstance(targets, Tensor) and targets.dtype == torch.int64
    if not (is_fit and targets.shape == (num_samples,)):
        raise DataError(
            f"the task needs int64 targets of shape ({num_samples},), one class number per "
            f"sample, got {_describe(targets)}"
        )


def read_class_targets(
    targets: Any, logits: Float[Tensor, "batch classes"]
) -> Shaped[Tensor, "batch *classes"]:
    """Return class numbers as they are, and probabilities of classes in the type of `logits`.

    Raises:
        DataError: If `targets` is neither one int64 class number per sample nor a float
            tensor like `logits`.
    """
    is_soft = isinstance(targets, Tensor) and targets.is_floating_point()
    if is_soft and targets.shape == logits.shape:
        return targets.to(logits.dtype)
    check_class_numbers(targets, len(logits))
    return targets


def check_float_targets(targets: Any, shape: tuple[int, ...], meaning: str) -> None:
    """Refuse targets that are not floats of `shape`.

    Args:
        targets: Targets of one batch.
        shape: (batch, outputs).
        meaning: What a target stands for, to name in the message.

    Raises:
        DataError: If `targets` is anything else.
    """
    is_fit = isinstance(targets, Tensor) and targets.is_floating_point()
    if not (is_fit and targets.shape == shape):
        raise DataError(
            f"the task needs float targets of shape {tuple(shape)}, {meaning}, got "
            f"{_describe(targets)}"
        )


def _describe(value: Any) -> str:
    if not isinstance(value, Tensor):
        return f"a {type(value).__name__}"
    return f"{value.dtype} of shape {tuple(value.shape)}"
