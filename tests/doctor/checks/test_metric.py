"""A metric has to take answers in the form in which the network gives them."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.checks.metric import check_metric

from .small_programs import cancer, digits, evidence_of, mlp, one_hot, program

BCE = nn.BCELoss()


def overlap(outputs: Tensor, targets: Tensor) -> Tensor:
    """A loss written by hand that is 0 where probabilities are the targets."""
    both = (outputs * targets).sum()
    return 1 - 2 * both / (outputs.square().sum() + targets.square().sum())


def causes(loss_fn: Any, metric: Any) -> list[str]:
    made = program(mlp(nn.Sigmoid()), loss_fn, cancer(), 1, metric=metric)
    return [finding.cause for finding in check_metric(evidence_of(made))]


@pytest.mark.parametrize("loss_fn", [BCE, overlap], ids=["BCELoss", "by hand"])
@pytest.mark.parametrize(
    "metric",
    [
        lambda o, t: ((o.sigmoid() > 0.5) == (t > 0.5)).float().mean(),
        lambda o, t: ((o > 0) == (t > 0.5)).float().mean(),
    ],
    ids=["a second sigmoid", "the threshold of logits"],
)
def test_a_metric_that_takes_probabilities_for_logits_is_named(loss_fn, metric):
    assert causes(loss_fn, metric) == ["metric"]


@pytest.mark.parametrize(
    "metric",
    [
        lambda o, t: ((o > 0.5) == (t > 0.5)).float().mean(),
        lambda o, t: ((o > 0.8) == (t > 0.5)).float().mean(),
        lambda o, t: (o.logit() > 0).float().eq(t).float().mean(),
        lambda o, t: -(o - t).square().mean(),
        lambda o, t: float(o[t == 1].mean() - o[t == 0].mean()),
    ],
    ids=["accuracy", "a high threshold", "logits made of it", "Brier", "a difference"],
)
def test_a_metric_of_probabilities_has_no_finding(metric):
    assert causes(BCE, metric) == []


def test_a_softmax_may_be_taken_again_where_only_the_order_counts():
    made = program(
        mlp(nn.Softmax(1)),
        nn.MSELoss(),
        one_hot(digits()),
        10,
        metric=lambda o, t: (o.softmax(1).argmax(1) == t.argmax(1)).float().mean(),
    )
    assert list(check_metric(evidence_of(made))) == []


def test_what_the_metric_gets_is_said():
    made = program(
        mlp(nn.Sigmoid()),
        BCE,
        cancer(),
        1,
        metric=lambda o, t: ((torch.sigmoid(o) > 0.5) == (t > 0.5)).float().mean(),
    )
    (found,) = check_metric(evidence_of(made))

    assert "probabilities" in found.evidence
    assert found.is_certain


class Apart(nn.Module):
    """The distance between two halves of a sample as a network sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(15, 8)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.pairwise_distance(self.net(x[:, :15]), self.net(x[:, 15:]))


def far_is_yes(outputs: Tensor, targets: Tensor) -> Tensor:
    near = (1 - targets) * outputs.square()
    return (near + targets * (2 - outputs).clamp(min=0).square()).mean()


def near_is_yes(outputs: Tensor, targets: Tensor) -> Tensor:
    return far_is_yes(outputs, 1 - targets)


@pytest.mark.parametrize(
    ("loss_fn", "expected"),
    [(far_is_yes, ["loss_mismatch"]), (near_is_yes, [])],
    ids=["pulled apart", "pulled together"],
)
def test_a_loss_that_pulls_apart_what_the_metric_wants_together_is_named(loss_fn, expected):
    inputs, targets = cancer()
    made = program(
        lambda *_: Apart(),
        loss_fn,
        (inputs, targets[:, 0]),
        1,
        metric=lambda o, t: ((o < 1) == (t > 0.5)).float().mean(),
    )
    assert [finding.cause for finding in check_metric(evidence_of(made))] == expected


def test_a_head_that_the_loss_is_not_made_for_is_no_fault_of_the_metric():
    yes = digits()[0], one_hot(digits())[1]
    loss_fn = nn.MultiLabelSoftMarginLoss()
    made = program(
        mlp(nn.Softmax(1)),
        loss_fn,
        yes,
        10,
        metric=lambda o, t: ((o > 0) == t).float().mean(),
    )
    assert list(check_metric(evidence_of(made))) == []
