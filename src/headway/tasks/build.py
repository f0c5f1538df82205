"""The task that a data source is good for."""

import warnings

import torch
from jaxtyping import Shaped
from torch import Tensor

from headway.data import DataInfo
from headway.errors import DataError
from headway.tasks.classification import Classification
from headway.tasks.multilabel import MultiLabel
from headway.tasks.regression import Regression


def build_task(
    info: DataInfo,
    train_targets: Shaped[Tensor, "samples *outputs"],
    *,
    label_smoothing: float = 0.0,
) -> Classification | MultiLabel | Regression:
    """Build the task that `info` names.

    Args:
        info: Facts about the data source.
        train_targets: Targets of the training part; regression takes mean and standard
            deviation from them.
        label_smoothing: For classification alone; ignored with a warning elsewhere.

    Raises:
        DataError: If the targets do not fit the task, or a regression target never varies.
    """
    if len(train_targets) == 0:
        raise DataError(f"{info.name}: the training part has no samples")
    if info.task == "classification":
        _check_class_range(info, train_targets)
        return Classification(len(info.classes), label_smoothing)
    if label_smoothing:
        warnings.warn(
            f"label_smoothing={label_smoothing} is ignored: it is for classification, and "
            f"{info.name} is for {info.task}",
            stacklevel=2,
        )
    _check_columns(info, train_targets)
    if info.task == "multilabel":
        _check_zeros_and_ones(info, train_targets)
        return MultiLabel(len(info.classes))
    return _build_regression(info, train_targets.cpu().double())


def _check_class_range(info: DataInfo, targets: Tensor) -> None:
    if targets.ndim != 1 or targets.dtype != torch.int64:
        raise DataError(
            f"{info.name}: classification needs int64 targets of shape (samples,), got "
            f"{targets.dtype} of shape {tuple(targets.shape)}"
        )
    low, high = (int(bound) for bound in torch.aminmax(targets))
    if low < 0 or high >= len(info.classes):
        raise DataError(
            f"{info.name}: labels must be in 0..{len(info.classes) - 1}, got "
            f"{low}..{high}; number the classes from 0 without gaps"
        )


def _check_columns(info: DataInfo, targets: Tensor) -> None:
    is_fit = targets.ndim == 2 and targets.shape[1] == info.num_outputs
    if not (is_fit and targets.is_floating_point()):
        raise DataError(
            f"{info.name}: {info.task} needs float targets of shape (samples, "
            f"{info.num_outputs}), got {targets.dtype} of shape {tuple(targets.shape)}"
        )


def _check_zeros_and_ones(info: DataInfo, targets: Tensor) -> None:
    wrong = targets[(targets != 0) & (targets != 1)]
    if len(wrong):
        raise DataError(
            f"{info.name}: multilabel targets must be 0 or 1, got {float(wrong[0]):g} "
            f"({len(wrong)} such values)"
        )


def _build_regression(info: DataInfo, targets: Tensor) -> Regression:
    for name, values in zip(info.target_names, targets.unbind(dim=1), strict=True):
        _check_varies(info.name, name, values)
    return Regression(targets.mean(dim=0), targets.std(dim=0, correction=0))


def _check_varies(source: str, name: str, values: Tensor) -> None:
    num_wrong = int((~values.isfinite()).sum())
    if num_wrong:
        raise DataError(
            f"{source}: target {name!r} is not a finite number in {num_wrong} of "
            f"{len(values)} training samples; mend or remove them"
        )
    if bool((values == values[0]).all()):
        raise DataError(
            f"{source}: target {name!r} is {float(values[0]):g} in every training sample, "
            "so there is nothing to learn; choose another target"
        )
