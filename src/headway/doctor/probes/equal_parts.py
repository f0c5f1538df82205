"""Parts of a parameter that start equal and are moved alike: they are one and the same."""

from torch import Tensor

# Sums over the same numbers differ by their rounding.
_ROUNDING = 1e-4


def num_equal_parts(before: Tensor, grad: Tensor | None, after: Tensor) -> int:
    """Return how many equal parts a parameter has along an axis; 0 where they differ.

    Args:
        before: Its values at the start.
        grad: Its first gradient, or None.
        after: Its values some updates later.
    """
    change = after.float() - before.float()
    if grad is None or not bool(grad.any()) or not bool(change.any()):
        return 0
    for axis, size in enumerate(before.shape):
        seen = (before.float(), grad.float(), change)
        if size > 1 and all(_is_even(values, axis) for values in seen):
            return size
    return 0


def _is_even(values: Tensor, axis: int) -> bool:
    first = values.narrow(axis, 0, 1)
    return bool((values - first).abs().max() <= _ROUNDING * values.abs().max())
