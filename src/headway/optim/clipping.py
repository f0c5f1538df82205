"""Keep gradients within bounds, without waiting for the device."""

from collections.abc import Iterable

from jaxtyping import Float
from torch import Tensor, nn


def gradient_norm(parameters: Iterable[Tensor]) -> Float[Tensor, ""]:
    """Return the L2 norm of all gradients taken as one vector; 0 where there are none."""
    return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])


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
        algorithm 1. arXiv:1211.5063.
    """
    if not max_norm > 0.0:
        raise ValueError(f"max_norm must be above 0, got {max_norm}")
    return nn.utils.clip_grad_norm_(list(parameters), max_norm)


def clip_value_(parameters: Iterable[Tensor], *, max_value: float) -> None:
    """Clamp each element of each gradient in place to -max_value..max_value.

    Args:
        parameters: Parameters whose gradients are clamped.
        max_value: Largest magnitude of an element, above 0.

    Raises:
        ValueError: If `max_value` is not above 0.
    """
    if not max_value > 0.0:
        raise ValueError(f"max_value must be above 0, got {max_value}")
    nn.utils.clip_grad_value_(list(parameters), max_value)
