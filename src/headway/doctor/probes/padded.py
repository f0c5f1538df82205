"""Where sequences are filled up to a common length, told from the numbers themselves."""

import torch
from torch import Tensor

# One value or row that so many samples share at the same end, in so many of all positions, is
# what they were filled up with; a tensor of hardly anything else holds no sequences.
_FEWEST_SAMPLES, _LEAST_SAMPLES = 4, 0.2
_LEAST, _MOST = 0.1, 0.97
_FEWEST_NAMES = 2


def padding_of(values: Tensor, *, at_end: bool = True) -> Tensor | None:
    """Return which positions of a batch of sequences are padding, or None where none are.

    Args:
        values: Ids of words, or numbers or rows of numbers: samples, then positions.
        at_end: Whether to look behind the sequences, or in front of them.
    """
    filling = filling_of(values, at_end=at_end)
    return None if filling is None else run_of(values, filling, at_end=at_end)


def filling_of(values: Tensor, *, at_end: bool = True) -> Tensor | None:
    """Return the row that sequences are filled up with, or None where there is none."""
    is_sequence = values.dim() in (2, 3) and values.dtype is not torch.bool
    if not is_sequence or len(values) < _FEWEST_SAMPLES or values.shape[1] < 2:
        return None
    if values.dim() == 2 and len(values.unique()) <= _FEWEST_NAMES:
        # Yes and no say what is padding and are none.
        return None
    edge = _rows(values)[:, -1 if at_end else 0]
    distinct, counts = edge.unique(dim=0, return_counts=True)
    filling = distinct[counts.argmax()]
    padding = run_of(values, filling, at_end=at_end)
    share = float(padding.double().mean())
    is_common = float(padding.any(dim=1).double().mean()) >= _LEAST_SAMPLES
    return filling if is_common and _LEAST <= share <= _MOST else None


def run_of(values: Tensor, filling: Tensor, *, at_end: bool = True) -> Tensor:
    """Return which positions have this row, and so have all others up to the end."""
    same = (_rows(values) == filling).all(dim=-1).long()
    if not at_end:
        return same.cumprod(dim=1).bool()
    return same.flip(1).cumprod(dim=1).flip(1).bool()


def _rows(values: Tensor) -> Tensor:
    return values.detach().reshape(*values.shape[:2], -1)
