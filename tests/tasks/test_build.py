from typing import Any

import pytest
import torch
from torch import Tensor

from headway.data import DataInfo
from headway.errors import DataError, RecipeError
from headway.tasks import (
    Classification,
    HingeClassification,
    MultiLabel,
    Regression,
    build_task,
)


def info(task: Any, **facts: Any) -> DataInfo:
    return DataInfo(
        name="houses.csv",
        kind="tabular",
        dtype="float32",
        input_shape=(4,),
        task=task,
        num_train=3,
        num_val=0,
        num_test=0,
        **facts,
    )


CLASSES = info("classification", classes=("cat", "dog", "owl"))
LABELS = info("multilabel", classes=("red", "round"))
PRICES = info("regression", target_names=("price", "rent"))


def test_classification_is_built_with_its_classes_and_smoothing() -> None:
    task = build_task(CLASSES, torch.tensor([0, 1, 2]), label_smoothing=0.1)
    assert isinstance(task, Classification)
    assert (task.num_classes, task.label_smoothing) == (3, 0.1)


def test_multilabel_is_built_with_its_labels() -> None:
    task = build_task(LABELS, torch.tensor([[0.0, 1.0]]))
    assert isinstance(task, MultiLabel)
    assert task.num_labels == 2


def regression(targets: Tensor) -> Regression:
    task = build_task(PRICES, targets)
    assert isinstance(task, Regression)
    return task


def test_regression_takes_the_mean_of_the_training_targets() -> None:
    assert regression(torch.tensor([[1.0, 5.0], [3.0, 9.0]])).mean.tolist() == [2.0, 7.0]


def test_regression_takes_the_population_std_of_the_training_targets() -> None:
    assert regression(torch.tensor([[1.0, 5.0], [3.0, 9.0]])).std.tolist() == [1.0, 2.0]


def test_the_std_of_a_far_off_target_keeps_its_digits() -> None:
    noise = torch.tensor([-1.0, 1.0]).repeat(500)
    targets = torch.stack([1e6 + noise, noise], dim=1)
    assert regression(targets).std.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("value", [0.0, 0.1, 123456.789])
def test_a_target_that_never_varies_is_refused_by_name(value: float) -> None:
    targets = torch.stack([torch.arange(7.0), torch.full((7,), value)], dim=1)
    with pytest.raises(DataError, match=r"houses\.csv: target 'rent' is .* in every"):
        build_task(PRICES, targets)


def test_a_target_that_is_not_a_number_is_refused_by_name() -> None:
    targets = torch.tensor([[1.0, 2.0], [torch.nan, 3.0], [torch.inf, 4.0]])
    with pytest.raises(DataError, match="target 'price' is not a finite number in 2 of 3"):
        build_task(PRICES, targets)


@pytest.mark.parametrize(
    ("facts", "targets", "message"),
    [
        (CLASSES, torch.tensor([0, 3]), r"labels must be in 0\.\.2, got 0\.\.3"),
        (CLASSES, torch.tensor([-1, 1]), r"labels must be in 0\.\.2, got -1\.\.1"),
        (CLASSES, torch.tensor([0.0, 1.0]), r"needs int64 .* got torch\.float32"),
        (
            CLASSES,
            torch.zeros(2, 3, dtype=torch.int64),
            r"got torch\.int64 of shape \(2, 3\)",
        ),
        (LABELS, torch.tensor([[0.0, 2.0]]), r"must be 0 or 1, got 2 \(1 such values\)"),
        (LABELS, torch.tensor([[0, 1]]), r"multilabel needs float targets .* torch\.int64"),
        (LABELS, torch.zeros(2, 3), r"of shape \(samples, 2\), got .* of shape \(2, 3\)"),
        (PRICES, torch.zeros(2), r"regression needs float targets .* of shape \(2,\)"),
        (PRICES, torch.zeros(0, 2), r"houses\.csv: the training part has no samples"),
    ],
    ids=[
        "class too large",
        "class negative",
        "class float",
        "class ndim",
        "label value",
        "label dtype",
        "label width",
        "value ndim",
        "empty",
    ],
)
def test_targets_that_do_not_fit_the_task_are_refused(
    facts: DataInfo, targets: Tensor, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        build_task(facts, targets)


def test_label_smoothing_outside_classification_is_ignored_with_a_warning() -> None:
    with pytest.warns(UserWarning, match=r"label_smoothing=0\.1 is ignored: .* multilabel"):
        build_task(LABELS, torch.tensor([[0.0, 1.0]]), label_smoothing=0.1)


def test_a_hinge_loss_is_asked_for_by_name() -> None:
    task = build_task(CLASSES, torch.tensor([0, 1, 2]), loss="hinge")
    assert isinstance(task, HingeClassification)


def test_a_hinge_loss_has_no_label_smoothing() -> None:
    with pytest.raises(RecipeError, match=r"label_smoothing=0\.1 is for cross-entropy"):
        build_task(CLASSES, torch.tensor([0, 1]), loss="hinge", label_smoothing=0.1)


def test_a_hinge_loss_is_ignored_with_a_warning_where_there_are_no_classes() -> None:
    with pytest.warns(UserWarning, match="loss=hinge is ignored: it is for classification"):
        build_task(LABELS, torch.tensor([[0.0, 1.0]]), loss="hinge")
