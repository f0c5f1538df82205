"""The losses of auxiliary heads, added to that of the network's own outputs."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from torch import Tensor

from headway.nn import AuxiliaryOutputs

Owner = TypeVar("Owner")


def with_auxiliary(
    loss: Callable[[Owner, Any, Any], Tensor],
) -> Callable[[Owner, Any, Any], Tensor]:
    """Make the loss of a task add up over `AuxiliaryOutputs`; other outputs pass as they are.

    loss(outputs) + weight * (sum of loss(a) for a in auxiliary): one line above the method
    `loss` of a task, so that neither engine nor network know of the other's part.
    """

    @wraps(loss)
    def total(task: Owner, outputs: Any, targets: Any) -> Tensor:
        if not isinstance(outputs, AuxiliaryOutputs):
            return loss(task, outputs, targets)
        value = loss(task, outputs.outputs, targets)
        for auxiliary in outputs.auxiliary:
            value = value + outputs.weight * loss(task, auxiliary, targets)
        return value

    return total
