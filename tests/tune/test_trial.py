"""A trial is trained once, and gone on with where it was cut off."""

import pytest

from headway.recipe import load_recipe, read_data
from headway.tune import run_trial

from .conftest import SMALL


@pytest.fixture
def recipe(few_digits):
    words = [*SMALL, "training.epochs=3", f"data.source={few_digits}", "model.name=mlp"]
    return load_recipe(overrides=words)


def test_a_trial_is_known_by_everything_in_its_recipe(recipe, few_digits, tmp_path):
    splits = read_data(recipe)
    first = run_trial(tmp_path, "try", recipe, splits)
    again = run_trial(tmp_path, "try", recipe, splits)
    other = run_trial(
        tmp_path, "try", load_recipe(recipe, overrides=["optimizer.momentum=0.5"]), splits
    )

    assert first.run.folder == again.run.folder != other.run.folder
    assert [event["event"] for event in again.run.events()].count("started") == 1


def test_a_trial_that_was_cut_off_goes_on(recipe, tmp_path):
    splits = read_data(recipe)
    path = run_trial(tmp_path, "try", recipe, splits).run.folder
    events = (path / "events.jsonl").read_text().splitlines(keepends=True)
    (path / "events.jsonl").write_text(
        "".join(line for line in events if '"finished"' not in line).replace(
            '"pid": ', '"pid": 9999999'
        )
    )

    trial = run_trial(tmp_path, "try", recipe, splits)

    assert trial.run.state == "done"
    kinds = [event["event"] for event in trial.run.events()]
    assert (kinds.count("started"), kinds.count("resumed")) == (1, 1)


def test_a_trial_that_diverged_is_read_and_not_trained_again(recipe, tmp_path):
    splits = read_data(recipe)
    high = load_recipe(recipe, overrides=["optimizer.lr=1e30"])

    trials = [run_trial(tmp_path, "try", high, splits) for _ in range(2)]

    assert all(trial.has_diverged for trial in trials)
    kinds = [event["event"] for event in trials[1].run.events()]
    assert kinds.count("diverged") == 1
