"""The experiments on data and regularization: what they measure, and what flips them."""

import pytest
from torch import nn

from headway.data import ShiftViews
from headway.data.preprocessing import Preprocessing
from headway.lab import Verdict, load_experiment
from headway.lab.arms import steps_to
from headway.lab.bench import Bench
from headway.lab.networks import inception
from headway.lab.settings import plain_recipe


def test_the_protocol_has_fifty_views_of_which_forty_two_differ(tmp_path):
    bench = Bench(folder=tmp_path, arm="protocol")
    found = load_experiment("augmentation").arms["protocol"](bench, 0)
    assert (found["views"], found["distinct"], found["sides"]) == (50, 42, [224])


def test_steps_to_is_the_first_evaluation_that_reaches_the_goal(tmp_path):
    recipe = plain_recipe("digits", "mlp", steps=60, batch_size=60, lr=0.1)
    trial = Bench(folder=tmp_path, arm="a").train(recipe, seed=0)
    steps, accuracy = trial.curve.eval_steps, trial.curve.val["accuracy"]
    assert accuracy[0] < accuracy[1]
    assert steps_to(trial, accuracy[1]) == steps[1]
    assert steps_to(trial, 1.1) == float("inf")


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Sigmoid], ids=["relu", "sigmoid"])
def test_the_inception_network_has_the_norms_and_activations_asked_for(activation):
    network = inception(
        input_shape=(1, 8, 8),
        num_outputs=10,
        norm="batch",
        activation=activation.__name__.lower(),
    )
    kinds = [type(module) for module in network.modules()]
    assert kinds.count(activation) == kinds.count(nn.BatchNorm2d) == kinds.count(nn.Conv2d)
    assert kinds.count(nn.ReLU) + kinds.count(nn.Sigmoid) == kinds.count(activation)


@pytest.mark.slow
def test_early_stopping_is_reproduced(judged):
    verdict, _ = judged("early-stopping")
    assert verdict == Verdict.REPRODUCED


@pytest.mark.slow
def test_five_networks_gain_less_than_two_points_on_digits(judged):
    verdict, checks = judged("ensemble")
    assert verdict == Verdict.NOT_REPRODUCED
    assert [c.is_met for c in checks] == [True, False, True]


@pytest.mark.slow
def test_views_that_are_all_the_same_gain_nothing(judged, monkeypatch):
    monkeypatch.setattr(ShiftViews, "__call__", lambda self, images: iter([(images, 1.0)]))
    verdict, checks = judged("augmentation", seeds=(0,))
    assert verdict != Verdict.REPRODUCED
    assert checks[2].is_met is False


@pytest.mark.slow
def test_standardizing_that_does_nothing_is_not_reproduced(judged, monkeypatch):
    for kind in Preprocessing.__subclasses__():
        monkeypatch.setattr(kind, "forward", lambda self, inputs: inputs.float())
    verdict, _ = judged("preprocessing", seeds=(0,))
    assert verdict == Verdict.NOT_REPRODUCED


@pytest.mark.slow
def test_the_learning_curves_of_four_rates_are_reproduced(judged):
    verdict, _ = judged("learning-curves")
    assert verdict == Verdict.REPRODUCED
