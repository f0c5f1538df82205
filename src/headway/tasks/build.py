"""The task that a data source is good for."""

import warnings
from typing import Literal

import torch
from jaxtyping import Shaped
from torch import Tensor

from headway.data import DataInfo
from headway.errors import DataError, RecipeError
from headway.tasks.classification import Classification
from headway.tasks.hinge import HingeClassification
from headway.tasks.multilabel import MultiLabel
from headway.tasks.regression import Regression
from headway.tasks.settings import AnyTask
from headway.tasks.steps import IGNORED, LanguageModel, StepClassification


def build_task(
    info: DataInfo,
    train_targets: Shaped[Tensor, "samples *outputs"],
    *,
    label_smoothing: float = 0.0,
    loss: Literal["cross-entropy", "hinge"] = "cross-entropy",
) -> AnyTask:
    """Build the task that `info` names.

    Args:
        info: Facts about the data source.
        train_targets: Targets of the training part; regression takes mean and standard
            deviation from them.
        label_smoothing: For classification alone; ignored with a warning elsewhere.
        loss: Of classification alone; ignored with a warning elsewhere.

    Raises:
        DataError: If the targets do not fit the task, or a regression target never varies.
        RecipeError: If `label_smoothing` is asked for together with a hinge loss.
    """
    if len(train_targets) == 0:
        raise DataError(f"{info.name}: the training part has no samples")
    if info.task == "classification":
        _check_labels(info, train_targets)
        return _build_classification(len(info.classes), label_smoothing, loss)
    if loss != "cross-entropy":
        warnings.warn(
            f"loss={loss} is ignored: it is for classification, and {info.name} is for "
            f"{info.task}",
            stacklevel=2,
        )
    if label_smoothing:
        warnings.warn(
            f"label_smoothing={label_smoothing} is ignored: it is for classification, and "
            f"{info.name} is for {info.task}",
            stacklevel=2,
        )
    if info.task in ("language-model", "step-classification"):
        return _build_steps(info, train_targets)
    _check_columns(info, train_targets)
    if info.task == "multilabel":
        _check_zeros_and_ones(info, train_targets)
        return MultiLabel(len(info.classes))
    return _build_regression(info, train_targets.cpu().double())


def _build_classification(
    num_classes: int, label_smoothing: float, loss: str
) -> Classification:
    if loss == "cross-entropy":
        return Classification(num_classes, label_smoothing)
    if label_smoothing:
        raise RecipeError(
            f"task.label_smoothing={label_smoothing} is for cross-entropy; leave it out "
            "with task.loss=hinge"
        )
    return HingeClassification(num_classes)


def _build_steps(info: DataInfo, targets: Tensor) -> StepClassification:
    counted = targets[targets != IGNORED]
    if targets.ndim != 2 or targets.dtype != torch.int64 or not len(counted):
        raise DataError(
            f"{info.name}: {info.task} needs int64 targets of shape (samples, steps), some "
            f"of which count, got {targets.dtype} of shape {tuple(targets.shape)}"
        )
    _check_class_range(info, counted, what="the classes of the steps")
    kind = LanguageModel if info.task == "language-model" else StepClassification
    return kind(len(info.classes))


def _check_labels(info: DataInfo, targets: Tensor) -> None:
    if targets.ndim != 1 or targets.dtype != torch.int64:
        raise DataError(
            f"{info.name}: classification needs int64 targets of shape (samples,), got "
            f"{targets.dtype} of shape {tuple(targets.shape)}"
        )
    _check_class_range(info, targets, what="labels")


def _check_class_range(info: DataInfo, numbers: Tensor, *, what: str) -> None:
    low, high = (int(bound) for bound in torch.aminmax(numbers))
    if low < 0 or high >= len(info.classes):
        raise DataError(
            f"{info.name}: {what} must be in 0..{len(info.classes) - 1}, got "
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
