"""What costs nothing by itself and is worth a trial, in programs that learn all the same."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, RandomSampler

from headway.doctor.checks.epochs_few import check_epochs_few
from headway.doctor.checks.noisy_training import check_noisy_training
from headway.doctor.checks.overfitting import check_overfitting
from headway.doctor.checks.schedule import check_schedule
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.finding import Finding
from headway.doctor.probes.baselines import Baselines
from headway.doctor.probes.contrasts import probe_contrasts
from headway.doctor.probes.suggestions import suggested
from headway.doctor.probes.watched import Watched
from headway.doctor.program import MakeProgram, Program, usual_step
from headway.doctor.remedies.batches import Shuffle
from headway.doctor.remedies.duration import SetEpochs, SetSchedule
from headway.doctor.remedies.regularization import SetDropout
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.remedies.stopping import EarlyStopping
from headway.doctor.scoring import Scores
from headway.doctor.short_runs import Reached, ShortRuns
from headway.doctor.task import TaskFacts
from headway.doctor.training import Evaluation
from headway.errors import RemedyDoesNotFit

Digits = Callable[..., MakeProgram]
SETTLED = [0.1, 0.6, 0.7, 0.75, 0.78, 0.79, 0.8, 0.8, 0.8, 0.8]
RISING = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.6, 0.75]


def evidence_of(
    program: Program,
    metrics: list[float],
    *,
    on_train: float = 0.8,
    noise: float = 1.0,
    rates: list[float] | None = None,
    last: Sequence[float] = (),
) -> Evidence:
    """Return what is known of a program with a whole course of a settled training loss."""
    losses = [2.0, 0.8, *[0.7] * (len(metrics) - 2 - len(last)), *last]
    evaluations = [
        Evaluation(
            step=n,
            epoch=float(n),
            train=Scores(loss=loss, metric=on_train, standard=on_train),
            val=Scores(loss=loss, metric=metric, standard=0.8, has_own_metric=True),
        )
        for n, (loss, metric) in enumerate(zip(losses, metrics, strict=True))
    ]
    course = Watched(
        program=program,
        evaluations=evaluations,
        losses=[noise * 0.7] * 500,
        rates=rates or [0.1] * 500,
        steps=500,
        planned_steps=500,
    )
    learned = {"linear": 0.82}
    return Evidence(
        make=lambda _: program,
        program=program,
        task=TaskFacts(kind="classes"),
        baselines=Baselines(dumb=0.1, learned=learned, samples=1000, num_classes=10),
        course=course,
    )


def told(found: Any) -> list[tuple[str, str]]:
    return [(finding.cause, finding.severity) for finding in found]


def first_tried(found: Any, evidence: Evidence) -> Any:
    return next(suggested(list(found), evidence)).remedy


def with_gap(program: Program, on_val: float, on_train: float) -> Evidence:
    evidence = evidence_of(program, SETTLED, on_train=on_train)
    evidence.baselines = Baselines(dumb=0.0, learned={"linear": 0.5}, samples=1000)
    evidence.course.evaluations = [
        replace(evaluation, val=replace(evaluation.val, standard=on_val))
        for evaluation in evidence.course.evaluations
    ]
    return evidence


def dropping(program: Program) -> Program:
    program.model.insert(2, nn.Dropout(0.5))
    return program


@pytest.mark.parametrize(
    ("noise", "on_train", "expected"),
    [(1.4, 0.8, ["regularization"]), (1.4, 0.95, []), (1.05, 0.8, [])],
    ids=["noisy", "of a network that overfits", "nearly as in evaluation mode"],
)
def test_a_noisy_training_that_does_not_fit_is_a_fact(
    digits: Digits, noise: float, on_train: float, expected: list[str]
) -> None:
    evidence = evidence_of(digits()(0), SETTLED, noise=noise, on_train=on_train)
    assert told(check_noisy_training(evidence)) == [(cause, "info") for cause in expected]


def test_less_dropout_is_tried_for_it(digits: Digits) -> None:
    evidence = evidence_of(dropping(digits()(0)), SETTLED, noise=1.4)
    assert first_tried(check_noisy_training(evidence), evidence) == SetDropout(0.0)


@pytest.mark.parametrize(
    ("on_val", "on_train", "expected"),
    [(0.65, 0.98, ["overfitting"]), (0.85, 0.98, []), (0.6, 0.85, [])],
    ids=["a gap", "a small gap", "of a network that has not learned it by heart"],
)
def test_a_gap_to_what_is_known_by_heart_is_a_fact_without_a_rise(
    digits: Digits, on_val: float, on_train: float, expected: list[str]
) -> None:
    found = list(check_overfitting(with_gap(digits()(0), on_val, on_train)))
    assert told(found) == [(cause, "info") for cause in expected]


def test_a_cure_is_tried_for_it(digits: Digits) -> None:
    evidence = with_gap(digits()(0), 0.65, 0.98)
    assert first_tried(check_overfitting(evidence), evidence) == EarlyStopping(3)


COSINE = [0.05 * (1 + math.cos(math.pi * n / 500)) for n in range(500)]


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ([0.1] * 150 + [0.01] * 100 + [0.001] * 250, ["lr_low"]),
        ([0.1] * 500, []),
        ([0.1] * 400 + [0.01] * 100, []),
        (COSINE, []),
    ],
    ids=["early", "constant", "late", "cosine"],
)
def test_a_rate_that_falls_early_is_a_fact(
    digits: Digits, rates: list[float], expected: list[str]
) -> None:
    evidence = evidence_of(digits()(0), SETTLED, rates=rates)
    assert told(check_schedule(evidence)) == [(cause, "info") for cause in expected]


def test_a_constant_rate_is_tried_for_it_though_the_step_writes_it(digits: Digits) -> None:
    program = replace(digits()(0), step=lambda *args: usual_step(*args))
    evidence = evidence_of(program, SETTLED, rates=[0.1] * 150 + [0.001] * 350)
    assert first_tried(check_schedule(evidence), evidence) == SetSchedule("constant")


def test_a_constant_rate_outlasts_what_the_step_writes(digits: Digits) -> None:
    used: list[float] = []

    def falling(
        model: Any, optimizer: Any, loss_fn: Any, inputs: Any, targets: Any
    ) -> torch.Tensor:
        loss = usual_step(model, optimizer, loss_fn, inputs, targets)
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.param_groups[0]["lr"] *= 0.5
        return loss

    program = SetSchedule("constant").apply(replace(digits(lr=0.25)(0), step=falling))
    batch = program.train.first(8)
    for _ in range(3):
        program.update(*batch)
    assert used == [0.25, 0.25, 0.25]


@pytest.mark.parametrize(
    "losses", [[], [0.75, 0.75, 0.68, 0.66]], ids=["settled", "falling"]
)
def test_a_metric_that_still_rises_is_a_fact_for_which_more_epochs_are_tried(
    digits: Digits, losses: list[float]
) -> None:
    program = digits(epochs=9)(0)
    evidence = evidence_of(program, RISING, last=losses)
    found = list(check_epochs_few(evidence))
    assert told(found) == [("epochs_few", "info")]
    assert first_tried(found, evidence) == SetEpochs(4 * program.epochs)


def test_a_metric_that_has_settled_is_fine(digits: Digits) -> None:
    assert told(check_epochs_few(evidence_of(digits()(0), SETTLED))) == []


@pytest.mark.parametrize("count", [None, 40])
def test_samples_that_a_sampler_draws_at_random_are_not_shuffled_again(
    digits: Digits, count: int | None
) -> None:
    data = torch.utils.data.TensorDataset(torch.randn(80, 64), torch.randint(10, (80,)))
    loader = DataLoader(data, 8, sampler=RandomSampler(data, num_samples=count))
    program = replace(digits()(0), train=Examples(source=loader))
    with pytest.raises(RemedyDoesNotFit, match="in a new order already"):
        Shuffle().apply(program)


@pytest.mark.parametrize(("seconds", "seeds"), [(1.0, 3), (25.0, 1)])
def test_a_change_is_proved_only_where_its_own_pace_leaves_time(
    digits: Digits, monkeypatch: pytest.MonkeyPatch, seconds: float, seeds: int
) -> None:
    def run(
        _: ShortRuns, remedy: Remedy | None = None, *, seeds: tuple[int, ...] = (0,)
    ) -> Reached:
        score, spent = (0.9, seconds) if remedy == SetDropout(0.0) else (0.8, 0.0)
        scores = (score,) * len(seeds)
        return Reached(scores=scores, own_scores=scores, steps=500, seconds=spent)

    monkeypatch.setattr(ShortRuns, "run", run)
    evidence = evidence_of(dropping(digits()(0)), SETTLED, noise=1.4)
    found: list[Finding] = list(check_noisy_training(evidence))
    first = probe_contrasts(evidence, Budget(40.0), found).tried[0]
    assert first.remedy == SetDropout(0.0)
    assert len(first.treated.scores) == seeds
