"""Experiments about the start and the depth of networks, whole and with broken blocks."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from headway.lab import Check, Results, Verdict, judge, load_experiment
from headway.lab.bench import Bench
from headway.lab.experiment import Numbers
from headway.lab.experiments import he_initialization
from headway.nn import BasicBlock, SmartReLU, fans, initialize_

JudgeWith = Callable[..., tuple[Verdict, tuple[Check, ...]]]


@pytest.fixture
def judge_with(tmp_path: Path) -> JudgeWith:
    """Judge an experiment from seed 0, some of whose arms gave what we say."""

    def run(name: str, given: Mapping[str, Numbers]) -> tuple[Verdict, tuple[Check, ...]]:
        experiment = load_experiment(name)
        arms = {
            arm: given[arm] if arm in given else run_arm(Bench(folder=tmp_path, arm=arm), 0)
            for arm, run_arm in experiment.arms.items()
        }
        return judge(experiment, Results({0: arms}))

    return run


def _two_fold_fans(*arguments: Any) -> tuple[float, float]:
    fan_in, fan_out = fans(*arguments)
    return 2 * fan_in, fan_out


@pytest.mark.parametrize("name", ["vanishing-gradients", "saxe"])
def test_claims_about_the_start_are_reproduced(judged, name):
    assert judged(name)[0] == "REPRODUCED"


@pytest.mark.parametrize(
    ("scheme", "verdict"), [("he", "INCONCLUSIVE"), ("xavier", "NOT REPRODUCED")]
)
def test_thirty_layers_do_not_start_from_xavier_in_the_place_of_he(
    judge_with, monkeypatch, tmp_path, scheme, verdict
):
    monkeypatch.setattr(he_initialization, "STEPS", 100)
    monkeypatch.setattr(
        "headway.recipe.initializing.initialize_",
        lambda model, _: initialize_(model, scheme),
    )
    deep = he_initialization.begin("he", 30)(Bench(folder=tmp_path, arm="deep"), 0)
    given = {
        "He, 22 layers": {"steps_to_half": 57},
        "Xavier, 22 layers": {"steps_to_half": 456},
        "He, 30 layers": deep,
        "Xavier, 30 layers": {"steps_to_half": float("inf")},
    }
    # One seed is too few to call it reproduced.
    assert judge_with("he-initialization", given)[0] == verdict


def test_a_wrong_fan_in_lets_gradients_vanish_otherwise_than_predicted(judged, monkeypatch):
    monkeypatch.setattr("headway.nn.initialization.fans", _two_fold_fans)
    verdict, checks = judged("vanishing-gradients", seeds=[0])
    assert verdict == "INCONCLUSIVE"  # the control fails, too
    assert checks[0].is_met is False


def test_gaussian_weights_in_the_place_of_orthogonal_ones_are_found(judged, monkeypatch):
    monkeypatch.setattr(nn.init, "orthogonal_", lambda weight, *_: weight.normal_(0, 0.1))
    assert judged("saxe")[0] == "NOT REPRODUCED"


def test_fixup_blocks_with_the_weights_of_he_do_not_train(judge_with, monkeypatch):
    monkeypatch.setattr(
        "headway.models.fixup_resnet.initialize_fixup_", lambda network: None
    )
    given = {"batch norm": {"accuracy": 0.97}, "neither": {"accuracy": 0.0}}
    assert judge_with("fixup", given)[0] == "NOT REPRODUCED"


@pytest.mark.slow
def test_elu_in_the_place_of_selu_does_not_keep_the_variance(judge_with, monkeypatch):
    monkeypatch.setattr(nn.SELU, "forward", lambda self, x: nn.functional.elu(x))
    given = {"ELU": {}, "ReLU": {"std": [1e-8]}, "SELU, He's weights": {"std": [30.0]}}
    assert judge_with("selu", given)[0] == "NOT REPRODUCED"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["selu", "lsuv", "zero-init"])
def test_claims_that_take_longer_are_reproduced(judged, name):
    assert judged(name)[0] == "REPRODUCED"


@pytest.mark.slow
def test_the_chart_of_depths_holds_for_our_networks(judged):
    assert judged("imagenet-depth", seeds=[0])[0] == "REPRODUCED"


@pytest.mark.slow
def test_a_wrong_fan_in_is_seen_in_the_activations(judged, monkeypatch):
    monkeypatch.setattr("headway.nn.initialization.fans", _two_fold_fans)
    verdict, checks = judged("activation-statistics", seeds=[0])
    assert verdict == "INCONCLUSIVE"  # the control fails, too
    assert [check.is_met for check in checks] == [
        False,
        False,
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.slow
def test_lsuv_that_does_not_divide_is_found(judged, monkeypatch):
    monkeypatch.setattr(torch.Tensor, "div_", lambda weight, divisor: weight)
    assert judged("lsuv", seeds=[0])[0] == "NOT REPRODUCED"


@pytest.mark.slow
def test_random_derivatives_help_one_zero_layer_but_not_all(judged, monkeypatch):
    verdict, checks = judged("smart-relu", seeds=[0])
    assert verdict == "NOT REPRODUCED"
    assert [check.is_met for check in checks] == [False, True, True]
    monkeypatch.setattr(SmartReLU, "forward", lambda self, x: x.relu())
    _, checks = judged("smart-relu", seeds=[1])
    assert [check.is_met for check in checks] == [False, False, True]


@pytest.mark.slow
def test_residual_networks_without_their_shortcuts_degrade_too(judge_with, monkeypatch):
    def without_shortcut(self, x):
        return self.relu2(self.branch(x))

    monkeypatch.setattr(BasicBlock, "forward", without_shortcut)
    given = {
        "plain-8": {"train_error": [0.0]},
        "plain-20": {"train_error": [2.0]},
        "plain-56": {"train_error": [75.0]},
        "resnet-8": {},
    }
    assert judge_with("degradation", given)[0] == "NOT REPRODUCED"


@pytest.mark.slow
def test_leaky_units_without_a_slope_die(judge_with, monkeypatch):
    monkeypatch.setattr(nn.LeakyReLU, "forward", lambda self, x: x.relu())
    given = {"ReLU": {"dead": [0.0, 0.02, 0.02, 0.7, 1.0]}}
    verdict, checks = judge_with("dying-relu", given)
    assert verdict == "INCONCLUSIVE"
    assert checks[-1].is_met is False
