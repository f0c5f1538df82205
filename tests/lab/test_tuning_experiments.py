"""Experiments on optimizers and searches, and what becomes of them when a block is broken."""

import random

import pytest

from headway.data import ArraySplit, read_source
from headway.lab import Verdict
from headway.lab.experiments import lottery_ticket, optimizers, random_search, zig_zag
from headway.lab.sets import digits_of
from headway.nn import initialize_
from headway.tune import procedure


def test_momentum_is_one_and_adam_steps_by_its_rate(judged):
    _, checks = judged("optimizers", seeds=(0,))
    assert all(check.is_met for check in checks)


@pytest.mark.slow
def test_momentum_without_its_factor_turns_the_verdict(judged, monkeypatch):
    monkeypatch.setattr(optimizers, "heavy_ball_lr", lambda lr, momentum: lr)
    verdict, _ = judged("optimizers", seeds=(0,))
    assert verdict is not Verdict.REPRODUCED


def test_positive_inputs_make_weights_zigzag(judged):
    _, checks = judged("zig-zag", seeds=(0,))
    assert all(check.is_met for check in checks)


@pytest.mark.slow
def test_inputs_of_both_signs_turn_the_verdict(judged, monkeypatch):
    make = zig_zag.differences
    monkeypatch.setattr(
        zig_zag,
        "differences",
        lambda folder, *, seed, low, high: make(folder, seed=seed, low=-1.0, high=1.0),
    )
    verdict, _ = judged("zig-zag", seeds=(0,))
    assert verdict is Verdict.NOT_REPRODUCED


@pytest.mark.slow
def test_the_procedure_ends_well_and_catches_bad_weights(judged):
    _, checks = judged("procedure", seeds=(0,))
    assert all(check.is_met for check in checks)


@pytest.mark.slow
def test_a_first_step_that_passes_everything_turns_the_verdict(judged, monkeypatch):
    check = procedure.check_initial_loss

    def lenient(bench):
        decision = check(bench)
        return type(decision)(
            step=1, name="", is_passed=True, text="", numbers=decision.numbers
        )

    monkeypatch.setattr(procedure, "check_initial_loss", lenient)
    _, checks = judged("procedure", seeds=(0,))
    assert [c.is_met for c in checks if c.requirement.is_control] == [False, True]


@pytest.mark.slow
def test_tickets_win_from_their_first_weights(judged):
    _, checks = judged("lottery-ticket", seeds=(0,))
    assert all(check.is_met for check in checks)


@pytest.mark.slow
def test_tickets_that_do_not_go_back_to_them_turn_the_verdict(judged, monkeypatch):
    monkeypatch.setattr(lottery_ticket, "rewind_", lambda model, state: initialize_(model))
    verdict, _ = judged("lottery-ticket", seeds=(0,))
    assert verdict is not Verdict.REPRODUCED


def test_each_grid_lies_anew_within_the_space_and_spans_half_of_it():
    rates = [
        sorted(
            {point["learning rate"] for point in random_search._grid(random.Random(seed))}
        )
        for seed in range(5)
    ]
    assert len({low for low, _ in rates}) == 5
    for low, high in rates:
        assert low >= 1e-4
        assert high <= 10.0 * (1 + 1e-9)
        assert high / low == pytest.approx(10**2.5)


def test_the_best_of_a_search_counts_its_first_points():
    search = [{"score": score} for score in (0.2, 0.5, 0.9)]
    arms = {"random": {"searches": [search, search]}}
    assert random_search.mean_best(arms, "random", 2) == 0.5
    assert random_search.mean_best(arms, "random") == 0.9


def test_a_setting_that_decides_the_score_explains_it():
    draw = random.Random(0)
    points = [
        {"learning rate": i // 20, "width": draw.random(), "score": i // 20}
        for i in range(100)
    ]
    arms = {"random": {"searches": [points]}}
    assert random_search.explained(arms, "learning rate") == pytest.approx(1.0)
    assert random_search.explained(arms, "width") < 0.2


def test_digits_of_some_classes_keep_the_same_validation_part(tmp_path):
    def read(per_class, classes=(7, 8, 9)):
        path = digits_of(tmp_path, seed=0, classes=classes, per_class=per_class)
        return read_source(str(path))

    few, many, without_sevens = read(2), read(None), read(None, (8, 9))
    assert isinstance(few.train, ArraySplit)
    assert isinstance(few.val, ArraySplit)
    assert isinstance(many.val, ArraySplit)
    assert sorted(few.train.targets.tolist()) == [0, 0, 1, 1, 2, 2]
    assert few.val.inputs.equal(many.val.inputs)
    assert len(many.train) + len(many.val) == 533
    assert isinstance(without_sevens.val, ArraySplit)
    assert many.val.inputs[-len(without_sevens.val) :].equal(without_sevens.val.inputs)
