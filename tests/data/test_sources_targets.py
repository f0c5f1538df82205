from typing import Any

import numpy as np
import pytest
import torch

from headway.data.sources.targets import Targets, interpret_targets
from headway.errors import DataError


def _interpret(train: Any, task: Any = "auto", **others: Any) -> Targets:
    parts = {part: np.asarray(array) for part, array in {"train": train, **others}.items()}
    return interpret_targets(parts, name="set", task=task)


@pytest.mark.parametrize(
    ("targets", "task"),
    [
        ([0, 1, 2, 1], "classification"),
        ([[0], [1]], "classification"),
        ([True, False], "classification"),
        (["cat", "dog"], "classification"),
        ([[0, 1], [1, 0]], "classification"),
        ([[0, 1], [1, 1]], "multilabel"),
        ([0.5, 1.5], "regression"),
        ([[0.5, 1.0], [2.0, 1.0]], "regression"),
        ([[5, 1], [2, 1]], "regression"),
    ],
    ids=str,
)
def test_the_task_follows_from_the_type(targets: Any, task: str):
    assert _interpret(targets).task == task


def test_class_numbers_become_int64():
    found = _interpret(np.array([0, 2, 1], dtype=np.uint8), test=[1])
    assert found.parts["train"].dtype == torch.int64
    assert [part.tolist() for part in found.parts.values()] == [[0, 2, 1], [1]]
    assert found.classes == ("0", "1", "2")


def test_words_are_numbered_in_their_order():
    found = _interpret(["dog", "cat", "dog"], test=["dog"])
    assert found.classes == ("cat", "dog")
    assert [part.tolist() for part in found.parts.values()] == [[1, 0, 1], [1]]


def test_one_hot_rows_become_class_numbers():
    assert _interpret([[0, 1, 0], [1, 0, 0], [0, 0, 1]]).parts["train"].tolist() == [
        1,
        0,
        2,
    ]


def test_labels_become_rows_of_floats():
    found = _interpret([[0, 1], [1, 1]])
    assert found.parts["train"].dtype == torch.float32
    assert found.classes == ("0", "1")


def test_values_become_one_column_each():
    assert _interpret([0.5, 1.5]).parts["train"].tolist() == [[0.5], [1.5]]
    assert _interpret([0.5, 1.5]).target_names == ("target",)


def test_several_values_are_named_by_number():
    assert _interpret([[0.5, 1.5], [2, 3]]).target_names == ("target_0", "target_1")


def test_whole_numbers_are_values_where_that_is_asked_for():
    assert _interpret([3, 9], task="regression").parts["train"].tolist() == [[3.0], [9.0]]


def test_whole_floats_are_classes_where_that_is_asked_for():
    assert _interpret([0.0, 1.0], task="classification").parts["train"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([-1, 0, -3], "2 labels of train are negative, the smallest is -3"),
        ([0.5, np.nan], "1 NaN and 0 Inf values in 1 of 2 samples"),
        ([0.5, np.inf], "0 NaN and 1 Inf"),
        ([0.5, 1e300], "too large for 32-bit floats"),
        (np.zeros((2, 2, 2)), r"have shape \(2, 2, 2\)"),
        (np.array([1j, 2j]), "have type complex128"),
        ([["a", "b"], ["c", "d"]], "expected numbers or class names"),
    ],
    ids=str,
)
def test_bad_targets_are_refused(targets: Any, message: str):
    with pytest.raises(DataError, match=message):
        _interpret(targets)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([1, 2, 3], "labels go from 1 to 3; classes are numbered from 0, so subtract 1"),
        (
            [0, 1, 4, 9],
            "go up to 9 but no sample has label 2, 3, 5, 6, 7, ...; number the 4",
        ),
        ([0, 0, 0], "all samples are of one class ('0')"),
        ([3, 3, 3], "all samples are of one class ('3')"),
        (["a", "a"], "all samples are of one class ('a')"),
    ],
    ids=str,
)
def test_it_is_told_why_nothing_can_be_learned(targets: Any, message: str):
    assert message in _interpret(targets).untrainable


def test_classes_with_gaps_are_called_by_their_numbers():
    found = _interpret([9, 1, 4, 1], test=[4])
    assert found.classes == ("1", "4", "9")
    assert [part.tolist() for part in found.parts.values()] == [[2, 0, 1, 0], [1]]


@pytest.mark.parametrize(
    ("targets", "task", "message"),
    [
        ([0.5, 1.0], "classification", "hold 0.5, which is not a class number"),
        ([[1, 1], [0, 1]], "classification", "are not one-hot rows"),
        ([0, 1], "multilabel", "rows of 0 and 1, one column for each label"),
        ([[0, 2], [0, 1]], "multilabel", "rows of 0 and 1"),
        (["a", "b"], "regression", "are words, such as a; regression needs numbers"),
    ],
    ids=str,
)
def test_targets_that_do_not_fit_the_task_are_refused(
    targets: Any, task: str, message: str
):
    with pytest.raises(DataError, match=message):
        _interpret(targets, task=task)


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ([0, 1], [0, 7], "1 labels of test are outside the range 0 to 1 of the 2 classes"),
        (["a", "b"], ["c"], "test has samples of class c, which train does not have"),
        ([0, 4], [4, 2], "test has samples of class 2, which train does not have"),
        ([0, 1], ["a"], "the targets of test are words, those of train are numbers"),
        ([[0.5, 1.0]], [[0.5]], "number of target columns differs: 2 in train, 1 in test"),
    ],
    ids=str,
)
def test_parts_that_do_not_fit_each_other_are_refused(train: Any, test: Any, message: str):
    with pytest.raises(DataError, match=message):
        _interpret(train, test=test)


def test_labels_beyond_the_known_classes_are_refused():
    with pytest.raises(
        DataError, match="outside the range 0 to 1 of the 2 classes, such as 2"
    ):
        interpret_targets({"train": np.array([0, 1, 2])}, name="set", classes=("a", "b"))
