"""One-hot targets whose entries a view has spread over other places."""

from torch import Tensor

_CLOSE = 1e-4
# So few places may be whole by chance.
_MOST_WHOLE = 0.99


def viewed_classes(target: Tensor) -> int:
    """Return the number of classes whose axis was moved by a view, or 0.

    Shares of classes sum to 1 at each place along one axis. Where they do so along none, but
    along the last or the second one of another view of the same numbers, the axis was moved
    without its numbers.

    Args:
        target: Targets of a batch, with an entry for each class at each place.
    """
    if target.dim() < 3 or not target.numel() or target.is_complex():
        return 0
    values = target.detach().float()
    if not bool(((values >= 0) & (values <= 1)).all()):
        return 0
    if any(_whole(values.sum(dim=axis)) > _MOST_WHOLE for axis in range(1, values.dim())):
        return 0
    second, last = values.shape[1], values.shape[-1]
    rows = values.reshape(len(values), -1)
    if _is_whole(rows.reshape(len(values), -1, second), -1):
        return second
    return last if _is_whole(rows.reshape(len(values), last, -1), 1) else 0


def _is_whole(values: Tensor, axis: int) -> bool:
    return min(values.shape[1:]) > 1 and _whole(values.sum(dim=axis)) == 1


def _whole(sums: Tensor) -> float:
    """Return the share of sums that are 1."""
    return float(((sums - 1).abs() < _CLOSE).float().mean())
