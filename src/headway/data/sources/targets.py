"""Arrays of targets -> checked tensors and class names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from headway.data.info import TaskKind
from headway.errors import DataError

Array = NDArray[Any]

_NUMBER_KINDS = "buif"
_AS_REGRESSION = "or train on them as numbers with --set task.kind=regression"


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets of every part of a source.

    Attributes:
        task: What they are good for.
        classes: As in `Source`.
        target_names: As in `Source`.
        parts: One tensor for each part, as in `ArraySplit`.
        untrainable: As in `Source`.
    """

    task: TaskKind
    classes: tuple[str, ...]
    target_names: tuple[str, ...]
    parts: dict[str, Tensor]
    untrainable: str = ""


def interpret_targets(
    parts: Mapping[str, Array],
    *,
    name: str,
    task: Literal["auto"] | TaskKind = "auto",
    classes: Sequence[str] = (),
) -> Targets:
    """Check the targets of all parts and turn them into tensors.

    Args:
        parts: One array for "train", and one each for "val" and "test" where there are any.
            Whole numbers, words or one-hot rows are classes, rows of 0 and 1 are labels,
            other numbers are values to predict.
        name: What error messages call the source.
        task: What the targets are good for, where their type does not say it.
        classes: Class names where they are known already.

    Raises:
        DataError: If the targets do not fit the task or the classes of "train".
    """
    parts = {part: _without_last_one(array) for part, array in parts.items()}
    for part, array in parts.items():
        _check_type(array, f"{name}: the targets of {part}")
    if task == "auto":
        task = _guess_task(parts["train"])
    if task == "classification":
        return _classification(parts, name, tuple(classes))
    if task == "multilabel":
        return _multilabel(parts, name)
    return _regression(parts, name)


def why_too_few_classes(classes: Sequence[str], name: str) -> str:
    """Return why nothing can be learned from less than two classes, or ""."""
    if len(classes) > 1:
        return ""
    return (
        f"{name}: all samples are of one class ({classes[0]!r}), so there is nothing to "
        "learn; at least two classes are needed"
    )


def count_not_finite(array: Array) -> str:
    """Return how many NaN and Inf values and samples `array` has, or "" for none."""
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return ""
    bad = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
    num_nan, num_inf = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    return f"{num_nan} NaN and {num_inf} Inf values in {bad.sum()} of {len(array)} samples"


def _without_last_one(array: Array) -> Array:
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _check_type(array: Array, what: str) -> None:
    if array.ndim not in (1, 2):
        raise DataError(
            f"{what} have shape {array.shape}; expected one number for each sample, or one "
            "row for each sample"
        )
    if array.dtype.kind not in _NUMBER_KINDS + "US" or (
        array.ndim == 2 and array.dtype.kind in "US"
    ):
        raise DataError(f"{what} have type {array.dtype}; expected numbers or class names")
    if message := count_not_finite(array):
        raise DataError(f"{what} hold {message}; every target must be a finite number")


def _guess_task(array: Array) -> TaskKind:
    if array.ndim == 1:
        return "regression" if array.dtype.kind == "f" else "classification"
    if _is_one_hot(array):
        return "classification"
    return "multilabel" if _is_zero_or_one(array) else "regression"


def _is_zero_or_one(array: Array) -> bool:
    return array.dtype.kind in _NUMBER_KINDS and bool(np.isin(array, (0, 1)).all())


def _is_one_hot(array: Array) -> bool:
    return (
        array.ndim == 2 and _is_zero_or_one(array) and bool((array.sum(axis=1) == 1).all())
    )


def _classification(
    parts: Mapping[str, Array], name: str, classes: tuple[str, ...]
) -> Targets:
    if parts["train"].dtype.kind in "US":
        words = {part: array.astype(str) for part, array in parts.items()}
        return _found_classes(words, name, "")
    labels = {part: _whole_labels(array, part, name) for part, array in parts.items()}
    for part, array in labels.items():
        _check_not_negative(array, part, name)
    if not classes:
        if reason := _why_misnumbered(labels["train"], name):
            return _found_classes(labels, name, reason)
        classes = tuple(str(number) for number in range(labels["train"].max() + 1))
    for part, array in labels.items():
        _check_range(array, part, name, len(classes))
    return _class_targets(classes, labels, "")


def _found_classes(parts: Mapping[str, Array], name: str, untrainable: str) -> Targets:
    """Make a class of every distinct value of "train", in sorted order.

    Raises:
        DataError: If another part holds a value that "train" does not.
    """
    values = np.unique(parts["train"])
    numbers: dict[str, Array] = {}
    for part, array in parts.items():
        unknown = np.setdiff1d(array, values)
        if len(unknown):
            raise DataError(
                f"{name}: {part} has samples of class {_listed(unknown)}, which train does "
                "not have; give train samples of it or take them out"
            )
        numbers[part] = np.searchsorted(values, array)
    classes = tuple(str(value) for value in values)
    reason = untrainable or why_too_few_classes(classes, name)
    return _class_targets(classes, numbers, reason)


