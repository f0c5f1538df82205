"""Columns with a few numbers that are huge beside all others."""

import torch
from torch import Tensor

# 1.4826 times the median distance from the median is the deviation of a normal distribution.
_NORMAL_SPREAD = 1.4826
# The deviation of normal numbers is 1 of these spreads, that of exp of them 2.4, and of exp
# of twice them 36. No column of the healthy programs seen has 6 and numbers far out as well.
_SPREADS = 6.0
_FAR_OUT = 6.0
# Faint pixels at the border have rare numbers far out as well, but not beside other pixels.
_FAR_OUT_OF_ALL = 5.0
_LEAST_ROWS = 32


def heavy_columns(values: Tensor) -> Tensor:
    """Return which columns of a table have tails that dividing by a deviation leaves.

    Args:
        values: Rows of columns, all finite.
    """
    rows, columns = values.shape
    if rows < _LEAST_ROWS:
        return torch.zeros(columns, dtype=torch.bool, device=values.device)
    values = values.double()
    middle, spread = middle_and_spread(values)
    std, mean = torch.std_mean(values, dim=0)
    far = (values - middle).abs().amax(dim=0)
    of_all = (values - mean).square().mean().sqrt()
    # Of flags and mostly empty columns the spread is 0.
    is_wide = (spread > 0) & (std > _SPREADS * spread)
    return is_wide & (far > _FAR_OUT * std) & (far > _FAR_OUT_OF_ALL * of_all)


def middle_and_spread(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return the median of each column and the spread around it, which tails do not move."""
    middle = values.median(dim=0).values
    return middle, _NORMAL_SPREAD * (values - middle).abs().median(dim=0).values
