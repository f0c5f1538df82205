"""Losses that share one whole among labels of which several hold at once."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from headway.doctor.checks.loss_mismatch import check_loss_mismatch
from headway.doctor.finding import Finding

from .small_programs import Pair, digits, evidence_of, mlp, one_hot, program

CE = nn.CrossEntropyLoss()
PROPERTIES = ({0, 2, 4, 6, 8}, {2, 3, 5, 7}, {0, 1, 4, 9}, {5, 6, 7, 8, 9})


def with_properties() -> Pair:
    """Digits and four properties, of which some have one and most have two or three."""
    x, y = digits()
    rows = [[float(int(digit) in those) for those in PROPERTIES] for digit in y]
    return x, torch.tensor(rows)


def all_right(logits: Tensor, labels: Tensor) -> float:
    return ((logits > 0) == (labels > 0.5)).all(dim=1).float().mean().item()


def first_holds(logits: Tensor, labels: Tensor) -> float:
    """Whether the label with the largest score holds, which only the order tells."""
    return labels.gather(1, logits.argmax(dim=1, keepdim=True)).mean().item()


def by_hand(logits: Tensor, labels: Tensor) -> Tensor:
    return -(labels * logits.log_softmax(dim=1)).sum(dim=1).mean()


def found(loss_fn: Any, data: Pair, **others: Any) -> list[Finding]:
    made = program(mlp(), loss_fn, data, data[1].shape[1], **others)
    return list(check_loss_mismatch(evidence_of(made)))


@pytest.mark.parametrize("metric", [all_right, "accuracy", None])
def test_a_softmax_over_labels_of_which_several_hold_is_certain(metric: Any) -> None:
    (finding,) = found(CE, with_properties(), metric=metric)

    assert (finding.cause, finding.severity) == ("loss_mismatch", "error")
    assert finding.is_certain
    assert "BCEWithLogitsLoss" in finding.remedy


def test_one_that_is_written_by_hand_is_found_by_what_the_metric_asks() -> None:
    (finding,) = found(by_hand, with_properties(), metric=all_right)

    assert (finding.cause, finding.is_certain) == ("loss_mismatch", True)


@pytest.mark.parametrize("loss_fn", [CE, by_hand])
def test_where_only_the_order_counts_a_softmax_is_meant(
    loss_fn: Callable[..., Tensor],
) -> None:
    assert found(loss_fn, with_properties(), metric=first_holds) == []


def test_labels_that_are_each_asked_for_are_right() -> None:
    data = with_properties()
    assert found(nn.BCEWithLogitsLoss(), data, metric=all_right) == []


def test_rows_without_a_class_are_left_out_of_one_hot_targets() -> None:
    x, y = one_hot(digits())
    is_blank = torch.arange(len(y)) % 3 == 0
    assert found(F.cross_entropy, (x, y.masked_fill(is_blank[:, None], 0.0))) == []
