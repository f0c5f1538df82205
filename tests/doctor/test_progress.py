"""Progress is judged next to answers without a network."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from headway.doctor.evidence import Evidence
from headway.doctor.program import MakeProgram
from headway.doctor.progress import Progress, progress

Digits = Callable[..., MakeProgram]
Measure = Callable[..., Evidence]


def judged(metric: float, **others: Any) -> Progress:
    settings: dict[str, Any] = {
        "metric": metric,
        "train_metric": metric,
        "dumb": 0.1,
        "good": 0.9,
        "margin": 0.03,
        "is_known": True,
        "is_complete": True,
    }
    return Progress(**(settings | others))


def test_relative_is_the_share_of_the_way_to_the_good_baseline() -> None:
    assert judged(0.5).relative == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("metric", "is_stuck", "is_poor"),
    [(0.1, True, True), (0.15, True, True), (0.5, False, True), (0.85, False, False)],
    ids=["dumb", "hardly better", "half the way", "nearly there"],
)
def test_stuck_and_poor(metric: float, is_stuck: bool, is_poor: bool) -> None:
    assert (judged(metric).is_stuck, judged(metric).is_poor) == (is_stuck, is_poor)


def test_whoever_fits_the_training_data_is_not_stuck() -> None:
    assert not judged(0.1, train_metric=1.0).is_stuck


def test_noise_that_no_baseline_predicts_is_not_held_against_a_program() -> None:
    assert judged(0.1, good=0.12).is_fine


def test_a_program_cut_short_is_not_poor_unless_stuck() -> None:
    assert not judged(0.5, is_complete=False).is_poor


def test_a_loss_that_is_no_number_is_no_progress() -> None:
    assert judged(0.95, has_diverged=True).is_poor


def test_what_is_unknown_is_neither_poor_nor_fine() -> None:
    assert (Progress().is_poor, Progress().is_fine) == (False, False)


def test_a_metric_that_is_no_number_is_no_progress() -> None:
    assert judged(math.nan).is_stuck


def test_a_healthy_program_makes_fine_progress(digits: Digits, measured: Measure) -> None:
    assert progress(measured(digits())).is_fine


def test_a_program_that_hardly_moves_is_stuck(digits: Digits, measured: Measure) -> None:
    assert progress(measured(digits(lr=1e-6))).is_stuck


def test_labels_without_a_pattern_do_not_make_a_program_poor(
    digits: Digits, measured: Measure
) -> None:
    def make(seed: int) -> Any:
        program = digits()(seed)
        generator = torch.Generator().manual_seed(0)

        def at_random(inputs: Any, targets: Any) -> Any:
            return inputs, torch.randint(10, targets.shape, generator=generator)

        noise = program.train.mapped(at_random)
        return replace(program, train=noise, val=noise)

    assert not progress(measured(make)).is_poor


def test_no_course_is_unknown(digits: Digits, measured: Measure) -> None:
    evidence = measured(digits(epochs=1))
    evidence.course = None
    assert not progress(evidence).is_known


@pytest.mark.parametrize(
    ("metric", "others", "has_room"),
    [
        (0.75, {"good": 0.75}, True),
        (0.96, {}, False),
        (0.75, {"good": 0.75, "is_of_new": False}, False),
        (0.75, {"good": 0.75, "is_complete": False}, False),
    ],
    ids=["as good as a baseline", "nearly perfect", "seen samples alone", "cut short"],
)
def test_there_is_room_above_a_baseline_that_is_far_from_perfect(
    metric: float, others: Any, has_room: bool
) -> None:
    assert judged(metric, **({"is_of_new": True} | others)).has_room is has_room
