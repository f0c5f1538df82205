"""A recipe becomes a Setup that trains."""

import numpy as np
import pytest
import torch

from headway.engine import Trainer
from headway.errors import InputError
from headway.recipe import build, load_recipe, read_data
from headway.tasks import Classification, MultiLabel, Regression

QUICK = ["training.max_steps=3", "machine.threads=1", "machine.device=cpu"]


@pytest.fixture
def table(tmp_path):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(80, 5)).astype(np.float32)

    def write(y: np.ndarray) -> str:
        np.savez(tmp_path / "table.npz", x=x, y=y)
        return str(tmp_path / "table.npz")

    return write


def test_digits_become_a_residual_network_for_ten_classes():
    setup = build(load_recipe(overrides=QUICK))

    assert isinstance(setup.task, Classification)
    assert setup.info is not None
    assert setup.info.num_outputs == 10
    assert setup.total_steps == 3


@pytest.mark.parametrize(
    ("targets", "task"),
    [
        (np.arange(80) % 3, Classification),
        (np.random.default_rng(1).normal(size=80), Regression),
        ((np.arange(160).reshape(80, 2) % 3 == 0).astype(np.uint8), MultiLabel),
    ],
    ids=["classification", "regression", "multilabel"],
)
def test_each_kind_of_target_trains(table, targets, task):
    recipe = load_recipe(settings={"data.source": table(targets)}, overrides=QUICK)
    setup = build(recipe)

    outcome = Trainer(setup).run()

    assert isinstance(setup.task, task)
    assert outcome.step == 3


def test_the_same_recipe_builds_the_same_weights():
    first, second = (build(load_recipe(overrides=[*QUICK, "seed=5"])) for _ in range(2))

    pairs = zip(first.model.parameters(), second.model.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_the_preprocessing_has_the_statistics_of_the_training_part_alone(table):
    source = table(np.arange(80) % 3)
    recipe = load_recipe(settings={"data.source": source}, overrides=QUICK)
    splits = read_data(recipe)

    mean = build(recipe, splits).preprocessing.state_dict()["mean"]

    torch.testing.assert_close(mean, splits.train.inputs.mean(dim=0))
    assert len(splits.train) < 80


def test_the_seed_changes_the_weights_and_not_the_division():
    first, second = (build(load_recipe(overrides=[*QUICK, f"seed={s}"])) for s in (1, 2))

    a, b = next(first.model.parameters()), next(second.model.parameters())
    assert not torch.equal(a, b)
    targets = [next(iter(setup.val_data.batches())).targets for setup in (first, second)]
    assert torch.equal(*targets)


def test_a_model_that_does_not_fit_the_data_is_refused(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from torch import nn\ndef build():\n    return nn.Linear(3, 10)\n"
    )
    overrides = [*QUICK, f"model.name={tmp_path / 'mine.py'}:build"]

    with pytest.raises(InputError):
        build(load_recipe(overrides=overrides))


@pytest.mark.parametrize(
    "overrides",
    [
        ["optimizer.name=averaged-momentum"],
        ["optimizer.name=muon"],
        ["optimizer.name=adam", "schedule.name=linear"],
        ["schedule.name=polynomial", "schedule.power=3"],
        ["schedule.name=exponential", "schedule.final_factor=0.01"],
        ["schedule.name=inverse-sqrt", "schedule.warmup_shape=flat"],
        ["schedule.name=cosine-restarts"],
        ["schedule.name=wsd", "schedule.decay_fraction=0.5"],
        ["training.clip_mode=per-tensor", "training.clip_norm=1"],
        ["training.clip_mode=normalize", "training.clip_norm=1"],
        ["training.clip_mode=percentile", "training.clip_percentile=20"],
        ["training.l1=1e-4", "training.l2=1e-4", "training.sam_rho=0.05"],
        ["training.average=swa", "training.swa_every=1"],
        ["task.loss=hinge"],
    ],
    ids=lambda overrides: overrides[0],
)
def test_each_technique_is_reached_by_its_setting(table, overrides):
    source = {"data.source": table(np.arange(80) % 3)}
    setup = build(load_recipe(settings=source, overrides=[*QUICK, *overrides]))

    outcome = Trainer(setup).run()

    assert outcome.step == 3
    assert np.isfinite(outcome.values["val/loss"])


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["training.clip_mode=normalize"], "needs a norm; set training.clip_norm"),
        (
            ["training.clip_mode=percentile", "training.clip_norm=1"],
            r"finds its bound itself, got clip_norm=1\.0",
        ),
        (
            ["training.average=swa", "training.ema_decay=0.9"],
            r"ema_decay=0\.9 is for training.average",
        ),
        (["schedule.name=exponential"], "final_factor of a schedule must be above 0"),
        (["task.loss=hinge", "task.label_smoothing=0.1"], "is for cross-entropy"),
        (["training.clip_percentile=101"], "clip_percentile"),
        (["training.sam_rho=0"], "sam_rho"),
        (["training.l1=-1"], "l1"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_settings_that_do_not_fit_together_are_refused(table, overrides, message):
    source = {"data.source": table(np.arange(80) % 3)}

    with pytest.raises(InputError, match=message):
        build(load_recipe(settings=source, overrides=[*QUICK, *overrides]))
