"""Trainings that start from what another run has learned."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

import headway
from headway.errors import ModelError, RecipeError, RunError
from headway.jobs import resume
from headway.jobs.network import load_network
from headway.recipe import build, load_recipe
from headway.runs import Run, open_run
from headway.terminal import Display

QUICK = ["machine.threads=1", "machine.device=cpu", "precision.mode=off"]
TINY = [*QUICK, "training.max_steps=30", "model.options.width=4"]


def train(data: str, out: Path, *overrides: str):
    return headway.train(
        data, model="resnet-8", overrides=[*TINY, *overrides], out=out, display=Display()
    )


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_network(open_run(folder)).model.state_dict()


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    """A network that knows the ten digits a little."""
    return train("digits", tmp_path_factory.mktemp("transfer") / "base").folder


@pytest.fixture(scope="module")
def five(tmp_path_factory) -> str:
    """A smaller set of other classes."""
    digits = load_digits()
    images = np.round(digits.images * 255 / 16).astype(np.uint8)
    few = digits.target < 5
    path = tmp_path_factory.mktemp("data") / "five.npz"
    np.savez(path, x=images[few][:200], y=digits.target[few][:200])
    return str(path)


@pytest.fixture(scope="module")
def head_only(base, five, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("transfer") / "head"
    return train(five, folder, f"model.init_from={base}", "model.train_last=1").folder


def test_a_frozen_backbone_stays_bit_for_bit_and_the_head_learns(base, head_only):
    before, after = weights(base), weights(head_only)
    backbone = [name for name in before if not name.startswith("classifier")]

    assert all(torch.equal(before[name], after[name]) for name in backbone)
    assert "stem.1.running_mean" in backbone
    assert after["classifier.weight"].shape == (5, 16)


def test_the_last_layer_starts_anew_from_the_seed(base, five):
    def head(seed: int, *overrides: str) -> torch.Tensor:
        changes = [*TINY, f"data.source={five}", "model.name=resnet-8", f"seed={seed}"]
        return build(load_recipe(overrides=[*changes, *overrides])).model.classifier.weight

    start = f"model.init_from={base}"
    assert torch.equal(head(0, start), head(0))
    assert not torch.equal(head(0, start), head(1, start))


def test_the_record_says_what_was_taken_over(base, head_only):
    loaded, learning = Run(head_only).environment["notes"]

    assert loaded.endswith(
        f"start as {base} left them; new: classifier.weight, classifier.bias"
    )
    assert learning == "only these layers learn: classifier"


def test_more_layers_may_learn(base, five, tmp_path):
    folder = tmp_path / "more"
    train(five, folder, f"model.init_from={base}", "model.train_last=3")
    before, after = weights(base), weights(folder)
    moved = [n for n in before if n in after and not n.startswith("classifier")]
    moved = [n for n in moved if not torch.equal(before[n], after[n])]

    assert moved
    assert all(name.startswith("stage3.0.") for name in moved)


def test_weights_of_the_same_classes_are_all_taken_over(base):
    changes = [
        *TINY,
        "data.source=digits",
        "model.name=resnet-8",
        f"model.init_from={base}",
    ]
    setup = build(load_recipe(overrides=changes))
    learned = weights(base)

    assert all(torch.equal(learned[n], t) for n, t in setup.model.state_dict().items())
    assert setup.notes[0].endswith("nothing is new")


def test_a_finished_transfer_needs_its_start_no_more(base, five, tmp_path):
    start = shutil.copytree(base, tmp_path / "start")
    folder = tmp_path / "run"
    train(five, folder, f"model.init_from={start}")
    shutil.rmtree(start)

    assert headway.evaluate(folder).num_samples > 0
    assert resume(folder, display=Display()).outcome.step == 30


def test_a_transfer_that_never_saved_begins_from_its_start_again(base, five, tmp_path):
    folder = tmp_path / "run"
    train(five, folder, f"model.init_from={base}", "model.train_last=1")
    shutil.rmtree(folder / "checkpoints")

    resume(folder, display=Display())

    assert torch.equal(weights(folder)["stem.0.weight"], weights(base)["stem.0.weight"])


def test_a_run_that_is_not_there_is_refused(five, tmp_path):
    with pytest.raises(RunError, match="there is no run 'nobody'"):
        train(five, tmp_path / "run", "model.init_from=nobody")


def test_a_network_of_another_kind_is_refused(base, five, tmp_path):
    with pytest.raises(
        ModelError, match=r"no weight of .* fits this network.* as resnet-8"
    ):
        headway.train(
            five,
            model="mlp",
            overrides=[*QUICK, f"model.init_from={base}"],
            out=tmp_path / "run",
            display=Display(),
        )


def test_more_layers_than_there_are_is_refused(five, tmp_path):
    with pytest.raises(
        RecipeError, match=r"model\.train_last must be from 1 to the 8 layers"
    ):
        train(five, tmp_path / "run", "model.train_last=9")
