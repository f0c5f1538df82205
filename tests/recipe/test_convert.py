"""A recipe is checked, leaf by leaf, whichever way it comes in."""

import pytest

from headway.errors import RecipeError
from headway.recipe import (
    Optimizer,
    Recipe,
    load_recipe,
    named_recipe,
    recipe_from_dict,
    recipe_to_dict,
    recipe_to_toml,
)
from headway.recipe.named import RECIPES


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_survives_the_way_through_toml(name, tmp_path):
    (tmp_path / "recipe.toml").write_text(recipe_to_toml(named_recipe(name)))

    assert load_recipe(str(tmp_path / "recipe.toml")) == named_recipe(name)


def test_a_changed_value_is_the_only_change():
    recipe = load_recipe(overrides=["optimizer.lr=0.05"])

    assert recipe == Recipe(optimizer=Optimizer(lr=0.05))


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("optimizer.lr=-1", r"optimizer\.lr: expected a number > 0\.0, got -1"),
        ("optimizer.lr=fast", "optimizer.lr: expected a number or auto, got 'fast'"),
        (
            "optimizer.name=sdg",
            "auto or sgd or averaged-momentum or adam or adamw or muon, got 'sdg'. Did you "
            "mean 'sgd'",
        ),
        ("training.epochs=0", "training.epochs: expected a whole number >= 1, got 0"),
        ("optimzer.lr=1", "unknown setting optimzer. Did you mean 'optimizer'"),
        (
            "optimizer.momentun=1",
            "unknown setting optimizer.momentun. Did you mean 'momentum'",
        ),
        ("precision.mode=bf17", "got 'bf17'. Did you mean 'bf16'"),
        ("optimizer=3", "optimizer is a section, got 3"),
        (
            "schedule.milestones=[0,2]",
            r"milestones\[0\]: expected a whole number >= 1, got 0",
        ),
        ("schedule.milestones=3", r"milestones: expected a list \[...\], got 3"),
        (
            "logging.trackers=[a]",
            r"write \[1, 2\], or .*'logging.trackers=\[\"a\", \"b\"\]'",
        ),
        (
            'logging.trackers=["wandbb"]',
            r"trackers\[0\]: .* got 'wandbb'. Did you mean 'wandb'",
        ),
        ("logging.trackers[0]=none", r"unknown setting logging.trackers\[0\]"),
        ("data.download=1", "data.download: expected true or false, got 1"),
        ("data.target=3", "data.target: expected text in quotes or none, got 3"),
        ("seed=1.5", "seed: expected a whole number, got 1.5"),
        ("optimizer.betas=[0.9]", r"optimizer.betas: expected a list \[...\] of length 2"),
        ("training.clip_norm=abc", "training.clip_norm: expected a number or none"),
        ("optimizer.lr", "--set takes path=value"),
        ("optimizer.lr.x=1", "optimizer.lr"),
    ],
)
def test_a_bad_override_is_refused_with_what_is_expected(override, expected):
    with pytest.raises(RecipeError, match=expected):
        load_recipe(overrides=[override])


def test_none_switches_a_setting_off():
    recipe = load_recipe(overrides=["training.clip_norm=1.0", "training.clip_norm=none"])

    assert recipe.training.clip_norm is None


def test_none_stays_a_word_where_it_is_one():
    recipe = load_recipe(overrides=["preprocessing.kind=none"])

    assert recipe.preprocessing.kind == "none"


def test_words_need_no_quotes_and_options_of_a_model_are_free():
    recipe = load_recipe(overrides=["model.options.shortcut=B", "model.options.width=8"])

    assert recipe.model.options == {"shortcut": "B", "width": 8}


def test_a_file_builds_on_the_recipe_that_it_names(tmp_path):
    (tmp_path / "mine.toml").write_text('name = "he2015-cifar"\n[optimizer]\nlr = 0.2\n')

    recipe = load_recipe(str(tmp_path / "mine.toml"))

    assert (recipe.optimizer.lr, recipe.optimizer.weight_decay) == (0.2, 1e-4)


def test_an_unknown_recipe_is_refused_with_the_nearest_name():
    with pytest.raises(RecipeError, match="Did you mean 'fast'"):
        load_recipe("fats")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RecipeError, match="there is no recipe file"):
        load_recipe(str(tmp_path / "no.toml"))


def test_a_folder_is_no_recipe(tmp_path):
    with pytest.raises(RecipeError, match="cannot be read: Is a directory"):
        load_recipe(str(tmp_path))


def test_a_file_that_starts_from_an_unknown_recipe_is_refused(tmp_path):
    (tmp_path / "mine.toml").write_text('name = "fats"')

    with pytest.raises(RecipeError, match=r"unknown recipe 'fats'\. Did you mean 'fast'"):
        load_recipe(str(tmp_path / "mine.toml"))


def test_a_file_that_is_not_toml_is_named(tmp_path):
    (tmp_path / "bad.toml").write_text("[[[")

    with pytest.raises(RecipeError, match="is not a TOML file"):
        load_recipe(str(tmp_path / "bad.toml"))


def test_what_is_none_is_left_out_of_the_dict():
    assert "clip_norm" not in recipe_to_dict(Recipe())["training"]


def test_defaults_make_a_valid_recipe():
    assert recipe_from_dict({}) == Recipe()
