"""Why a loss is no longer a number, as far as one can tell at the moment it happens."""

from typing import Any, cast

import torch
from torch import Tensor, nn

from headway.errors import DivergenceError


def divergence(
    *, step: int, loss: float, lr: float, before: list[float], model: nn.Module, inputs: Any
) -> DivergenceError:
    """Return the error that says where the run diverged and what most likely caused it.

    Args:
        step: Optimizer step, counted from 1, with the first loss that is not finite.
        loss: That loss.
        lr: Learning rate of that step.
        before: Losses of the steps just before.
        model: The network, after the step.
        inputs: Inputs of a recent batch.
    """
    return DivergenceError(
        step=step, loss=loss, lr=lr, cause=_cause(step, before, model, inputs)
    )


def _cause(step: int, before: list[float], model: nn.Module, inputs: Any) -> str:
    if not _finite(inputs):
        return "The inputs hold NaN or infinite values: clean the data."
    if step == 1:
        return (
            "The very first loss was not finite: the initialisation is too large for this "
            "depth, or the inputs are far from unit scale. Check preprocessing.kind."
        )
    if before and max(before) > 3 * before[0] and before[-1] > before[0]:
        return (
            "The loss grew from step to step before: the learning rate is too high. Lower "
            "optimizer.lr, lengthen schedule.warmup_steps or set training.clip_norm=1.0."
        )
    broken = [
        name for name, p in model.named_parameters() if not bool(torch.isfinite(p).all())
    ]
    where = (
        f" The first weights that are not finite belong to {broken[0]}." if broken else ""
    )
    return (
        "The learning rate is probably too high: lower optimizer.lr or set "
        f"training.clip_norm=1.0.{where}"
    )


def _finite(inputs: Any) -> bool:
    if isinstance(inputs, Tensor):
        return not inputs.is_floating_point() or bool(torch.isfinite(inputs).all())
    if isinstance(inputs, dict):
        return all(_finite(value) for value in cast(dict[Any, Any], inputs).values())
    if isinstance(inputs, list | tuple):
        return all(_finite(value) for value in cast(list[Any], inputs))
    return True
