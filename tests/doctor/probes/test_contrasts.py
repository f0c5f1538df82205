"""Trying remedies tells causes from symptoms."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.finding import Cause, Finding
from headway.doctor.probes.contrast import Contrast, Contrasts
from headway.doctor.probes.contrasts import probe_contrasts
from headway.doctor.program import MakeProgram, Program, seed_all
from headway.doctor.progress import progress
from headway.doctor.remedies.heads import RemoveHead
from headway.doctor.remedies.losses import ReplaceLoss
from headway.doctor.remedies.rates import SetLearningRate
from headway.doctor.remedies.together import Together
from headway.doctor.reranking import rerank
from headway.doctor.short_runs import Reached, ShortRuns
from headway.doctor.task import TaskFacts

Digits = Callable[..., MakeProgram]
Measure = Callable[..., Evidence]


def finding(cause: Cause, confidence: float = 0.5, **others: Any) -> Finding:
    settings: dict[str, Any] = {
        "cause": cause,
        "severity": "error",
        "confidence": confidence,
        "evidence": "Seen.",
        "remedy": "Change it.",
    }
    return Finding(**(settings | others))


def contrast(cause: Cause, gain: float, of: Finding | None = None) -> Contrast:
    return Contrast(
        cause=cause,
        remedy=SetLearningRate(lr=0.1),
        finding=of,
        prior=0.7,
        untreated=Reached(scores=(0.1,)),
        treated=Reached(scores=(0.1 + gain,), steps=100),
        gain=gain,
        recovered=gain / 0.8,
    )


def first_cause(make: MakeProgram, measure: Measure) -> str:
    evidence = measure(make, "sweep")
    contrasts = probe_contrasts(evidence, Budget())
    return rerank([], contrasts)[0].cause


def test_the_finding_whose_remedy_helps_comes_first() -> None:
    scale, rate = finding("input_scale", 0.6), finding("init", 0.5)
    tried = contrast("input_scale", 0.0, scale), contrast("init", 0.8, rate)
    ranked = rerank([scale, rate], Contrasts(tried=tried, is_poor=True))
    assert [f.cause for f in ranked] == ["init", "input_scale"]


def test_a_finding_whose_remedy_does_nothing_is_an_info_where_another_explains_it() -> None:
    scale, rate = finding("input_scale", 0.6), finding("init", 0.5)
    tried = contrast("input_scale", 0.0, scale), contrast("init", 0.8, rate)
    ranked = rerank([scale, rate], Contrasts(tried=tried, is_poor=True))
    assert [f.severity for f in ranked] == ["error", "info"]


def test_a_finding_without_another_explanation_stays_an_error() -> None:
    scale = finding("input_scale", 0.6)
    tried = (contrast("input_scale", 0.0, scale),)
    assert rerank([scale], Contrasts(tried=tried, is_poor=True))[0].severity == "error"


def with_small_weights(make: MakeProgram) -> MakeProgram:
    def made(seed: int) -> Program:
        program = make(seed)
        for parameter in program.model.parameters():
            torch.nn.init.normal_(parameter, std=0.01)
        return program

    return made


def test_a_symptom_that_a_new_draw_of_the_weights_cures_is_one_of_them(
    digits: Digits, measured: Measure
) -> None:
    evidence = measured(with_small_weights(digits(depth=3, epochs=3)))
    found = [finding("dead_units", 0.6, check="gradient_flow")]
    tried = probe_contrasts(evidence, Budget(4), found)
    assert rerank(found, tried)[0].cause == "init"
    bounded = [*found, finding("hidden_activation", severity="info")]
    others = probe_contrasts(evidence, Budget(4), bounded)
    assert [c.cause for c in others.tried[:2]] == ["dead_units", "dead_units"]


def test_what_is_certain_is_not_judged_by_trying() -> None:
    sure = finding("shape_broadcast", 0.98, is_certain=True)
    tried = (contrast("shape_broadcast", 0.0, sure),)
    assert rerank([sure], Contrasts(tried=tried, is_poor=True)) == [sure]


def test_a_warning_that_wins_nothing_in_a_good_program_is_an_info() -> None:
    warning = finding("batch_size", 0.5, severity="warning")
    tried = (contrast("batch_size", 0.0, warning),)
    assert rerank([warning], Contrasts(tried=tried))[0].severity == "info"


def test_a_usual_suspect_that_helps_becomes_a_finding_with_its_numbers() -> None:
    found = rerank([], Contrasts(tried=(contrast("init", 0.8),), is_poor=True))
    assert found[0].cause == "init"
    assert "gives 0.9 instead of 0.1" in found[0].evidence


def test_a_usual_suspect_that_helps_little_is_not_said() -> None:
    assert rerank([], Contrasts(tried=(contrast("init", 0.1),), is_poor=True)) == []


def test_a_usual_suspect_of_a_good_program_is_not_said() -> None:
    assert rerank([], Contrasts(tried=(contrast("init", 0.8),), is_poor=False)) == []


@pytest.mark.parametrize(
    ("gains", "changes", "is_said"),
    [
        ((0.2, 0.2, 0.2), {}, True),
        ((0.2, 0.05, 0.05), {}, False),
        ((0.2, 0.5, -0.1), {}, False),
        ((0.2,), {}, False),
        ((0.2, 0.2, 0.2), {"part": 0.9}, False),
        ((0.2, 0.2, 0.2), {"margin": 0.25}, False),
        ((0.2, 0.04, 0.04), {"dumb": 0.65}, False),
    ],
    ids=[
        "each time",
        "by choice",
        "not each time",
        "once",
        "in part",
        "within luck",
        "little",
    ],
)
def test_a_good_program_is_told_of_a_change_that_wins_much_on_new_seeds(
    gains: tuple[float, ...], changes: Any, is_said: bool
) -> None:
    tried = replace(
        contrast("capacity", gains[0]),
        untreated=Reached(scores=(0.7,) * len(gains)),
        treated=Reached(scores=tuple(0.7 + gain for gain in gains), steps=100),
    )
    settings = {"dumb": 0.1, "part": 1.0} | changes
    found = rerank([], Contrasts(tried=(tried,), **settings))
    said = [(f.cause, f.severity, f.is_confirmed) for f in found]
    assert said == [("capacity", "warning", True)] * is_said


def test_a_change_has_to_win_in_the_own_metric_of_a_good_program() -> None:
    tried = replace(
        contrast("capacity", 0.2),
        untreated=Reached(scores=(0.7, 0.7, 0.7), own_scores=(0.5, 0.5, 0.5)),
        treated=Reached(scores=(0.9, 0.9, 0.9), own_scores=(0.6, 0.6, 0.4)),
    )
    assert rerank([], Contrasts(tried=(tried,), dumb=0.1, part=1.0)) == []


def test_a_longer_training_of_a_good_program_that_wins_little_is_a_fact() -> None:
    suspicion = finding("epochs_few", severity="warning")
    tried = replace(
        contrast("epochs_few", 0.03, suspicion),
        untreated=Reached(scores=(0.93, 0.93, 0.93)),
        treated=Reached(scores=(0.96, 0.96, 0.96)),
        recovered=0.9,
    )
    found = rerank([suspicion], Contrasts(tried=(tried,), dumb=0.1, part=1.0))
    assert [f.severity for f in found] == ["info"]


@pytest.mark.parametrize(
    ("cause", "is_proved"), [("batch_size", True), ("epochs_few", False)]
)
def test_more_epochs_have_to_win_more_than_another_change(
    cause: Cause, is_proved: bool
) -> None:
    suspicion = finding(cause, severity="warning")
    tried = replace(
        contrast(cause, 0.075, suspicion),
        untreated=Reached(scores=(0.8, 0.8, 0.8)),
        treated=Reached(scores=(0.875, 0.875, 0.875)),
    )
    (found,) = rerank([suspicion], Contrasts(tried=(tried,), dumb=0.0, part=1.0))
    assert found.is_confirmed is is_proved


def test_a_fact_does_not_hide_what_was_proved() -> None:
    fact = finding("epochs_few", 0.9, severity="info")
    tried = replace(
        contrast("epochs_few", 0.2),
        untreated=Reached(scores=(0.7, 0.7, 0.7)),
        treated=Reached(scores=(0.9, 0.9, 0.9)),
    )
    found = rerank([fact], Contrasts(tried=(tried,), dumb=0.1, part=1.0))[0]
    assert (found.severity, found.is_confirmed) == ("warning", True)


def test_a_rate_is_not_surer_for_being_tried_again() -> None:
    rate = finding("lr_low", 0.6, check="lr_low")
    tried = (contrast("lr_low", 0.8, rate),)
    assert rerank([rate], Contrasts(tried=tried, is_poor=True))[0].confidence == 0.6


def test_a_program_that_ends_too_early_is_told_though_it_beats_the_baselines(
    measured: Measure,
) -> None:
    evidence = measured(wavy)
    assert progress(evidence).is_fine
    first = rerank([], probe_contrasts(evidence, Budget()))[0]
    assert (first.cause, first.severity) == ("epochs_few", "warning")


def wavy(seed: int) -> Program:
    """An MLP for a curved function of ten numbers that a line or neighbors fit in part."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(1000, 10, generator=generator) * 2 - 1
    targets = (inputs[:, :1] * 3).sin() + inputs[:, 1:2] + inputs[:, 2:3] ** 2 * 2
    seed_all(seed)
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1))
    return Program(
        model=model,
        loss_fn=nn.MSELoss(),
        optimizer=torch.optim.Adam(model.parameters(), lr=0.01),
        train=Examples(source=(inputs[:600], targets[:600]), batch_size=8),
        val=Examples(source=(inputs[600:], targets[600:]), shuffle=False),
        epochs=1,
        metric="r2",
        seed=seed,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cause", "settings"),
    [
        ("input_scale", {"factor": 1e-4}),
        ("input_scale", {"factor": 1e3}),
        ("hidden_activation", {"activation": nn.Sigmoid, "depth": 3, "lr": 0.3}),
        ("loss_mismatch", {"loss_fn": lambda: negative}),
    ],
    ids=["tiny inputs", "huge inputs", "sigmoids", "wrong sign"],
)
def test_a_fault_without_a_rule_is_named_by_trying(
    digits: Digits, measured: Measure, cause: Cause, settings: dict[str, Any]
) -> None:
    assert first_cause(digits(**settings), measured) == cause