def _class_targets(
    classes: tuple[str, ...], numbers: Mapping[str, Array], untrainable: str
) -> Targets:
    tensors = {p: torch.from_numpy(array.astype(np.int64)) for p, array in numbers.items()}
    return Targets("classification", classes, (), tensors, untrainable)


def _whole_labels(array: Array, part: str, name: str) -> Array:
    if array.ndim == 2:
        if not _is_one_hot(array):
            raise DataError(
                f"{name}: the targets of {part} have shape {array.shape} but are not "
                "one-hot rows; give one class number for each sample, or use --set "
                "task.kind=multilabel or task.kind=regression"
            )
        return array.argmax(axis=1)
    if array.dtype.kind in "US":
        raise DataError(
            f"{name}: the targets of {part} are words, those of train are numbers"
        )
    if array.dtype.kind == "f" and (array != np.floor(array)).any():
        value = array[array != np.floor(array)][0]
        raise DataError(
            f"{name}: the targets of {part} hold {value:g}, which is not a class number; "
            f"number the classes 0, 1, 2, ... {_AS_REGRESSION}"
        )
    return array.astype(np.int64)


def _check_not_negative(labels: Array, part: str, name: str) -> None:
    if labels.min(initial=0) < 0:
        raise DataError(
            f"{name}: {(labels < 0).sum()} labels of {part} are negative, the smallest is "
            f"{labels.min()}; number the classes 0, 1, 2, ... {_AS_REGRESSION}"
        )


def _why_misnumbered(labels: Array, name: str) -> str:
    """Return why nothing can be learned from these labels, or "" where they are 0 to K-1."""
    values = np.unique(labels)
    if len(values) < 2:
        return why_too_few_classes(tuple(str(value) for value in values), name)
    if values[-1] == len(values) - 1:
        return ""
    if values[-1] - values[0] == len(values) - 1:
        return (
            f"{name}: labels go from {values[0]} to {values[-1]}; classes are numbered "
            f"from 0, so subtract {values[0]}, {_AS_REGRESSION}"
        )
    missing = np.setdiff1d(np.arange(len(values) + 5), values)
    return (
        f"{name}: labels go up to {values[-1]} but no sample has label {_listed(missing)}; "
        f"number the {len(values)} classes 0 to {len(values) - 1} without gaps, "
        f"{_AS_REGRESSION}"
    )


def _check_range(labels: Array, part: str, name: str, num_classes: int) -> None:
    outside = labels[labels >= num_classes]
    if len(outside):
        raise DataError(
            f"{name}: {len(outside)} labels of {part} are outside the range 0 to "
            f"{num_classes - 1} of the {num_classes} classes, such as {outside.max()}; correct "
            "them or take those samples out"
        )


def _multilabel(parts: Mapping[str, Array], name: str) -> Targets:
    for part, array in parts.items():
        if array.ndim != 2 or not _is_zero_or_one(array):
            raise DataError(
                f"{name}: multilabel targets are rows of 0 and 1, one column for each "
                f"label; those of {part} have shape {array.shape} and type {array.dtype}"
            )
    labels = tuple(str(column) for column in range(_num_columns(parts, name)))
    tensors = {part: torch.from_numpy(a.astype(np.float32)) for part, a in parts.items()}
    return Targets("multilabel", labels, (), tensors)


def _regression(parts: Mapping[str, Array], name: str) -> Targets:
    tensors: dict[str, Tensor] = {}
    for part, array in parts.items():
        if array.dtype.kind not in _NUMBER_KINDS:
            raise DataError(
                f"{name}: the targets of {part} are words, such as {array.flat[0]!s}; "
                "regression needs numbers"
            )
        tensors[part] = _float_rows(array, f"{name}: the targets of {part}")
    num_columns = _num_columns(parts, name)
    names = (
        ("target",)
        if num_columns == 1
        else tuple(map("target_{}".format, range(num_columns)))
    )
    return Targets("regression", (), names, tensors)


def _float_rows(array: Array, what: str) -> Tensor:
    with np.errstate(over="ignore"):
        rows = array.reshape(len(array), -1).astype(np.float32)
    if message := count_not_finite(rows):
        raise DataError(f"{what} are too large for 32-bit floats: {message}")
    return torch.from_numpy(rows)


def _num_columns(parts: Mapping[str, Array], name: str) -> int:
    widths = {
        part: 1 if array.ndim == 1 else array.shape[1] for part, array in parts.items()
    }
    if len(set(widths.values())) > 1:
        listed = ", ".join(f"{width} in {part}" for part, width in widths.items())
        raise DataError(f"{name}: the number of target columns differs: {listed}")
    return widths["train"]


def _listed(values: Array, limit: int = 5) -> str:
    shown = ", ".join(str(value) for value in values[:limit])
    return f"{shown}, ..." if len(values) > limit else shown
