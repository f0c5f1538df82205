"""What can be done with a trained run."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

import headway
from headway.engine import Callback
from headway.errors import DataError, RunError
from headway.runs import Run
from headway.terminal import Display

QUICK = ["machine.threads=1", "machine.device=cpu", "precision.mode=off"]


def digit_images(count: int) -> np.ndarray:
    return np.round(load_digits().images[:count] * 255 / 16).astype(np.uint8)


def test_a_run_keeps_everything_that_decided_it(digits_run):
    run = Run(digits_run)

    assert run.state == "done"
    assert run.recipe["optimizer"]["lr"] == 0.01
    assert "auto" not in [
        *run.recipe["training"].values(),
        *run.recipe["precision"].values(),
    ]
    assert run.environment["data"]["num_train"] == 1258


def test_evaluation_is_on_the_held_out_part_and_counted(digits_run, tmp_path):
    copy = shutil.copytree(digits_run, tmp_path / "run")

    first, second = headway.evaluate(copy), headway.evaluate(copy)

    assert (first.split, first.num_samples) == ("test", 359)
    assert first.values["accuracy"] > 0.9
    assert sum(map(sum, first.confusion)) == 359
    assert (first.test_accesses, second.test_accesses) == (1, 2)
    assert first.values == second.values


def test_other_data_is_measured_whole(digits_run, tmp_path):
    images, labels = digit_images(100), load_digits().target[:100]
    np.savez(tmp_path / "other.npz", x=images, y=labels)

    result = headway.evaluate(digits_run, str(tmp_path / "other.npz"))

    assert (result.split, result.num_samples) == ("all", 100)
    assert result.values["accuracy"] > 0.9


def test_data_of_another_shape_is_refused(digits_run, tmp_path):
    np.savez(
        tmp_path / "big.npz", x=np.zeros((4, 9, 9), np.uint8), y=np.array([0, 1, 0, 1])
    )

    with pytest.raises(DataError, match="8"):
        headway.evaluate(digits_run, str(tmp_path / "big.npz"))


def test_changed_data_is_refused(houses_run, houses, tmp_path):
    copy = shutil.copytree(houses_run, tmp_path / "run")
    original = houses.read_text()
    houses.write_text(original + "\n3,north,12.5")
    try:
        with pytest.raises(RunError, match="has changed since"):
            headway.evaluate(copy)
    finally:
        houses.write_text(original)


def test_an_image_file_is_predicted(digits_run, tmp_path):
    Image.fromarray(digit_images(1)[0]).save(tmp_path / "zero.png")

    [prediction] = headway.predict(digits_run, [tmp_path / "zero.png"])

    assert next(iter(prediction.values)) == "0"
    assert len(prediction.values) == 3


def test_a_regression_predicts_in_its_own_units(houses_run, tmp_path):
    (tmp_path / "new.csv").write_text("town,rooms\nsouth,4\nnorth,2\n")

    south, north = headway.predict(houses_run, [tmp_path / "new.csv"])

    assert south.values["price"] == pytest.approx(9000, rel=0.1)
    assert north.values["price"] == pytest.approx(2000, rel=0.25)


# torch 2.11 warns of its own reading of the weights.
@pytest.mark.filterwarnings("ignore:The given buffer is not writable:UserWarning")
def test_exported_programs_agree_with_the_network_for_any_batch_size(digits_run, tmp_path):
    np.save(tmp_path / "digits.npy", digit_images(5)[:, None])
    predictions = headway.predict(digits_run, [tmp_path / "digits.npy"], top=0)
    expected = np.array(
        [[p.values[str(digit)] for digit in range(10)] for p in predictions], np.float32
    )

    onnx, exported = headway.export(digits_run, out=tmp_path / "out")

    images = digit_images(5)[:, None]
    session = onnxruntime.InferenceSession(str(onnx))
    [found] = session.run(None, {"inputs": images})
    np.testing.assert_allclose(found, expected, atol=1e-5)
    program = torch.export.load(exported).module()
    np.testing.assert_allclose(program(torch.from_numpy(images)), expected, atol=1e-5)


def test_a_missing_run_is_refused_with_the_nearest_name(digits_run):
    with pytest.raises(RunError, match="Did you mean"):
        headway.evaluate(digits_run.parent / "digts")


def test_a_run_is_not_overwritten(digits_run):
    with pytest.raises(RunError, match="already holds a run"):
        headway.train("digits", model="mlp", overrides=QUICK, out=digits_run)


def test_code_that_comes_with_a_run_is_not_executed(digits_run, tmp_path):
    copy = shutil.copytree(digits_run, tmp_path / "run")
    (copy / "evil.py").write_text("raise SystemExit('ran')\ndef build(): ...\n")
    recipe = (copy / "recipe.toml").read_text()
    recipe = recipe.replace('name = "mlp"', f'name = "{copy / "evil.py"}:build"')
    (copy / "recipe.toml").write_text(recipe)

    with pytest.raises(RunError, match="is not executed"):
        headway.evaluate(copy)


def test_a_finished_run_resumes_to_the_same_end(digits_run, tmp_path):
    copy = shutil.copytree(digits_run, tmp_path / "run")
    before = [row["step"] for row in Run(copy).metrics()]

    result = headway.resume(copy)

    assert result.outcome.step == result.setup.total_steps
    assert [row["step"] for row in Run(copy).metrics()] == before


def test_callbacks_follow_the_run(tmp_path):
    class Count(Callback):
        reports = 0

        def on_report(self, report) -> None:
            self.reports += 1

    count = Count()
    overrides = [*QUICK, "training.max_steps=40"]
    headway.train(
        "digits", model="mlp", overrides=overrides, out=tmp_path, callbacks=[count]
    )

    assert count.reports == 3


def test_multiply_adds_are_those_of_the_network_however_it_is_computed(tmp_path):
    display = Display()
    overrides = [*QUICK, "training.max_steps=1", "machine.onednn_linear=true"]
    headway.train(
        "digits", model="mlp", overrides=overrides, out=tmp_path / "run", display=display
    )

    assert display.facts.multiply_adds == 64 * 256 + 256 * 256 + 256 * 10


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_a_network_that_is_to_be_compiled_is_compiled(tmp_path):
    model = tmp_path / "mine.py"
    model.write_text(
        "import torch\n"
        "class Network(torch.nn.Linear):\n"
        "    def forward(self, x):\n"
        "        self.is_compiled = torch.compiler.is_compiling()\n"
        "        return super().forward(x.flatten(1))\n"
        "def build():\n"
        "    return Network(64, 10)\n"
    )
    overrides = [*QUICK, "training.max_steps=1", "training.compile=true"]
    result = headway.train(
        "digits", model=f"{model}:build", overrides=overrides, out=tmp_path / "run"
    )

    assert result.setup.model.is_compiled


@pytest.mark.slow
def test_torchrun_trains_one_run_with_two_processes(tmp_path):
    code = (
        "import headway; headway.train('digits', model='mlp', "
        f"overrides={[*QUICK, 'training.epochs=1', 'data.source=digits']!r}, "
        f"out={str(tmp_path / 'pair')!r})\n"
        "import os; os._exit(0)"  # see headway.__main__
    )
    script = tmp_path / "train.py"
    script.write_text(code)
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [sys.executable, *torchrun, str(script)],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    headway.train(
        "digits",
        model="mlp",
        overrides=[*QUICK, "training.epochs=1"],
        out=tmp_path / "alone",
    )

    pair, alone = (
        [row["val/loss"] for row in Run(tmp_path / name).metrics() if "val/loss" in row]
        for name in ("pair", "alone")
    )
    assert pair == pytest.approx(alone, abs=1e-5)
    started = Run(tmp_path / "pair").events()[0]
    assert json.loads(json.dumps(started))["processes"] == 2


def test_a_users_own_module_trains_and_predicts(tmp_path):
    model = tmp_path / "mine.py"
    model.write_text(
        "from torch import nn\n"
        "def build(input_shape, num_outputs, width=8):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(),\n"
        "                         nn.Linear(width, num_outputs))\n"
    )
    overrides = [*QUICK, "training.epochs=1", "model.options.width=16"]

    result = headway.train(
        "digits", model=f"{model}:build", overrides=overrides, out=tmp_path / "run"
    )

    assert Path(result.recipe.model.name.rpartition(":")[0]).is_absolute()
    assert headway.evaluate(tmp_path / "run").num_samples == 359
