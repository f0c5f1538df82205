"""The steps from a first look to settings that train."""

import json
import math
import tomllib
from pathlib import Path

import numpy as np
import pytest

import headway
from headway.errors import DataError, InputError, RunError
from headway.runs import list_runs
from headway.tune import tune

from .conftest import QUICK, SMALL


@pytest.fixture(scope="module")
def tuned(few_digits, tmp_path_factory):
    """The whole procedure, with a rate among those to try that is far too high."""
    folder = tmp_path_factory.mktemp("tune") / "few"
    return tune(few_digits, model="mlp", overrides=[*SMALL, "optimizer.lr=1e3"], out=folder)


def step(result, number: int):
    return next(decision for decision in result.decisions if decision.step == number)


def test_every_step_is_taken_in_its_order(tuned):
    steps = [decision.step for decision in tuned.decisions]

    assert steps[:7] == [1, 2, 3, 4, 5, 6, 7]
    assert steps[7:] in ([], [5, 6, 7])
    assert all(decision.is_passed for decision in tuned.decisions)


def test_the_first_loss_is_held_against_that_of_guessing(tuned):
    assert step(tuned, 1).numbers["expected"] == pytest.approx(math.log(3))


def test_a_sample_is_learned_by_heart(tuned):
    numbers = step(tuned, 2).numbers

    assert numbers["samples"] == 160
    assert max(numbers["reached"].values()) == 1.0


def test_a_rate_that_diverges_is_reported_and_not_chosen(tuned):
    decision = step(tuned, 3)

    assert 1e3 in decision.numbers["diverging"]
    assert "diverging: 1000" in decision.text
    assert decision.numbers["lr"] <= 0.1


def test_the_coarse_grid_is_three_rates_by_three_decays(tuned):
    tried = step(tuned, 4).numbers["tried"]
    lr = step(tuned, 3).numbers["lr"]

    rates = sorted({point["optimizer.lr"] for point in tried})
    assert rates == pytest.approx([lr / 10**0.5, lr, lr * 10**0.5])
    assert {point["optimizer.weight_decay"] for point in tried} == {1e-4, 1e-5, 0.0}
    assert len(tried) == 9


def test_refining_stays_near_the_best_of_the_grid_at_a_constant_rate(tuned):
    coarse, refined = step(tuned, 4).numbers["best"], step(tuned, 5)
    trial = headway.runs.Run(tuned.folder / "trials" / refined.trials[0])

    for point in refined.numbers["tried"]:
        ratio = point["optimizer.lr"] / coarse["optimizer.lr"]
        assert 0.5 <= ratio <= 2.0
    assert trial.recipe["schedule"]["name"] == "constant"
    assert trial.recipe["training"]["epochs"] == 10


def test_what_was_chosen_is_the_best_that_was_tried(tuned):
    numbers = step(tuned, 5).numbers
    best = max(numbers["tried"], key=lambda point: point["score"])

    assert numbers["best"].items() <= best.items()


def test_curves_are_kept_with_their_moving_average(tuned):
    curve = json.loads((tuned.folder / "curves.json").read_text())

    assert len(curve["steps"]) == len(curve["losses"]) == len(curve["moving_average"]) > 5
    assert len(curve["eval_steps"]) == len(curve["val"]["loss"]) == 10


def test_every_trial_is_a_run_of_its_own(tuned):
    trials = {name for decision in tuned.decisions for name in decision.trials}
    runs = list_runs(tuned.folder / "trials")

    assert {run.name for run in runs} == trials
    assert {run.state for run in runs} == {"done", "diverged"}


def test_decisions_are_on_disk_with_their_numbers(tuned):
    lines = (tuned.folder / "decisions.jsonl").read_text().splitlines()

    assert [json.loads(line)["step"] for line in lines] == [
        decision.step for decision in tuned.decisions
    ]


