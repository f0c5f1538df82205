"""What a finished training keeps of its mistakes."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import headway
from headway.data import ArraySplit, DataInfo, DataSplits, FileSplit
from headway.jobs import predictions
from headway.jobs.predictions import describe_predictions
from headway.jobs.samples import picture_of, text_of
from headway.recipe import load_recipe, read_data, recipe_from_dict
from headway.runs import Run
from headway.tune import run_trial

QUICK = ["machine.threads=1", "machine.device=cpu", "precision.mode=off"]


def kept_by(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "predictions.json").read_text())


def splits_of(folder: Path) -> DataSplits:
    return read_data(recipe_from_dict(Run(folder).recipe))


def pixels_of(url: str) -> np.ndarray:
    encoded = url.removeprefix("data:image/png;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))))


def make_info(**facts: Any) -> DataInfo:
    known = {"name": "x", "kind": "image", "input_shape": (1, 4, 4), "dtype": "uint8"}
    counts = {"num_train": 1, "num_val": 1, "num_test": 1}
    return DataInfo(**{**known, "task": "classification", **counts, **facts})


def table(folder: Path, targets: np.ndarray) -> str:
    path = folder / "table.npz"
    x = np.random.default_rng(0).normal(size=(len(targets), 4)).astype(np.float32)
    np.savez(path, x=x, y=targets)
    return str(path)


def test_the_confusion_and_the_accuracy_are_those_of_the_best_evaluation(digits_run):
    kept, best = kept_by(digits_run), Run(digits_run).best
    assert best is not None
    assert (kept["part"], kept["kind"], kept["step"]) == (
        "val",
        "classification",
        best["step"],
    )
    assert kept["accuracy"] == best["values"]["val/accuracy"]
    confusion = np.array(kept["confusion"])
    assert confusion.sum() == kept["num_samples"] == 180
    assert confusion.trace() / 180 == kept["accuracy"]
    assert kept["classes"] == [str(n) for n in range(10)]
    assert kept["confusion_classes"] == list(range(10))


def test_mistakes_are_shown_worst_first_with_the_image_as_it_was(digits_run):
    kept, val = kept_by(digits_run), splits_of(digits_run).val
    assert isinstance(val, ArraySplit)
    wrong = round(180 * (1 - kept["accuracy"]))
    assert len(kept["mistakes"]) == min(24, wrong) > 0
    losses = [one["loss"] for one in kept["mistakes"]]
    assert losses == sorted(losses, reverse=True)
    for one in kept["mistakes"]:
        assert one["prediction"] != one["target"] == int(val.targets[one["index"]])
        assert 0 < one["confidence"] <= 1
        np.testing.assert_equal(
            pixels_of(one["image"]), val.inputs[one["index"], 0].numpy()
        )


def test_what_is_right_though_hardly_is_shown_apart(digits_run):
    unsure = kept_by(digits_run)["unsure"]
    assert len(unsure) == 24
    assert all(one["prediction"] == one["target"] for one in unsure)
    for one in unsure:
        assert one["loss"] == pytest.approx(-np.log(one["confidence"]), rel=1e-4)


def test_a_regression_keeps_pairs_of_target_and_answer(houses_run):
    kept, val = kept_by(houses_run), splits_of(houses_run).val
    assert val is not None
    assert kept["kind"] == "regression"
    assert kept["accuracy"] is kept["confusion"] is None
    (residual,) = kept["residuals"]
    targets, answers = np.array(residual["pairs"]).T
    assert residual["name"] == "price"
    np.testing.assert_allclose(targets, val.targets[:, 0].numpy())
    rmse = np.sqrt(np.mean((targets - answers) ** 2))
    assert rmse == pytest.approx(kept["values"]["rmse"], rel=1e-5)
    worst = kept["mistakes"][0]
    assert worst["index"] == np.abs(targets - answers).argmax()
    assert worst["target"] == [targets[worst["index"]]]
    assert worst["confidence"] is worst["image"] is None
    assert worst["text"].startswith("rooms=")


def test_several_labels_are_counted_one_by_one(tmp_path):
    targets = (np.arange(160).reshape(80, 2) % 3 == 0).astype(np.uint8)
    headway.train(
        table(tmp_path, targets),
        overrides=[*QUICK, "training.epochs=1", "data.val_fraction=0.5"],
        out=tmp_path / "run",
    )
    kept, val = kept_by(tmp_path / "run"), splits_of(tmp_path / "run").val
    assert val is not None
    assert [label["name"] for label in kept["labels"]] == kept["classes"]
    for place, label in enumerate(kept["labels"]):
        present = int(val.targets[:, place].sum())
        assert label["true_positives"] + label["false_negatives"] == present
        assert sum(value for value in label.values() if isinstance(value, int)) == len(val)
    mistakes = kept["mistakes"]
    assert mistakes
    for one in mistakes:
        assert one["target"] == val.targets[one["index"]].nonzero().flatten().tolist()
        assert one["target"] != one["prediction"]
        assert one["confidence"] >= 0.5


def test_texts_and_runs_without_a_validation_part_leave_none(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("abcd " * 400)
    small = ["data.window=16", "model.options.hidden_size=8", "training.max_steps=2"]
    headway.train(f"text:{text}", overrides=[*QUICK, *small], out=tmp_path / "text")
    alone = ["data.val_fraction=0", "training.max_steps=2"]
    headway.train("digits", model="mlp", overrides=[*QUICK, *alone], out=tmp_path / "alone")
    assert not list(tmp_path.glob("*/predictions.json"))


def test_they_can_be_turned_off_and_trials_have_none(tmp_path):
    words = [*QUICK, "training.max_steps=20"]
    off = ["logging.predictions=false", "logging.layers=false"]
    headway.train("digits", model="mlp", overrides=[*words, *off], out=tmp_path / "run")
    recipe = load_recipe(overrides=[*words, "data.source=digits", "model.name=mlp"])
    run_trial(tmp_path, "try", recipe, read_data(recipe))
    assert len(list(tmp_path.rglob("metrics.jsonl"))) == 2
    assert not list(tmp_path.rglob("predictions.json"))
    assert not list(tmp_path.rglob("layers.jsonl"))


def test_a_run_that_is_done_does_not_fail_by_them(tmp_path, monkeypatch):
    def broken(*arguments: Any, **settings: Any) -> Any:
        raise MemoryError("no room")

    monkeypatch.setattr(predictions, "load_network", broken)
    words = [*QUICK, "training.max_steps=2", "logging.report=false"]
    with pytest.warns(UserWarning, match=r"predictions\.json was not written.*no room"):
        headway.train("digits", model="mlp", overrides=words, out=tmp_path / "run")
    assert Run(tmp_path / "run").state == "done"


def test_of_a_large_validation_part_the_first_samples_are_taken(digits_run, monkeypatch):
    monkeypatch.setattr(predictions, "_MOST_SAMPLES", 30)
    kept = describe_predictions(Run(digits_run), splits_of(digits_run))
    assert kept is not None
    assert kept["num_samples"] == np.sum(kept["confusion"]) == 30
    assert all(one["index"] < 30 for one in kept["mistakes"] + kept["unsure"])


def test_of_many_classes_those_with_most_mistakes_are_counted(digits_run, monkeypatch):
    monkeypatch.setattr(predictions, "_MOST_CLASSES", 5)
    monkeypatch.setattr(predictions, "_MOST_CONFUSED", 3)
    whole = np.array(kept_by(digits_run)["confusion"])
    kept = describe_predictions(Run(digits_run), splits_of(digits_run))
    assert kept is not None
    shown = kept["confusion_classes"]
    np.testing.assert_equal(kept["confusion"], whole[np.ix_(shown, shown)])
    wrong = whole.sum(0) + whole.sum(1) - 2 * whole.diagonal()
    others = np.delete(wrong, shown)
    assert len(shown) == 3
    assert wrong[shown].min() >= others.max()


def test_a_large_image_becomes_small_and_keeps_its_colors(tmp_path):
    path = tmp_path / "cats" / "tom.png"
    path.parent.mkdir()
    Image.new("RGB", (400, 200), (255, 0, 10)).save(path)
    split = FileSplit((path,), torch.tensor([0]), "RGB")
    url = picture_of(split, 0, make_info())
    assert url is not None
    pixels = pixels_of(url)
    assert pixels.shape == (48, 96, 3)
    assert (pixels == (255, 0, 10)).all()
    assert text_of(split, 0, make_info()) == "cats/tom.png"


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_an_image_of_floats_goes_from_black_to_white(channels):
    image = torch.linspace(-3, 5, 16).view(1, 1, 4, 4).repeat(1, channels, 1, 1)
    split = ArraySplit(image, torch.tensor([0]))
    url = picture_of(split, 0, make_info())
    assert url is not None
    pixels = pixels_of(url)
    assert pixels.shape == ((4, 4, 3) if channels > 2 else (4, 4))
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_an_image_of_one_value_is_black():
    split = ArraySplit(torch.full((1, 1, 4, 4), torch.nan), torch.tensor([0]))
    url = picture_of(split, 0, make_info())
    assert url is not None
    assert pixels_of(url).max() == 0


def test_a_row_of_a_table_is_shown_by_its_first_columns():
    names = tuple("abcdefghij")
    info = make_info(kind="tabular", input_shape=(10,), feature_names=names)
    split = ArraySplit(torch.arange(10).float()[None] / 3, torch.tensor([0]))
    text = text_of(split, 0, info)
    assert text is not None
    assert text.startswith("a=0, b=0.3333, ")
    assert text.endswith("h=2.333, …")
    assert picture_of(split, 0, info) is None
