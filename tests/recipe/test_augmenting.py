"""The augmentation section of a recipe."""

from dataclasses import fields, replace

import pytest
import torch

from headway.data import ArraySplit, DataInfo, Mixing
from headway.engine import Trainer
from headway.errors import RecipeError
from headway.recipe import Augmentation, build, load_recipe
from headway.recipe.augmenting import (
    build_augmentation,
    build_mixing,
    resolve_augmentation,
)

QUICK = [
    "training.max_steps=2",
    "machine.threads=1",
    "machine.device=cpu",
    "model.name=mlp",
]
OFF = Augmentation(flip=False, crop_padding=0)
# One value for every setting that can be on.
ON = {
    "flip": True,
    "crop_padding": 2,
    "cutout": 3,
    "vertical_flip": True,
    "rotation": 10.0,
    "shear": 5.0,
    "scale": 0.2,
    "stretch": 0.1,
    "translation": 0.1,
    "lens": 0.1,
    "scale_crop": (1.1, 1.5),
    "brightness": 0.4,
    "contrast": 0.4,
    "saturation": 0.4,
    "intensity": 0.1,
    "pca_color": 0.1,
    "noise": 0.05,
    "policy": "trivialaugment",
}


def info(**changes) -> DataInfo:
    facts = {
        "name": "set",
        "kind": "image",
        "input_shape": (3, 32, 32),
        "task": "classification",
        "dtype": "uint8",
        "classes": ("a", "b"),
        "num_train": 100,
        "num_val": 10,
        "num_test": 10,
    }
    return DataInfo(**(facts | changes))


def images() -> ArraySplit:
    generator = torch.Generator().manual_seed(0)
    shape = (4, 3, 16, 16)
    return ArraySplit(
        torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator),
        torch.arange(4) % 2,
    )


def test_every_setting_but_mixing_is_tried_here():
    known = {field.name for field in fields(Augmentation)}
    assert known - {"rand_operations", "rand_magnitude", "mixup", "cutmix"} == {*ON}


def test_by_default_only_flips_and_crops_are_on():
    chosen = resolve_augmentation(Augmentation(), info())
    assert chosen == replace(OFF, flip=True, crop_padding=4)
    assert build_mixing(chosen, info()) is None


@pytest.mark.parametrize("name", ON)
def test_each_setting_alone_changes_images(name: str):
    split = images()
    augment = build_augmentation(replace(OFF, **{name: ON[name]}), split)
    changed = augment(split.inputs, torch.arange(4), seed=0, epoch=0)
    assert not torch.equal(changed, split.inputs)


def test_with_everything_off_images_stay():
    assert build_augmentation(OFF, images()).is_identity


@pytest.mark.parametrize(
    "name", ["autoaugment-cifar10", "autoaugment-imagenet", "randaugment"]
)
def test_policies_are_made_by_name(name: str):
    chosen = replace(OFF, policy=name, rand_operations=3)
    policy = build_augmentation(chosen, images()).policy
    settings = {"learned_on": name.partition("-")[2]} if "-" in name else {"operations": 3}
    assert (
        settings.items()
        <= {field.name: getattr(policy, field.name) for field in fields(policy)}.items()
    )


def test_mixing_knows_the_classes_of_a_classification_alone():
    chosen = replace(OFF, mixup=0.2, cutmix=1.0)
    assert build_mixing(chosen, info()) == Mixing(2, mixup=0.2, cutmix=1.0)
    assert build_mixing(chosen, info(task="multilabel")) == Mixing(0, mixup=0.2, cutmix=1.0)


@pytest.mark.parametrize(
    "setting",
    [
        "augmentation.rotation=10",
        "augmentation.mixup=0.2",
        "augmentation.cutmix=1",
        "augmentation.policy=randaugment",
        "augmentation.scale_crop=[1.0, 1.4]",
        "augmentation.pca_color=0.1",
    ],
)
def test_digits_train_with(setting: str):
    setup = build(load_recipe(overrides=[*QUICK, setting]))
    outcome = Trainer(setup).run()
    assert outcome.step == 2
    assert torch.isfinite(next(setup.model.parameters())).all()


@pytest.mark.parametrize("name", [*ON, "mixup", "cutmix"])
def test_tables_have_no_augmentation(name: str):
    table = info(kind="tabular", input_shape=(13,), dtype="float32")
    value = ON.get(name, 0.2)
    with pytest.raises(RecipeError, match=r"augmentation is for images, but 'set' holds"):
        resolve_augmentation(Augmentation(**{name: value}), table)
    assert resolve_augmentation(Augmentation(), table) == OFF


@pytest.mark.parametrize(
    ("changes", "facts", "message"),
    [
        (
            {"saturation": 0.1},
            {"input_shape": (1, 28, 28)},
            r"saturation=0.1 is for images of 3 channels, and those of 'set' have 1",
        ),
        (
            {"policy": "randaugment"},
            {"dtype": "float32"},
            r"policy=randaugment is for uint8 images of 1 or 3 channels.*are float32 with 3",
        ),
        (
            {"mixup": 0.2},
            {"task": "regression"},
            r"mix labels, and 'set' is for regression",
        ),
        ({"scale_crop": (2.0, 1.5)}, {}, r"scale_crop=\[2.0, 1.5\] starts above its end"),
        ({"cutout": 32}, {}, r"cutout=32 can leave nothing of images of 32x32"),
    ],
    ids=["gray", "float images", "regression", "range", "size"],
)
def test_what_does_not_fit_the_data_is_refused(changes, facts, message):
    with pytest.raises(RecipeError, match=message):
        resolve_augmentation(Augmentation(**changes), info(**facts))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("rotation=200", r"augmentation.rotation: expected a number <= 180"),
        ("mixup=-1", r"augmentation.mixup: expected a number >= 0"),
        ("policy=best", r"augmentation.policy: "),
        ("scale_crop=[0.5, 1.0]", r"augmentation.scale_crop.*: expected a number >= 1"),
    ],
)
def test_values_out_of_range_are_refused(setting: str, message: str):
    with pytest.raises(RecipeError, match=message):
        load_recipe(overrides=[f"augmentation.{setting}"])
