"""What costs the user's own metric a clear share is a fault, whatever accuracy says."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from torch import Tensor, nn

from headway.doctor.checks.lr_high import check_lr_high
from headway.doctor.checks.overfitting import check_overfitting
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.own_metric import OwnMetric, own_metric
from headway.doctor.probes.baselines import Baselines
from headway.doctor.probes.contrast import Contrast, Contrasts
from headway.doctor.probes.contrasts import probe_contrasts
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.metric_facts import MetricFacts
from headway.doctor.probes.sweep import Sweep, SweepPoint
from headway.doctor.probes.watched import Watched
from headway.doctor.program import MakeProgram, Program
from headway.doctor.remedies.balance import ClassWeights
from headway.doctor.remedies.optimizers import SetOptimizer
from headway.doctor.reranking import rerank
from headway.doctor.scoring import Scores
from headway.doctor.short_runs import Reached
from headway.doctor.task import TaskFacts
from headway.doctor.training import Evaluation

Digits = Callable[..., MakeProgram]
Measure = Callable[..., Evidence]
RECALL = OwnMetric(constant=0.25, right=1.0)


def macro_recall(outputs: Tensor, targets: Tensor) -> float:
    said = outputs.argmax(dim=1)
    recalls = [(said[targets == n] == n).float().mean() for n in targets.unique()]
    return float(sum(recalls) / len(recalls))


def finding(cause: Cause = "class_imbalance", **others: Any) -> Finding:
    settings: dict[str, Any] = {
        "cause": cause,
        "severity": "warning",
        "confidence": 0.5,
        "evidence": "Seen.",
        "remedy": "Change it.",
        "check": cause,
    }
    return Finding(**(settings | others))


def tried(of: Finding | None, gains: tuple[float, ...], start: float = 0.7) -> Contrasts:
    """Return a change that loses a little accuracy and gains in the own metric."""
    untreated = Reached(scores=(0.95,) * 3, own_scores=(start,) * 3)
    treated = Reached(
        scores=(0.93,) * 3, own_scores=tuple(start + gain for gain in gains), steps=100
    )
    contrast = Contrast(
        cause="class_imbalance",
        remedy=ClassWeights(),
        finding=of,
        prior=0.6,
        untreated=untreated,
        treated=treated,
        gain=-0.02,
        recovered=0.0,
    )
    return Contrasts(tried=(contrast,), dumb=0.84, part=1.0, margin=0.02, own=RECALL)


@pytest.mark.parametrize(
    ("gains", "is_said"),
    [
        ((0.12, 0.12, 0.12), True),
        ((0.12, 0.04, 0.04), False),
        ((0.12, 0.4, -0.01), False),
    ],
    ids=["each time", "little", "not each time"],
)
def test_a_gain_in_the_own_metric_alone_proves_a_suspicion(
    gains: tuple[float, ...], is_said: bool
) -> None:
    suspicion = finding()
    (found,) = rerank([suspicion], tried(suspicion, gains))
    assert (found.severity, found.is_confirmed) == (
        ("warning", True) if is_said else ("info", False)
    )
    assert ("own metric" in found.evidence) == is_said


def test_a_gain_in_the_own_metric_needs_a_symptom() -> None:
    assert rerank([], tried(None, (0.12, 0.12, 0.12))) == []


def test_a_gain_within_what_seeds_differ_by_is_luck() -> None:
    suspicion = finding()
    contrasts = tried(suspicion, (0.12, 0.12, 0.12))
    untreated = Reached(scores=(0.95,) * 3, own_scores=(0.6, 0.7, 0.8))
    treated = Reached(scores=(0.93,) * 3, own_scores=(0.72, 0.82, 0.92), steps=100)
    (contrast,) = contrasts.tried
    noisy = replace(contrast, untreated=untreated, treated=treated)
    (found,) = rerank([suspicion], replace(contrasts, tried=(noisy,)))
    assert found.severity == "info"


@pytest.mark.parametrize(("is_blunt", "is_said"), [(True, True), (False, False)])
def test_a_metric_that_only_the_change_makes_steady_is_proved_where_accuracy_is_blunt(
    *, is_blunt: bool, is_said: bool
) -> None:
    suspicion = finding()
    contrasts = replace(tried(suspicion, (0.1, 0.1, 0.1)), dumb=0.97, is_blunt=is_blunt)
    untreated = Reached(scores=(0.97,) * 3, own_scores=(0.55, 0.5, 0.3))
    treated = Reached(scores=(0.95,) * 3, own_scores=(0.63, 0.61, 0.62), steps=100)
    (contrast,) = contrasts.tried
    unsteady = replace(contrast, untreated=untreated, treated=treated)
    (found,) = rerank([suspicion], replace(contrasts, tried=(unsteady,)))
    assert found.is_confirmed is is_said


@pytest.mark.parametrize(
    ("metric", "count"), [("accuracy", 0), (macro_recall, 2)], ids=["name", "function"]
)
def test_weights_are_tried_where_the_user_asks_for_more_than_accuracy(
    digits: Digits, measured: Measure, metric: Any, count: int
) -> None:
    evidence = measured(digits(lr=0.3, metric=metric))
    contrasts = probe_contrasts(evidence, Budget(), [finding()])
    assert len(contrasts.tried) == count


def test_a_name_is_no_metric_of_ones_own(digits: Digits, measured: Measure) -> None:
    assert own_metric(measured(digits(metric="accuracy"))) is None
    own = own_metric(measured(digits(metric=macro_recall)))
    assert own is not None
    assert own.right == 1.0
    assert own.constant < 0.2


def evidence_of(program: Program, metrics: list[float], losses: list[float]) -> Evidence:
    """Return a course whose accuracy stays while the own metric goes as told."""
    evaluations = [
        Evaluation(
            step=n,
            epoch=float(n),
            train=Scores(loss=1 / (1 + n), metric=1.0, standard=1.0),
            val=Scores(loss=loss, metric=metric, standard=0.88),
        )
        for n, (loss, metric) in enumerate(zip(losses, metrics, strict=True))
    ]
    told = MetricFacts(right=1.0, constant=0.0)
    nothing = dict.fromkeys(FirstBatch.__dataclass_fields__)
    return Evidence(
        make=lambda _: program,
        program=program,
        task=TaskFacts(kind="classes"),
        first_batch=FirstBatch(**(nothing | {"metric": told, "reads_targets": True})),
        baselines=Baselines(
            dumb=0.1, learned={"linear": 0.85}, samples=1000, num_classes=10
        ),
        course=Watched(
            program=program, evaluations=evaluations, steps=500, planned_steps=500
        ),
    )


def bits_known(outputs: Tensor, targets: Tensor) -> float:
    return 1 - float(nn.functional.cross_entropy(outputs, targets))


COURSES = {
    "to less than nothing": ([0.0, 0.5, 0.6, 0.5, 0.0, -0.2, -0.4], ("warning", True)),
    "by a third": ([0.0, 0.5, 0.6, 0.6, 0.4, 0.4, 0.35], ("warning", False)),
    "by little": ([0.0, 0.5, 0.6, 0.6, 0.58, 0.59, 0.58], ("info", False)),
    "once": ([0.0, 0.5, 0.6, 0.9, 0.58, 0.6, 0.62], ("info", False)),
}


@pytest.mark.parametrize(("metrics", "expected"), COURSES.values(), ids=COURSES)
def test_an_own_metric_that_ends_below_its_best_is_overfitting(
    digits: Digits, metrics: list[float], expected: tuple[str, bool]
) -> None:
    losses = [2.0, 0.5, 0.45, 0.6, 0.8, 0.9, 1.0]
    program = digits(metric=bits_known)(0)
    (found,) = check_overfitting(evidence_of(program, metrics, losses))
    assert (found.severity, found.is_certain) == expected


@pytest.mark.parametrize(
    ("lr", "factor", "linear", "found"),
    [
        (0.1, 0.3, 0.85, ["lr_high"]),
        (0.003, 0.3, 0.85, []),
        (0.1, 1.0, 0.85, []),
        (0.1, 0.3, 0.99, ["lr_high"]),
        (0.01, 0.3, 0.99, []),
    ],
    ids=["odd", "usual", "as good", "far and poor", "odd and poor"],
)
def test_a_third_of_an_odd_rate_that_wins_much_is_no_taste(
    digits: Digits, lr: float, factor: float, linear: float, found: list[str]
) -> None:
    program = digits(metric=None)(0)
    evidence = evidence_of(program, [0.0, 0.5, 0.6], [2.0, 0.5, 0.45])
    assert evidence.baselines is not None
    dumb = 0.85 if linear > 0.9 else 0.1
    evidence.baselines = replace(evidence.baselines, dumb=dumb, learned={"linear": linear})
    evidence.program = SetOptimizer("adam", lr).apply(program)
    own, other = Reached(scores=(0.8,)), Reached(scores=(0.95,))
    point = SweepPoint(lr=lr * 0.3, factor=0.3, reached=other)
    evidence.sweep = Sweep(
        own_lr=lr,
        own=own,
        points=(point, SweepPoint(lr=lr, factor=1.0, reached=own)),
        best=point,
        nearest_factor=factor,
        gain=0.15,
        is_confirmed=True,
        steps=500,
    )
    assert [f.cause for f in check_lr_high(evidence)] == found


@pytest.mark.parametrize(
    ("lr", "steps", "found"),
    [(0.1, 100, ["lr_high"]), (0.1, 500, []), (0.003, 100, [])],
    ids=["part of the training", "whole training", "usual"],
)
def test_a_rate_far_above_usual_ones_is_suspected_where_a_sweep_saw_a_part(
    digits: Digits, lr: float, steps: int, found: list[str]
) -> None:
    program = SetOptimizer("adam", lr).apply(digits(metric=bits_known)(0))
    own = Reached(scores=(0.88,))
    point = SweepPoint(lr=lr, factor=1.0, reached=own)
    evidence = evidence_of(program, [0.0, 0.5, 0.6], [2.0, 0.5, 0.45])
    evidence.sweep = Sweep(own_lr=lr, own=own, points=(point,), best=point, steps=steps)
    findings = list(check_lr_high(evidence))
    assert [f.cause for f in findings] == found
    assert all(f.severity == "warning" and not f.is_certain for f in findings)


@pytest.mark.parametrize("of", [None, finding("loss_mismatch", severity="error")])
@pytest.mark.parametrize(("own", "is_said"), [(0.75, True), (0.6, False)])
def test_accuracy_that_costs_the_own_metric_is_no_gain(
    of: Finding | None, own: float, is_said: bool
) -> None:
    contrast = Contrast(
        cause="loss_mismatch",
        remedy=ClassWeights(),
        finding=of,
        prior=0.75,
        untreated=Reached(scores=(0.85,), own_scores=(0.7,)),
        treated=Reached(scores=(0.92,), own_scores=(own,), steps=100),
        gain=0.07,
        recovered=1.0,
    )
    tried = Contrasts(tried=(contrast,), dumb=0.7, part=1.0, is_poor=True, own=RECALL)

    said = rerank([of] if of else [], tried)

    assert any(found.confidence > 0.5 for found in said) == is_said
