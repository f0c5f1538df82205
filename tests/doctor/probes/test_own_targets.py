"""Targets that hold those of several outputs: a loss is asked about the main output's own."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.checks.loss_mismatch import check_loss_mismatch
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examine import examine_batch
from headway.doctor.examples import Examples
from headway.doctor.program import Program, seed_all

X = torch.randn(128, 6, generator=torch.Generator().manual_seed(0))
MASKS = (X > 0.5).float()
IDS = X[:, :3].argmax(dim=1)


class Heads(nn.Module):
    """Says something about its inputs, and restores them."""

    def __init__(self, width: int, *, is_share: bool) -> None:
        super().__init__()
        self.said, self.restored = nn.Linear(6, width), nn.Linear(6, 6)
        self.is_share = is_share

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        said = self.said(x)
        return said.sigmoid() if self.is_share else said, self.restored(x)


def overlap(outputs: Tensor, targets: Tensor) -> Tensor:
    both = (outputs * targets).sum(dim=1)
    sizes = outputs.square().sum(dim=1) + targets.square().sum(dim=1)
    return (2 * both / (sizes + 1e-8)).mean()


Kit = Callable[[float], tuple[nn.Module, Any, Any, Any]]


def masks(sign: float) -> tuple[nn.Module, Any, Any, Any]:
    """Masks and inputs in one tensor of targets."""

    def loss_fn(outputs: Any, targets: Tensor) -> Tensor:
        error = (outputs[1] - targets[:, 1]).square().mean()
        return sign * overlap(outputs[0], targets[:, 0]) + 0.1 * error

    def metric(outputs: Any, targets: Tensor) -> float:
        return float(overlap((outputs[0] > 0.5).float(), targets[:, 0]))

    return Heads(6, is_share=True), loss_fn, torch.stack([MASKS, X], dim=1), metric


def ids(sign: float) -> tuple[nn.Module, Any, Any, Any]:
    """Inputs and ids as two tensors."""

    def loss_fn(outputs: Any, targets: Any) -> Tensor:
        chosen = outputs[0].log_softmax(dim=1).gather(1, targets[1].unsqueeze(1))
        return sign * chosen.mean() + (outputs[1] - targets[0]).square().mean()

    def metric(outputs: Any, targets: Any) -> float:
        return float((outputs[0].argmax(dim=1) == targets[1]).float().mean())

    return Heads(3, is_share=False), loss_fn, (X, IDS), metric


def evidence_of(kit: Kit, sign: float, *, metric: Any = None) -> Evidence:
    def make(seed: int) -> Program:
        seed_all(seed)
        model, loss_fn, targets, own = kit(sign)
        return Program(
            model=model,
            loss_fn=loss_fn,
            optimizer=torch.optim.SGD(model.parameters(), lr=0.01),
            train=Examples(source=(X, targets)),
            metric=own if metric is None else metric,
            seed=seed,
        )

    return examine_batch(make, Budget())


@pytest.mark.parametrize("kit", [masks, ids])
def test_the_wrong_sign_of_what_compares_the_main_output_is_named(kit):
    (found,) = check_loss_mismatch(evidence_of(kit, 1.0))
    assert (found.cause, found.is_certain) == ("loss_mismatch", True)


@pytest.mark.parametrize("kit", [masks, ids])
def test_the_right_sign_has_no_finding(kit):
    evidence = evidence_of(kit, -1.0)
    assert evidence.first_batch.facts.right
    assert list(check_loss_mismatch(evidence)) == []


@pytest.mark.parametrize(
    "metric",
    [
        lambda o, t: float(1 - overlap(o[0], t[:, 0])),
        lambda o, t: float(-(o[1] - t[:, 1]).square().mean()),
    ],
    ids=["small answers mean yes", "of the other output"],
)
def test_a_metric_that_wants_other_answers_leaves_it_open(metric):
    assert list(check_loss_mismatch(evidence_of(masks, 1.0, metric=metric))) == []


def test_targets_that_a_loss_weighs_by_each_other_are_not_taken_apart():
    def weighted(sign: float) -> tuple[nn.Module, Any, Any, Any]:
        def loss_fn(outputs: Any, targets: Tensor) -> Tensor:
            return (sign * outputs[0].sigmoid() * targets[:, 0] * targets[:, 1]).mean()

        return Heads(6, is_share=False), loss_fn, torch.stack([MASKS, X], dim=1), "accuracy"

    assert not evidence_of(weighted, 1.0).first_batch.facts.right
