"""Labels that are rare are denied, which accuracy hides and the user's own metric does not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.checks.rare_labels import check_rare_labels
from headway.doctor.diagnosis import ordered
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.finding import Finding
from headway.doctor.probes.contrasts import probe_contrasts
from headway.doctor.program import MakeProgram, Program, seed_all
from headway.doctor.progress import progress
from headway.doctor.remedies.label_weights import LabelWeights
from headway.doctor.reranking import rerank
from headway.errors import RemedyDoesNotFit

Measure = Callable[..., Evidence]
LABELS = 20


def macro_f1(outputs: Tensor, targets: Tensor) -> float:
    found = (outputs > 0).float()
    hits = (found * targets).sum(dim=0)
    return float((2 * hits / (found + targets).sum(dim=0).clamp(min=1)).mean())


def samples(count: int, share: float, seed: int) -> tuple[Tensor, Tensor]:
    """Return inputs that tell each label for itself, though not for sure."""
    draws = torch.Generator().manual_seed(seed)
    x = torch.randn(count, LABELS, generator=draws)
    noise = torch.randn(count, LABELS, generator=draws)
    bound = torch.distributions.Normal(0, 1).icdf(torch.tensor(1 - share))
    return x, ((0.95 * x + 0.31 * noise) > bound).float()


def labels(
    share: float = 0.04,
    *,
    pos_weight: float = 1.0,
    metric: Any = macro_f1,
    loss_fn: Any = None,
) -> MakeProgram:
    def make(seed: int) -> Program:
        seed_all(seed)
        model = nn.Linear(LABELS, LABELS)
        weight = torch.full((LABELS,), pos_weight)
        return Program(
            model=model,
            loss_fn=loss_fn or nn.BCEWithLogitsLoss(pos_weight=weight),
            optimizer=torch.optim.Adam(model.parameters(), lr=0.05),
            train=Examples(source=samples(1200, share, 1), batch_size=50),
            val=Examples(source=samples(800, share, 2), shuffle=False),
            epochs=8,
            metric=metric,
            seed=seed,
        )

    return make


def judged(measured: Measure, make: MakeProgram) -> tuple[Evidence, list[Finding]]:
    evidence = measured(make)
    found = list(check_rare_labels(evidence))
    return evidence, rerank(found, probe_contrasts(evidence, Budget(), found))


def test_rare_labels_that_are_denied_are_found_by_the_user_s_own_metric(
    measured: Measure,
) -> None:
    evidence, findings = judged(measured, labels())
    assert not progress(evidence).is_known
    (found,) = ordered(findings, progress(evidence))
    assert (found.cause, found.severity) == ("class_imbalance", "warning")
    assert found.is_confirmed
    assert "own metric" in found.evidence


@pytest.mark.parametrize(
    "changes",
    [{"share": 0.4}, {"pos_weight": 5.0}, {"metric": None}],
    ids=["frequent", "weighted", "no own metric"],
)
def test_other_labels_are_left_alone(measured: Measure, changes: dict[str, Any]) -> None:
    assert list(check_rare_labels(measured(labels(**changes)))) == []


def correct_no(outputs: Tensor, targets: Tensor) -> float:
    """Return a metric that weights make worse: errors on what does not hold count most."""
    found = (outputs > 0).float()
    wrong = (found * (1 - targets)).sum() * 3 + ((1 - found) * targets).sum()
    return float(1 - wrong / targets.sum().clamp(min=1))


def test_a_denial_that_suits_the_user_s_own_metric_is_a_fact(measured: Measure) -> None:
    _, found = judged(measured, labels(metric=correct_no))
    assert [f.severity for f in found if f.severity != "info"] == []


def plain_bce(outputs: Tensor, targets: Tensor) -> Tensor:
    return nn.functional.binary_cross_entropy_with_logits(outputs, targets)


def test_a_suspicion_that_cannot_be_tried_is_a_fact(measured: Measure) -> None:
    _, (found,) = judged(measured, labels(loss_fn=plain_bce))
    assert found.severity == "info"


def test_weights_are_the_root_of_how_rare_labels_are() -> None:
    program = LabelWeights().apply(labels(0.04)(0))
    assert isinstance(program.loss_fn, nn.BCEWithLogitsLoss)
    weight = program.loss_fn.pos_weight
    assert weight is not None
    assert weight.shape == (LABELS,)
    assert float(weight.mean()) == pytest.approx((0.96 / 0.04) ** 0.5, rel=0.1)


def test_probabilities_are_weighted_like_logits() -> None:
    program = labels(loss_fn=nn.functional.binary_cross_entropy_with_logits)(0)
    of_logits = LabelWeights().apply(program).loss_fn
    model = nn.Sequential(nn.Linear(LABELS, LABELS), nn.Sigmoid())
    other = replace(program, model=model, loss_fn=nn.BCELoss())
    of_probabilities = LabelWeights().apply(other).loss_fn
    x, y = samples(100, 0.1, 3)
    torch.testing.assert_close(of_probabilities(x.sigmoid(), y), of_logits(x, y))


@pytest.mark.parametrize(
    "loss_fn",
    [plain_bce, nn.BCEWithLogitsLoss(pos_weight=2 * torch.ones(LABELS))],
    ids=["unknown", "weighted"],
)
def test_a_loss_that_takes_no_weights_is_refused(loss_fn: Any) -> None:
    with pytest.raises(RemedyDoesNotFit, match="label"):
        LabelWeights().apply(labels(loss_fn=loss_fn)(0))
