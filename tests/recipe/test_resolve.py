"""What "auto" means for which data."""

import pytest

from headway.data import DataInfo
from headway.errors import RecipeError
from headway.recipe import Recipe, load_recipe, resolve_recipe


def info(kind: str = "image", shape=(3, 32, 32), num_train: int = 45_000) -> DataInfo:
    return DataInfo(
        name="set",
        kind=kind,
        input_shape=shape,
        task="classification",
        dtype="uint8" if kind == "image" else "float32",
        classes=("a", "b"),
        num_train=num_train,
        num_val=10,
        num_test=10,
    )


def test_color_images_get_a_residual_network_with_crops_and_mirroring():
    recipe = resolve_recipe(Recipe(), info())

    assert recipe.model.name == "resnet-20"
    assert (recipe.augmentation.flip, recipe.augmentation.crop_padding) == (True, 4)
    assert (recipe.optimizer.name, recipe.optimizer.lr) == ("sgd", 0.1)


def test_gray_images_are_not_mirrored():
    assert resolve_recipe(Recipe(), info(shape=(1, 28, 28))).augmentation.flip is False


def test_tables_get_an_mlp_with_adamw_and_no_augmentation():
    recipe = resolve_recipe(Recipe(), info("tabular", (13,)))

    assert (recipe.model.name, recipe.optimizer.name) == ("mlp", "adamw")
    assert recipe.preprocessing.kind == "standardize"
    assert recipe.augmentation.crop_padding == 0


def test_nothing_stays_auto_that_depends_on_the_data():
    recipe = resolve_recipe(Recipe(), info())

    values = [*vars(recipe.training).values(), *vars(recipe.optimizer).values()]
    assert "auto" not in [*values, *vars(recipe.schedule).values()]


@pytest.mark.parametrize(
    ("num_train", "batch_size"), [(45_000, 128), (1258, 32), (300, 16), (7, 7)]
)
def test_small_sets_get_small_batches(num_train, batch_size):
    assert (
        resolve_recipe(Recipe(), info(num_train=num_train)).training.batch_size
        == batch_size
    )


def test_tiny_sets_get_enough_steps():
    recipe = resolve_recipe(Recipe(), info(num_train=28))

    assert recipe.training.epochs == 400


def test_the_learning_rate_follows_the_batch_size():
    recipe = resolve_recipe(load_recipe(overrides=["training.batch_size=256"]), info())

    assert recipe.optimizer.lr == 0.2


def test_given_values_stay():
    given = load_recipe(
        overrides=["training.epochs=3", "optimizer.lr=0.5", "model.name=mlp"]
    )

    recipe = resolve_recipe(given, info())

    assert (recipe.training.epochs, recipe.optimizer.lr, recipe.model.name) == (
        3,
        0.5,
        "mlp",
    )


def test_image_augmentation_of_a_table_is_refused():
    with pytest.raises(RecipeError, match="augmentation is for images"):
        resolve_recipe(
            load_recipe(overrides=["augmentation.cutout=2"]), info("tabular", (4,))
        )


@pytest.mark.parametrize("setting", ["cutout=4", "crop_padding=4"])
def test_augmentation_that_can_erase_an_image_is_refused(setting):
    recipe = load_recipe(overrides=[f"augmentation.{setting}"])

    with pytest.raises(RecipeError, match=f"{setting} can leave nothing .* less than 4"):
        resolve_recipe(recipe, info("image", (1, 4, 9)))


def test_resolving_twice_changes_nothing():
    once = resolve_recipe(Recipe(), info())

    assert resolve_recipe(once, info()) == once


@pytest.mark.parametrize(
    ("name", "lr", "weight_decay"),
    [
        ("sgd", 0.1, 5e-4),
        ("averaged-momentum", 1.0, 5e-4),
        ("adam", 1e-3, 0.0),
        ("adamw", 1e-3, 1e-2),
        ("muon", 1e-2, 1e-2),
    ],
)
def test_each_optimizer_has_a_rate_and_a_decay_of_its_own(name, lr, weight_decay):
    recipe = resolve_recipe(load_recipe(overrides=[f"optimizer.name={name}"]), info())

    assert recipe.optimizer.lr == pytest.approx(lr)
    assert recipe.optimizer.weight_decay == weight_decay


@pytest.mark.parametrize(
    ("name", "warmup"),
    [("cosine", 526), ("wsd", 526), ("inverse-sqrt", 526), ("step", 0), ("constant", 0)],
)
def test_schedules_that_fall_all_the_time_warm_up(name, warmup):
    overrides = [f"schedule.name={name}", "schedule.milestones=[5]", "training.epochs=30"]
    recipe = resolve_recipe(load_recipe(overrides=overrides), info())

    assert recipe.schedule.warmup_steps == warmup


def test_an_equal_average_takes_the_weights_of_each_epoch():
    recipe = resolve_recipe(load_recipe(overrides=["training.average=swa"]), info())

    assert recipe.training.swa_every == 45_000 // 128


@pytest.mark.parametrize(
    ("override", "average", "decay"),
    [
        ("training.ema_decay=0.9", "ema", 0.9),
        ("training.average=ema", "ema", 0.999),
        ("training.average=none", "none", None),
        ("seed=1", "none", None),
    ],
)
def test_the_average_follows_from_what_is_said_of_it(override, average, decay):
    training = resolve_recipe(load_recipe(overrides=[override]), info()).training

    assert (training.average, training.ema_decay) == (average, decay)


def test_a_resolved_recipe_resolves_to_itself():
    recipe = resolve_recipe(load_recipe(overrides=["training.average=ema"]), info())

    assert resolve_recipe(recipe, info()) == recipe
