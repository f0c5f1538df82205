"""Penalties on large weights, as terms of the loss."""

from collections.abc import Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

# torch 2.11 has no public names for these.
_add_: Any = torch._foreach_add_  # pyright: ignore[reportPrivateUsage, reportPrivateImportUsage]


def l2_penalty(parameters: Iterable[Tensor], strength: float) -> Float[Tensor, ""]:
    """Return strength * sum(w**2) over all elements of `parameters`.

    Its gradient is 2 * strength * w, so under SGD it does what a weight_decay of
    2 * strength does; under Adam it does not, and AdamW's decay is another thing altogether.
    Some texts write strength / 2 and call the two the same.

    Args:
        parameters: Weights; `decayed_parameters` leaves out norms and biases.
        strength: The lambda of the formula, at least 0.

    Reference:
        CS231n, lecture 6, "Regularization"; MIT 6.867, lecture 11.

    Example:
        >>> l2_penalty([torch.tensor([1.0, -2.0])], 0.5).item()
        2.5
    """
    return elastic_net(parameters, l1=0.0, l2=strength)


def l1_penalty(parameters: Iterable[Tensor], strength: float) -> Float[Tensor, ""]:
    """Return strength * sum(|w|) over all elements of `parameters`.

    Its gradient is strength * sign(w), with 0 at 0, as fast for a small weight as for a large
    one: weights that the loss does not hold end close to zero.

    Args:
        parameters: Weights; `decayed_parameters` leaves out norms and biases.
        strength: The lambda of the formula, at least 0.

    Reference:
        CS231n, lecture 6, "Regularization".

    Example:
        >>> l1_penalty([torch.tensor([1.0, -2.0])], 0.5).item()
        1.5
    """
    return elastic_net(parameters, l1=strength, l2=0.0)


def elastic_net(parameters: Iterable[Tensor], *, l1: float, l2: float) -> Float[Tensor, ""]:
    """Return l1 * sum(|w|) + l2 * sum(w**2) over all elements of `parameters`.

    Args:
        parameters: Weights; `decayed_parameters` leaves out norms and biases.
        l1: Strength of the first term, at least 0.
        l2: Strength of the second term, at least 0.

    Raises:
        ValueError: If a strength is below 0.

    Reference:
        Zou and Hastie, "Regularization and variable selection via the elastic net", 2005;
        CS231n, lecture 6, has it as beta W**2 + |W|.

    Example:
        >>> elastic_net([torch.tensor([1.0, -2.0])], l1=0.5, l2=0.5).item()
        4.0
    """
    _check_strengths(l1, l2)
    total = torch.zeros(())
    for w in parameters:
        total = total.to(w.device)
        if l1:
            total = total + l1 * w.abs().sum()
        if l2:
            total = total + l2 * w.square().sum()
    return total


class Penalty:
    """Adds the gradient of `elastic_net` to gradients that are already there.

    g <- g + l1 * sign(w) + 2 * l2 * w: what a term of the loss would give, without a graph,
    and the same for any number of micro-batches or processes.

    Args:
        parameters: Weights that are penalized.
        l1: Strength of the sum of magnitudes, at least 0.
        l2: Strength of the sum of squares, at least 0.

    Raises:
        ValueError: If a strength is below 0.
    """

    def __init__(self, parameters: Iterable[Tensor], *, l1: float, l2: float) -> None:
        _check_strengths(l1, l2)
        self._parameters = list(parameters)
        self._l1 = l1
        self._l2 = l2

    @torch.no_grad()
    def add_gradients_(self) -> None:
        """Add the gradient of the penalty to that of each parameter that has one."""
        weights = [p for p in self._parameters if p.grad is not None]
        if not weights:
            return
        gradients = [p.grad for p in weights]
        if self._l1:
            _add_(gradients, [w.sign() for w in weights], alpha=self._l1)
        if self._l2:
            _add_(gradients, weights, alpha=2.0 * self._l2)


def _check_strengths(l1: float, l2: float) -> None:
    for name, strength in (("l1", l1), ("l2", l2)):
        if not strength >= 0.0:
            raise ValueError(f"{name} must be at least 0, got {strength}")
