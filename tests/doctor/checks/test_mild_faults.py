"""Faults of programs that learn all the same, and better than cheap answers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from headway.doctor.checks.batch_size import check_batch_size
from headway.doctor.checks.class_imbalance import check_class_imbalance
from headway.doctor.checks.epochs_few import check_epochs_few
from headway.doctor.checks.hardly_learned import check_hardly_learned
from headway.doctor.checks.lr_low import check_lr_low
from headway.doctor.checks.overfitting import check_overfitting
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.baselines import Baselines
from headway.doctor.probes.data_facts import DataFacts
from headway.doctor.probes.sweep import Sweep, SweepPoint
from headway.doctor.probes.watched import Watched
from headway.doctor.program import MakeProgram, Program
from headway.doctor.scoring import Scores
from headway.doctor.short_runs import Reached
from headway.doctor.task import TaskFacts
from headway.doctor.training import Evaluation

Digits = Callable[..., MakeProgram]
ONE_BATCH = {"batch_size": 800}


def course(program: Program, losses: list[float], *, steps: int, **numbers: Any) -> Watched:
    """Return a course whose validation loss was as told; the training loss falls."""
    evaluations = [
        Evaluation(
            step=n,
            epoch=float(n),
            train=Scores(loss=1 / (1 + n), metric=1.0, standard=1.0),
            val=Scores(loss=loss, metric=0.0, **numbers),
        )
        for n, loss in enumerate(losses)
    ]
    return Watched(
        program=program, evaluations=evaluations, steps=steps, planned_steps=steps
    )


def evidence_of(
    program: Program, losses: list[float], *, steps: int = 500, **numbers: Any
) -> Evidence:
    """Return what is known of a program that does as well as the best cheap answer."""
    return Evidence(
        make=lambda _: program,
        program=program,
        task=None,
        baselines=Baselines(
            dumb=0.1, learned={"linear": 0.8}, samples=1000, num_classes=10
        ),
        course=course(program, losses, steps=steps, **numbers),
    )


def severities(found: Any) -> list[tuple[str, str]]:
    findings: list[Finding] = list(found)
    return [(finding.cause, finding.severity) for finding in findings]


def test_a_dozen_updates_are_suspected_where_there_is_room(digits: Digits) -> None:
    evidence = evidence_of(digits()(0), [1.0, 0.5], steps=12, standard=0.8)
    assert severities(check_epochs_few(evidence)) == [("epochs_few", "warning")]


def test_a_dozen_updates_that_suffice_are_fine(digits: Digits) -> None:
    evidence = evidence_of(digits()(0), [1.0, 0.5], steps=12, standard=0.97)
    assert severities(check_epochs_few(evidence)) == []


@pytest.mark.parametrize(
    ("ends", "found"),
    [
        ([1.15, 1.12, 1.16, 1.09, 1.06, 1.12, 1.17], [("epochs_few", "error")]),
        ([1.08, 1.06, 1.05, 1.07, 1.09, 1.11, 1.13], []),
    ],
    ids=["jumps", "rises"],
)
def test_a_validation_loss_that_jumps_does_not_rise(
    digits: Digits, ends: list[float], found: list[tuple[str, str]]
) -> None:
    program = replace(digits()(0), epochs=2)
    losses = [1.4, 1.38, 1.34, 1.29, 1.23, 1.17, 1.21, *ends]
    evidence = evidence_of(program, losses, steps=76, standard=0.5)
    evidence.course.evaluations = [
        replace(evaluation, train=replace(evaluation.train, loss=1.4 - 0.03 * n))
        for n, evaluation in enumerate(evidence.course.evaluations)
    ]
    assert severities(check_epochs_few(evidence)) == found


@pytest.mark.parametrize(
    ("epochs", "reached", "severity"),
    [(3, 0.85, "warning"), (3, 0.97, "info"), (10, 0.85, "info")],
    ids=["with room", "without room", "after many passes"],
)
def test_few_passes_that_still_win_are_suspected_where_there_is_room(
    digits: Digits, epochs: int, reached: float, severity: str
) -> None:
    program = replace(digits()(0), epochs=epochs)
    evidence = evidence_of(program, [1.0, 0.8, 0.6, 0.5, 0.4], standard=reached)
    evidence.course.evaluations = [
        replace(evaluation, train=replace(evaluation.train, loss=loss))
        for evaluation, loss in zip(
            evidence.course.evaluations, [1.0, 0.5, 0.4, 0.36, 0.31], strict=True
        )
    ]
    assert severities(check_epochs_few(evidence)) == [("epochs_few", severity)]


def test_all_samples_in_a_batch_are_suspected_where_there_is_room(digits: Digits) -> None:
    program = digits()(0)
    whole = replace(program, train=replace(program.train, **ONE_BATCH))
    evidence = evidence_of(whole, [1.0, 0.5], steps=12, standard=0.8)
    assert severities(check_batch_size(evidence)) == [("batch_size", "warning")]


TRAIN = {
    "still falling": ([1.0, 0.8, 0.6, 0.4, 0.2], [("batch_size", "warning")]),
    "level": ([1.0, 0.5, 0.2, 0.2, 0.2], []),
}


@pytest.mark.parametrize(("losses", "expected"), TRAIN.values(), ids=TRAIN)
def test_a_handful_of_whole_gradients_is_suspected_while_the_loss_falls(
    digits: Digits, losses: list[float], expected: list[tuple[str, str]]
) -> None:
    program = digits()(0)
    whole = replace(program, train=replace(program.train, **ONE_BATCH))
    evidence = evidence_of(whole, losses, steps=20, standard=0.5)
    evidence.baselines = None  # nothing that its own metric could be compared with
    evidence.course.evaluations = [
        replace(evaluation, train=replace(evaluation.train, loss=loss))
        for evaluation, loss in zip(evidence.course.evaluations, losses, strict=True)
    ]
    assert severities(check_batch_size(evidence)) == expected


def few(program: Program) -> Program:
    inputs, targets = program.train.source
    return replace(
        program, train=replace(program.train, source=(inputs[:24], targets[:24]))
    )


def test_two_dozen_samples_learned_by_heart_are_too_few(digits: Digits) -> None:
    losses = [2.0, 0.5, 0.8, 0.9, 0.9, 0.9]
    evidence = evidence_of(few(digits()(0)), losses, standard=0.88)
    assert severities(check_overfitting(evidence)) == [("overfitting", "warning")]


def test_a_clear_gap_of_two_dozen_samples_needs_no_rise(digits: Digits) -> None:
    losses = [2.0, 0.9, 0.8, 0.75, 0.7, 0.7]
    found = check_overfitting(evidence_of(few(digits()(0)), losses, standard=0.7))
    assert severities(found) == [("overfitting", "warning")]
    found = check_overfitting(evidence_of(few(digits()(0)), losses, standard=0.9))
    assert severities(found) == []


def test_enough_samples_learned_by_heart_are_no_fault(digits: Digits) -> None:
    losses = [2.0, 0.5, 0.8, 0.9, 0.9, 0.9]
    evidence = evidence_of(digits()(0), losses, standard=0.88)
    assert severities(check_overfitting(evidence)) == [("overfitting", "info")]


@pytest.mark.parametrize(
    ("train", "expected"),
    [(0.95, [("overfitting", "warning")]), (0.7, [])],
    ids=["most of it by heart", "a usual gap"],
)
def test_a_gap_of_half_of_what_is_learned_is_suspected_without_a_rise(
    digits: Digits, train: float, expected: list[tuple[str, str]]
) -> None:
    evidence = evidence_of(digits()(0), [1.6, 0.82, 0.88, 0.88, 0.88], standard=0.47)
    evidence.baselines = Baselines(dumb=0.0, learned={"linear": 0.3}, samples=1000)
    evidence.course.evaluations = [
        replace(evaluation, train=replace(evaluation.train, standard=train))
        for evaluation in evidence.course.evaluations
    ]
    found = list(check_overfitting(evidence))
    assert severities(found) == expected
    assert not any(finding.is_certain for finding in found)


def rare(program: Program, *, accuracy: float, recall: float) -> Evidence:
    numbers = {"standard": accuracy, "macro": (1 + recall) / 2, "recalls": (1.0, recall)}
    evidence = evidence_of(program, [1.0, 0.5], **numbers)
    facts = DataFacts(class_counts={0: 160, 1: 4})
    return replace(evidence, data=facts)


def test_a_class_that_is_rare_in_training_alone_is_suspected(digits: Digits) -> None:
    # 7 in 10 validation samples are of the rare class.
    (finding,) = check_class_imbalance(rare(digits()(0), accuracy=0.8, recall=0.71))
    assert (finding.severity, finding.is_certain) == ("warning", False)


def test_a_class_that_is_rare_everywhere_may_be_harder(digits: Digits) -> None:
    found = check_class_imbalance(rare(digits()(0), accuracy=0.98, recall=0.6))
    assert [f for f in found if f.is_certain] == []


def noisy(program: Program, *, trained: float, **numbers: Any) -> Evidence:
    """Return what is known of a program that says little and a baseline that says less."""
    evidence = evidence_of(program, [2.0, 2.2], standard=0.2)
    watched = evidence.course
    last = watched.evaluations[-1]
    watched.evaluations[-1] = replace(last, train=replace(last.train, standard=trained))
    lr = SweepPoint(lr=0.1, factor=1.0, reached=Reached(scores=(0.2,)))
    return replace(
        evidence,
        task=TaskFacts(kind="classes"),
        baselines=Baselines(
            dumb=0.1, learned={"linear": 0.11}, samples=1000, num_classes=10
        ),
        sweep=Sweep(own_lr=0.1, own=lr.reached, points=(lr,), best=lr, **numbers),
    )


def test_targets_that_nothing_learns_but_by_heart_are_doubted(digits: Digits) -> None:
    found = check_hardly_learned(noisy(digits()(0), trained=0.4))
    assert severities(found) == [("bad_data", "warning")]


def test_a_network_that_learns_nothing_at_all_says_nothing_of_its_targets(
    digits: Digits,
) -> None:
    assert severities(check_hardly_learned(noisy(digits()(0), trained=0.2))) == []


@pytest.mark.parametrize(
    ("best", "found"), [(0.5, []), (0.2, [("bad_data", "warning")])], ids=["more", "sooner"]
)
def test_a_rate_that_does_better_in_the_end_clears_the_targets(
    digits: Digits, best: float, found: list[tuple[str, str]]
) -> None:
    """One that is only ahead in a part of the training says nothing about its end."""
    evidence = noisy(digits()(0), trained=0.4, is_confirmed=True, steps=100)
    point = SweepPoint(lr=1.0, factor=10.0, reached=Reached(scores=(best,)))
    evidence.sweep = replace(evidence.sweep, best=point, nearest_factor=10.0, gain=0.1)
    assert severities(check_hardly_learned(evidence)) == found


@pytest.mark.parametrize(("best", "is_strong"), [(0.9, True), (0.3, False)])
def test_a_rate_that_is_only_ahead_at_first_has_to_be_tried(
    digits: Digits, *, best: float, is_strong: bool
) -> None:
    evidence = noisy(digits()(0), trained=0.4, is_confirmed=True, steps=100)
    scores = Scores(loss=1.0, metric=0.3, standard=0.3)
    evaluations = evidence.course.evaluations
    evaluations[0] = replace(evaluations[0], val=scores)
    own = Reached(scores=(0.12,))
    point = SweepPoint(lr=1.0, factor=10.0, reached=Reached(scores=(best,)))
    evidence.sweep = replace(
        evidence.sweep, own=own, best=point, nearest_factor=10.0, gain=best - 0.12
    )
    (found,) = check_lr_low(evidence)
    assert (found.confidence >= 0.55) == is_strong
