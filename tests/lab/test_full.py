"""Experiments in a paper's own setting: too long to run here, so their parts are tested."""

import pytest

from headway.lab import Results, Verdict, judge, load_experiment
from headway.lab.arms import errors
from headway.lab.bench import Bench
from headway.lab.experiments.cifar_degradation import recipe_of
from headway.recipe import load_recipe


def results_of(experiment, ends):
    arms = {
        arm: {"steps": [64_000], "train_error": [ends[arm][0]], "val_error": [ends[arm][1]]}
        for arm in experiment.arms
    }
    return Results(dict.fromkeys(range(3), arms))


# Test errors of the paper where it gives them; training errors as its figure 6 shows them.
PUBLISHED = {
    "plain-20": (6.0, 9.3),
    "plain-32": (7.0, 10.0),
    "plain-44": (9.0, 11.0),
    "plain-56": (12.0, 13.0),
    "resnet-20": (3.5, 8.75),
    "resnet-32": (1.5, 7.51),
    "resnet-44": (0.8, 7.17),
    "resnet-56": (0.4, 6.97),
    "resnet-110": (0.1, 6.43),
    "resnet-1202": (0.1, 7.93),
}


@pytest.mark.parametrize("name", ["cifar-degradation", "cifar-1202"])
def test_the_published_figures_would_count_as_reproduced(name):
    experiment = load_experiment(name)
    assert judge(experiment, results_of(experiment, PUBLISHED))[0] is Verdict.REPRODUCED


def test_residual_networks_that_degrade_would_not():
    experiment = load_experiment("cifar-degradation")
    ends = {**PUBLISHED, "resnet-56": (5.0, 9.0)}
    assert judge(experiment, results_of(experiment, ends))[0] is Verdict.NOT_REPRODUCED


def test_the_settings_are_those_of_the_paper():
    recipe = recipe_of("resnet-110")
    assert recipe.training.max_steps == 64_000
    assert recipe.schedule.milestones == (32_000, 48_000)
    assert (recipe.schedule.warmup_steps, recipe.schedule.warmup_factor) == (400, 0.1)
    assert recipe_of("resnet-20").schedule.warmup_steps == 0


def test_an_arm_measures_errors_in_percent(tmp_path):
    recipe = load_recipe(
        recipe_of("resnet-20"),
        overrides=[
            "data.source=digits",
            "model.name=resnet-8",
            "training.max_steps=8",
            "training.epochs=1",
            "schedule.milestones=[4]",
            "machine.threads=1",
        ],
    )
    trial = Bench(folder=tmp_path, arm="resnet-8").train(recipe, seed=0)
    found = errors(trial)
    assert found["steps"] == (8,)
    assert 0 < found["train_error"][-1] <= 100
    assert 0 < found["val_error"][-1] <= 100