def negative(outputs: Any, targets: Any) -> Any:
    return -nn.functional.cross_entropy(outputs, targets)


def test_a_healthy_program_is_left_in_peace(digits: Digits, measured: Measure) -> None:
    contrasts = probe_contrasts(measured(digits(lr=0.3)), Budget())
    assert contrasts.tried == ()


@pytest.mark.parametrize(("check", "count"), [("class_imbalance", 0), ("other", 2)])
def test_rare_classes_are_not_judged_by_the_accuracy_that_hides_them(
    digits: Digits, measured: Measure, check: str, count: int
) -> None:
    found = finding("class_imbalance", severity="warning", check=check)
    contrasts = probe_contrasts(measured(digits(lr=0.3)), Budget(), [found])
    assert len(contrasts.tried) == count


def test_a_sorted_data_set_is_found_by_shuffling_it(
    digits: Digits, measured: Measure
) -> None:
    def make(seed: int) -> Any:
        program = digits(lr=0.3)(seed)
        inputs, targets = program.train.source
        order = targets.argsort()
        sorted_ = replace(
            program.train, source=(inputs[order], targets[order]), shuffle=False
        )
        return replace(program, train=sorted_)

    assert first_cause(make, measured) == "shuffle"


def test_of_a_change_with_two_parts_the_one_that_fits_is_tried(digits: Digits) -> None:
    # The loss is right already; the head is not.
    task = TaskFacts(kind="classes", num_classes=10, encoding="ids")
    evidence = Evidence(make=(make := digits(head=nn.ReLU)), program=make(0), task=task)
    runs = ShortRuns(evidence, seconds=30.0, num_runs=4)
    both = Together((RemoveHead("relu"), ReplaceLoss("cross_entropy")))
    assert runs.run(both).error
    assert runs.fitting_part(both, "output_activation") == RemoveHead("relu")
    assert runs.fitting_part(both, "loss_mismatch") is None
