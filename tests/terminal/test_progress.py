from dataclasses import replace

import pytest

from headway.engine import EvaluationReport
from headway.terminal.progress import Progress, by_part, pieces


@pytest.fixture
def progress(step_report, best_report, last_report) -> Progress:
    progress = Progress()
    progress.start(step=0, total_steps=600)
    progress.take_report(step_report)
    progress.take_evaluation(best_report)
    progress.take_evaluation(last_report)
    return progress


def test_the_most_important_comes_first(progress):
    assert pieces(progress, "images/s") == [
        "loss 0.2131",
        "val accuracy 98.60 %",
        "best 99.30 %",
        "6,120 images/s",
        "lr 0.0981",
    ]


def test_nothing_is_said_before_anything_is_known():
    assert pieces(Progress(), "images/s") == []


def test_an_evaluation_without_metrics_says_nothing():
    progress = Progress()
    progress.take_evaluation(EvaluationReport(step=1, epoch=1.0, values={}, is_best=False))

    assert pieces(progress, "images/s") == []


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"train_eval/loss": 0.5}, "train loss 0.5000"),
        ({"val/loss": 0.5, "val/f1": 0.25}, "val f1 0.2500"),
        ({"val/iou": 0.5}, "val iou 0.5000"),
        ({"iou": 0.5}, "iou 0.5000"),
    ],
)
def test_any_metrics_can_be_shown(values, text):
    progress = Progress()
    progress.take_evaluation(
        EvaluationReport(step=1, epoch=1.0, values=values, is_best=False)
    )

    assert pieces(progress, "images/s") == [text]


def test_a_worse_evaluation_does_not_replace_the_best(progress, best_report):
    assert progress.best is best_report


def test_validation_comes_before_training():
    values = {"train_eval/loss": 0.1, "val/loss": 0.2, "val/accuracy": 0.9}

    assert list(by_part(values).items()) == [
        ("val", {"loss": 0.2, "accuracy": 0.9}),
        ("train", {"loss": 0.1}),
    ]


def test_the_time_left_follows_the_pace_of_this_session(monkeypatch, step_report):
    clock = iter([100.0, 100.0, 110.0])
    monkeypatch.setattr("headway.terminal.progress.time.monotonic", lambda: next(clock))
    progress = Progress()
    progress.start(step=200, total_steps=600)
    progress.take_report(replace(step_report, step=300))

    assert progress.seconds_left == pytest.approx(30.0)


def test_there_is_no_pace_before_the_first_step():
    progress = Progress()
    progress.start(step=200, total_steps=600)

    assert progress.seconds_left is None