def test_the_recipe_trains_with_what_was_found(tuned, tmp_path):
    recipe = tuned.folder / "recipe.toml"
    result = headway.train(
        recipe=str(recipe),
        overrides=["training.max_steps=100"],
        out=tmp_path / "run",
        display=headway.terminal.Display(),
    )

    best = [d for d in tuned.decisions if d.step == 5][-1].numbers["best"]
    assert result.recipe.optimizer.lr == best["optimizer.lr"]
    assert tomllib.loads(recipe.read_text())["schedule"]["name"] == "cosine"
    assert tuned.command.endswith(f"--recipe {recipe}")
    assert result.outcome.best_values["val/accuracy"] > 0.9


def test_a_second_call_reads_the_trials_and_decides_the_same(tuned, few_digits):
    before = {run.name: run.events() for run in list_runs(tuned.folder / "trials")}

    again = tune(
        few_digits,
        model="mlp",
        overrides=[*SMALL, "optimizer.lr=1e3"],
        out=tuned.folder,
    )

    assert again.decisions == tuned.decisions
    assert {run.name: run.events() for run in list_runs(tuned.folder / "trials")} == before


def test_the_test_part_is_never_looked_at(tuned):
    for run in list_runs(tuned.folder / "trials"):
        assert all(event["event"] != "evaluated" for event in run.events())


def test_weights_that_start_too_large_fail_the_first_step(
    few_digits, network_file, tmp_path
):
    result = tune(
        few_digits, model=f"{network_file}:huge", overrides=QUICK, out=tmp_path / "tune"
    )

    [decision] = result.decisions
    assert not decision.is_passed
    assert "the initial weights are too large" in decision.text
    assert result.recipe is None


def test_a_network_without_gradients_fails_the_second_step(
    few_digits, network_file, tmp_path
):
    result = tune(
        few_digits, model=f"{network_file}:dead", overrides=QUICK, out=tmp_path / "tune"
    )

    assert [decision.is_passed for decision in result.decisions] == [True, False]
    assert "not even 160 samples are learned by heart" in result.decisions[-1].text


def test_labels_that_mean_nothing_fail_where_the_loss_does_not_fall(tmp_path):
    generator = np.random.default_rng(0)
    path = tmp_path / "noise.npz"
    images = np.repeat(generator.integers(0, 255, (1, 8, 8), np.uint8), 200, axis=0)
    np.savez(path, x=images, y=np.arange(200) % 4)

    result = tune(str(path), model="mlp", overrides=SMALL, out=tmp_path / "tune")

    assert not result.decisions[-1].is_passed
    assert result.recipe is None


def test_a_budget_that_is_spent_still_ends_with_a_recipe(few_digits, tmp_path):
    result = tune(
        few_digits, model="mlp", overrides=SMALL, out=tmp_path / "tune", budget=0.01
    )

    assert len(step(result, 4).numbers["tried"]) == 1
    assert step(result, 4).numbers["epochs"] == step(result, 5).numbers["epochs"] == 1
    assert result.recipe is not None


def test_a_regression_is_held_against_the_variance_of_its_targets(tmp_path):
    x = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    path = tmp_path / "values.npz"
    np.savez(path, x=x, y=(1000.0 + 50.0 * x[:, 0]).astype(np.float32))

    result = tune(str(path), overrides=QUICK, out=tmp_path / "tune", budget=0.01)

    assert step(result, 1).numbers["expected"] == 1.0
    assert step(result, 2).numbers["metric"] == "r2"


def test_a_folder_of_another_tuning_is_refused(tuned, few_digits):
    with pytest.raises(RunError, match="holds the tuning of another recipe"):
        tune(few_digits, model="mlp", overrides=QUICK, out=tuned.folder)


def test_data_without_a_validation_part_is_refused(few_digits, tmp_path):
    with pytest.raises(DataError, match="has no validation part to choose by"):
        tune(
            few_digits,
            model="mlp",
            overrides=[*SMALL, "data.val_fraction=0"],
            out=tmp_path / "tune",
        )
    assert not Path(tmp_path / "tune").exists()


def test_a_budget_of_nothing_is_refused(few_digits):
    with pytest.raises(InputError, match="budget must be above 0 seconds, got 0"):
        tune(few_digits, budget=0.0)
