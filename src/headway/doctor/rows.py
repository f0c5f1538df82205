"""Whether the samples of a batch can be told apart: each has a row in all of its parts."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from headway.doctor.program import is_listed


def is_by_sample(inputs: Any, targets: Any) -> bool:
    """Return whether all parts of a batch have as many rows.

    The nodes and the edges of a graph have not, nor do words in columns beside targets in one
    row: such a batch is taken whole or not at all.
    """
    return len(row_counts(inputs) | row_counts(targets)) < 2


def in_rows(inputs: Any, targets: Any) -> Any:
    """Return inputs with the samples first, where they come in columns as words do for LSTMs.

    Only inputs that have as many columns as there are targets, and more or fewer rows.
    """
    if is_by_sample(inputs, targets):
        return inputs
    counts = row_counts(targets)
    return _turned(inputs, next(iter(counts))) if len(counts) == 1 else inputs


def _turned(values: Any, count: int) -> Any:
    if isinstance(values, Tensor):
        return values.transpose(0, 1) if are_in_columns(values, count) else values
    if isinstance(values, Mapping):
        return {name: _turned(value, count) for name, value in values.items()}
    if isinstance(values, (tuple, list)):
        return tuple(_turned(value, count) for value in values)
    return values


def are_in_columns(values: Tensor, count: int) -> bool:
    """Whether so many samples are on the second axis, and cannot be on the first."""
    return values.dim() > 1 and len(values) != count == values.shape[1]


def row_counts(values: Any) -> set[int]:
    """Return the different numbers of rows of all tensors of a structure; a number has 1."""
    if is_listed(values):
        return {len(values)}
    if isinstance(values, Tensor):
        return {len(values) if values.dim() else 1}
    if isinstance(values, Mapping):
        return row_counts(tuple(values.values())) if values else set()
    if isinstance(values, (tuple, list)):
        return {count for value in values for count in row_counts(value)}
    return set()
