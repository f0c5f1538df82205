"""Texts and made sequences, from the file to what a trained network says."""

import os
import random
import shutil
import signal
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

import headway
from headway.engine import Callback
from headway.errors import DataError, Interrupted, ModelError, RecipeError
from headway.jobs.network import load_network
from headway.recipe import load_recipe, read_data, resolve_recipe
from headway.runs import Run
from headway.terminal import Display
from headway.terminal.results import time_text
from headway.terminal.words import start_rows

QUICK = ["machine.threads=1", "machine.device=cpu", "precision.mode=off"]
SMALL = [*QUICK, "data.window=32", "model.options.hidden_size=32"]


class Interrupter(Callback):
    def on_report(self, report) -> None:
        if report.step == 40:
            os.kill(os.getpid(), signal.SIGTERM)


class Listener(Display):
    def begin(self, facts) -> None:
        self.start = facts

    def finish(self, facts) -> None:
        self.end = facts


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    """A text whose words say what comes next, once they have begun."""
    words = random.Random(0).choices(["the", "cat", "sat", "upon", "mats"], k=4000)
    path = tmp_path_factory.mktemp("texts") / "book.txt"
    path.write_text(" ".join(words) + "\n")
    return path


@pytest.fixture(scope="module")
def book_run(book, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "book"
    settings = [*SMALL, "training.max_steps=150", "optimizer.lr=0.01"]
    headway.train(f"text:{book}", model="ugrnn", overrides=settings, out=folder)
    return folder


def train(spec, folder, *settings, **options):
    return headway.train(spec, overrides=[*SMALL, *settings], out=folder, **options)


def rows(folder):
    return [
        {k: v for k, v in row.items() if k not in ("time", "samples_per_second")}
        for row in Run(folder).metrics()
    ]


def test_a_language_model_learns_more_than_how_frequent_characters_are(book_run):
    found = headway.evaluate(book_run)
    splits = read_data(load_recipe(overrides=[f"data.source={found.source}"]))
    targets = splits.test.targets
    shares = torch.bincount(targets.flatten()).double() / targets.numel()
    unigram = float(torch.special.entr(shares).sum())
    # Five words of 3 to 4 letters: less than log2(5) bits a word once the network is good.
    assert found.values["loss"] < 0.4 * unigram
    assert found.values["bits_per_character"] < 1.0


def test_what_the_data_is_decides_the_rest(book):
    recipe = load_recipe(overrides=[f"data.source=text:{book}"])
    resolved = resolve_recipe(recipe, read_data(recipe).info)
    assert resolved.model.name == "gru"
    assert (resolved.optimizer.name, resolved.optimizer.lr) == ("adam", 0.002)
    assert resolved.training.clip_norm == 1.0
    assert (resolved.preprocessing.kind, resolved.task.kind) == ("none", "language-model")


def test_a_bound_that_was_asked_for_stays(book):
    overrides = [f"data.source=text:{book}", "training.clip_norm=5"]
    recipe = load_recipe(overrides=overrides)
    assert resolve_recipe(recipe, read_data(recipe).info).training.clip_norm == 5.0


@pytest.mark.parametrize("model", ["ugrnn", "lstm"])
def test_a_text_goes_on_as_if_the_run_had_not_stopped(book, tmp_path, model):
    settings = ("training.max_steps=90", "model.options.drop_prob=0.2")
    options = {"model": model}
    whole = train(f"text:{book}", tmp_path / "whole", *settings, **options)
    with pytest.raises(Interrupted):
        train(
            f"text:{book}",
            tmp_path / "parts",
            *settings,
            callbacks=[Interrupter()],
            **options,
        )

    resumed = headway.resume(tmp_path / "parts")

    for a, b in zip(
        whole.setup.model.parameters(), resumed.setup.model.parameters(), strict=True
    ):
        assert torch.equal(a, b)
    assert rows(tmp_path / "whole") == rows(tmp_path / "parts")


def test_the_path_of_a_text_holds_in_another_folder(book, book_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(book, tmp_path / "copy.txt")
    assert Run(book_run).recipe["data"]["source"] == f"text:{book}"
    assert headway.evaluate(book_run, "text:copy.txt").split == "all"


def test_a_network_goes_on_with_a_text(book_run, tmp_path):
    (tmp_path / "begin.txt").write_text("the cat sat u")
    [found] = headway.predict(book_run, [tmp_path / "begin.txt"])
    [again] = headway.predict(book_run, [tmp_path / "begin.txt"])
    assert found.text == again.text
    assert found.text.startswith("pon ")
    assert len(found.text) == 300


def test_characters_that_are_not_known_are_read_and_never_written(book_run, tmp_path):
    (tmp_path / "begin.txt").write_text("\N{SNOWMAN}?")
    [found] = headway.predict(book_run, [tmp_path / "begin.txt"])
    assert "\ufffd" not in found.text


def test_a_file_that_is_no_text_cannot_be_gone_on_with(book_run, tmp_path):
    (tmp_path / "begin.bin").write_bytes(b"\xff\x00")
    with pytest.raises(DataError, match="not text in UTF-8"):
        headway.predict(book_run, [tmp_path / "begin.bin"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The given buffer is not writable:UserWarning")
def test_exported_language_models_agree_with_the_network(book_run, tmp_path):
    network = load_network(Run(book_run), device="cpu")
    tokens = torch.randint(len(network.info.classes), (3, 32))
    expected = network.task.predict(network.outputs(tokens)).numpy()

    onnx, exported = headway.export(book_run, out=tmp_path / "out")

    session = onnxruntime.InferenceSession(onnx)
    (found,) = session.run(None, {"inputs": tokens.numpy()})
    np.testing.assert_allclose(found, expected, atol=1e-5)
    found = torch.export.load(exported).module()(tokens)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


def test_the_terminal_speaks_of_characters(book, tmp_path):
    listener = Listener()
    train(f"text:{book}", tmp_path / "run", "training.max_steps=20", display=listener)
    said = dict(start_rows(listener.start))
    assert said["data"] == "book.txt, windows of 32 characters, in memory"
    assert said["characters"].startswith("13: �, ' ', a, c, e, h")
    assert "windows to train" in said["samples"]
    assert "bits_per_character" in said["guessing"]
    assert time_text(listener.end, listener.start).endswith("characters/s")


def test_networks_for_images_do_not_read(book, tmp_path):
    with pytest.raises(ModelError, match="'resnet-20' is for image and tabular data"):
        train(f"text:{book}", tmp_path / "run", model="resnet-20")


def test_tokens_are_not_preprocessed(book, tmp_path):
    with pytest.raises(RecipeError, match=r"is for numbers, and 'book.txt' holds tokens"):
        train(f"text:{book}", tmp_path / "run", "preprocessing.kind=zca")


def test_texts_are_not_augmented(book, tmp_path):
    with pytest.raises(RecipeError, match="augmentation is for images"):
        train(f"text:{book}", tmp_path / "run", "augmentation.flip=true")


@pytest.mark.parametrize("spec", ["adding:6", "copy:1", "temporal-order:10"])
def test_made_sequences_are_trained_on_and_measured(spec, tmp_path):
    train(spec, tmp_path / "run", "training.max_steps=10", "training.batch_size=32")
    assert headway.evaluate(tmp_path / "run").num_samples == 2000


def test_made_sequences_are_not_gone_on_with(tmp_path):
    train("copy:1", tmp_path / "run", "training.max_steps=2")
    (tmp_path / "begin.txt").write_text("abc")
    with pytest.raises(DataError, match="to answer at each step of made sequences"):
        headway.predict(tmp_path / "run", [tmp_path / "begin.txt"])


def test_arrays_of_numbers_are_predicted(tmp_path):
    train("adding:6", tmp_path / "run", "training.max_steps=2")
    np.save(tmp_path / "new.npy", np.zeros((3, 6, 2), np.float32))
    assert len(headway.predict(tmp_path / "run", [tmp_path / "new.npy"])) == 3


def mean_squared_error(model, tmp_path, *settings):
    folder = tmp_path / model
    run = [*SMALL, "training.max_steps=500", "training.batch_size=64", "optimizer.lr=0.01"]
    headway.train("adding:30", model=model, overrides=[*run, *settings], out=folder)
    return headway.evaluate(folder).values["rmse"] ** 2


@pytest.mark.slow
@pytest.mark.parametrize("model", ["gru", "ugrnn"])
def test_gated_networks_learn_to_add(model, tmp_path):
    assert mean_squared_error(model, tmp_path) < 0.05


@pytest.mark.slow
def test_the_vanilla_network_does_not_learn_to_add_in_the_same_time(tmp_path):
    assert mean_squared_error("rnn", tmp_path) > 0.1


@pytest.mark.data
def test_shakespeare_is_learned_beyond_his_letters(shared_data, tmp_path):
    source = f"text:{shared_data / 'text' / 'tinyshakespeare.txt'}"
    settings = [*SMALL, "training.max_steps=100", "optimizer.lr=0.01"]
    headway.train(source, overrides=settings, out=tmp_path / "run")
    # The entropy of its single characters is 3.31 nats.
    assert headway.evaluate(tmp_path / "run").values["loss"] < 2.6
