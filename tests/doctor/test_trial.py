import json
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn

from headway.doctor.arm import ArmResult
from headway.doctor.comparing import comparable, mean_gain
from headway.doctor.evidence import Budget
from headway.doctor.program import MakeProgram
from headway.doctor.remedies.batches import SetBatchSize
from headway.doctor.remedies.rates import SetLearningRate
from headway.doctor.trial import run_trial
from headway.doctor.workbench import Workbench

MakeMake = Callable[..., MakeProgram]
RESULT = ArmResult(
    seed=1, value=0.5, start=0.1, is_bounded=True, loss=1.0, start_loss=2.0, stop="done"
)


def test_a_cure_is_accepted_after_three_pairs(digits: MakeMake):
    trial = run_trial(Workbench(digits(lr=1e-6)), (SetLearningRate(lr=0.1),))
    assert trial.verdict == "accepted"
    assert len(trial.treated_results) == 3
    assert trial.treated_value > 0.85 > 0.3 > trial.control_value
    assert trial.p_value < 0.004


def test_the_cure_of_a_diverging_program_is_accepted(digits: MakeMake):
    trial = run_trial(Workbench(digits(lr=1e20)), (SetLearningRate(lr=0.1),))
    assert {result.stop for result in trial.control_results} == {"diverged"}
    assert trial.is_accepted


def test_a_change_that_hurts_is_rejected_after_two_pairs(digits: MakeMake):
    trial = run_trial(Workbench(digits()), (SetLearningRate(lr=1e-6),))
    assert trial.verdict == "rejected"
    assert len(trial.treated_results) == 2


def test_a_change_that_does_nothing_is_rejected(digits: MakeMake):
    trial = run_trial(Workbench(digits()), (SetLearningRate(lr=0.1),))
    assert trial.verdict == "rejected"
    assert trial.difference == 0.0


def test_both_arms_see_the_same_seeds(digits: MakeMake):
    trial = run_trial(
        Workbench(digits(epochs=1)), (SetLearningRate(lr=0.5),), seeds=(7, 8, 9)
    )
    assert [r.seed for r in trial.control_results] == [
        r.seed for r in trial.treated_results
    ]
    assert {r.seed for r in trial.control_results} <= {7, 8, 9}


def test_a_trial_without_time_is_undecided(digits: MakeMake):
    bench = Workbench(digits(), budget=Budget(0.0))
    assert run_trial(bench, (SetLearningRate(lr=0.5),)).verdict == "undecided"


def test_a_remedy_that_does_not_fit_is_undecided(digits: MakeMake):
    trial = run_trial(Workbench(digits()), (SetBatchSize(batch_size=32),))
    assert (trial.verdict, trial.control_results) == ("undecided", ())


def test_each_pair_is_told(digits: MakeMake):
    pairs: list[float] = []
    run_trial(
        Workbench(digits(lr=1e-6, epochs=2)),
        (SetLearningRate(lr=0.1),),
        on_pair=lambda without, with_: pairs.append(with_.value - without.value),
    )
    assert len(pairs) == 3


def test_arms_with_other_losses_are_compared_by_the_metric(digits: MakeMake):
    def small(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return 1e-9 * nn.functional.cross_entropy(output, target)

    trial = run_trial(Workbench(digits(loss_fn=lambda: small)), (SetLearningRate(lr=1e8),))
    assert trial.control_results[0].loss < 1e-8
    assert trial.is_accepted


def test_a_trial_can_be_written_as_json(digits: MakeMake):
    trial = run_trial(Workbench(digits(lr=1e-6)), (SetLearningRate(lr=0.1),))
    values = json.loads(json.dumps(trial.to_json()))
    assert values["verdict"] == "accepted"
    assert [row["seed"] for row in values["treated"]] == [1, 2, 3]


def test_an_arm_without_a_metric_is_the_worst():
    values, scale = comparable([RESULT, replace(RESULT, value=math.nan)])
    assert (values, scale) == ([0.5, -1.0], 1.0)


def test_without_any_metric_the_loss_decides():
    blind = replace(RESULT, value=math.nan, start=math.nan)
    assert mean_gain([replace(blind, loss=0.0)], [blind]) == pytest.approx(0.5)


def test_a_metric_of_the_users_own_is_measured_by_its_range():
    own = replace(RESULT, is_bounded=False, value=-300.0, start=-900.0)
    assert mean_gain([replace(own, value=-100.0)], [own]) == pytest.approx(0.25)
