"""Keep gradients within bounds, without waiting for the device.

Sources differ in what they scale: the whole gradient always, the whole gradient where it is
too long, each tensor on its own, or each element. Here each has a function of its own. All of
them change gradients and never weights, though one lecture calls them "weight clipping".
"""

from collections.abc import Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

# torch 2.11 has no public names for these.
_mul_: Any = torch._foreach_mul_  # pyright: ignore[reportPrivateUsage, reportPrivateImportUsage]
_norms: Any = torch._foreach_norm  # pyright: ignore[reportPrivateUsage, reportPrivateImportUsage]


def gradient_norm(parameters: Iterable[Tensor]) -> Float[Tensor, ""]:
    """Return the L2 norm of all gradients taken as one vector; 0 where there are none."""
    return nn.utils.get_total_norm(_gradients(parameters))


def clip_gradients_(parameters: Iterable[Tensor], *, max_norm: float) -> Float[Tensor, ""]:
    """Scale all gradients in place so that their common L2 norm is at most `max_norm`.

    g <- g * min(1, max_norm / (norm + 1e-6)). Gradients that are not finite stay so (inf
    becomes nan), so that a divergence is not hidden.

    Args:
        parameters: Parameters whose gradients are scaled.
        max_norm: Largest norm, above 0.

    Returns:
        The norm before clipping, on the device of the gradients.

    Raises:
        ValueError: If `max_norm` is not above 0.

    Reference:
        Pascanu et al., "On the difficulty of training recurrent neural networks", 2012,
        algorithm 1. arXiv:1211.5063. The 1e-6 is torch's.
    """
    _check_above_0("max_norm", max_norm)
    return nn.utils.clip_grad_norm_(list(parameters), max_norm)


def clip_each_gradient_(
    parameters: Iterable[Tensor], *, max_norm: float
) -> Float[Tensor, ""]:
    """Scale each gradient tensor in place so that its own L2 norm is at most `max_norm`.

    g_i <- g_i where norm_i <= max_norm, else g_i * max_norm / norm_i, for each tensor i. The
    direction of the whole gradient changes, unlike with `clip_gradients_`.

    Args:
        parameters: Parameters whose gradients are scaled.
        max_norm: Largest norm of one tensor, above 0.

    Returns:
        The common norm of all gradients before clipping, on their device.

    Raises:
        ValueError: If `max_norm` is not above 0.

    Reference:
        TTIC 31230, "Trainability", gradient clipping: W.grad if ||W.grad|| <= n_max.

    Example:
        >>> w, v = torch.zeros(2, requires_grad=True), torch.zeros(1, requires_grad=True)
        >>> w.grad, v.grad = torch.tensor([3.0, 4.0]), torch.tensor([0.5])
        >>> round(clip_each_gradient_([w, v], max_norm=1.0).item(), 4)
        5.0249
        >>> round(w.grad.norm().item(), 4), v.grad.item()
        (1.0, 0.5)
    """
    _check_above_0("max_norm", max_norm)
    gradients = _gradients(parameters)
    if not gradients:
        return torch.tensor(0.0)
    norms = torch.stack([norm.float() for norm in _norms(gradients)])
    factors = (max_norm / norms).clamp(max=1.0)
    _mul_(gradients, [*factors.unbind()])
    return norms.square().sum().sqrt()


def normalize_gradients_(parameters: Iterable[Tensor], *, norm: float) -> Float[Tensor, ""]:
    """Scale all gradients in place so that their common L2 norm is `norm`, always.

    g <- norm * g / ||g||, also where the gradient is shorter: only its direction is left, so
    the learning rate alone decides how long a step is, and training ends at a minimum only
    if the rate falls. A gradient of zero stays zero.

    Args:
        parameters: Parameters whose gradients are scaled.
        norm: The norm afterwards, above 0.

    Returns:
        The norm before, on the device of the gradients.

    Raises:
        ValueError: If `norm` is not above 0.

    Reference:
        MIT 6.867, lecture 11, remedies for exploding gradients: g <- c g / ||g||.
    """
    _check_above_0("norm", norm)
    gradients = _gradients(parameters)
    before = nn.utils.get_total_norm(gradients)
    scale_(gradients, torch.where(before == 0.0, 1.0, norm / before))
    return before


def clip_value_(parameters: Iterable[Tensor], *, max_value: float) -> None:
    """Clamp each element of each gradient in place to -max_value..max_value.

    This is the second form of what Lund FMAN-45, lecture 9, calls "weight clipping"; like
    there, the gradients are clipped and the weights are not.

    Args:
        parameters: Parameters whose gradients are clamped.
        max_value: Largest magnitude of an element, above 0.

    Raises:
        ValueError: If `max_value` is not above 0.
    """
    _check_above_0("max_value", max_value)
    nn.utils.clip_grad_value_(list(parameters), max_value)


def scale_(tensors: list[Tensor], factor: Tensor) -> None:
    """Multiply each of `tensors` in place by a factor that lies on their device."""
    if tensors:
        _mul_(tensors, factor)


def _gradients(parameters: Iterable[Tensor]) -> list[Tensor]:
    return [p.grad for p in parameters if p.grad is not None]


def _check_above_0(name: str, value: float) -> None:
    if not value > 0.0:
        raise ValueError(f"{name} must be above 0, got {value}")
