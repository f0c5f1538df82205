"""Whole commands on the smallest network there is."""

import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from headway.cli import main

TINY = (
    "--model",
    "mlp",
    "--set",
    "model.options.hidden=[8]",
    "training.epochs=1",
    "--set",
    "training.report_every=5",
    "machine.threads=1",
    "machine.allocator=false",
)
MODEL = """
import os, signal
from torch import nn

class Network(nn.Sequential):
    def forward(self, inputs):
        {body}
        return super().forward(inputs)

def build(num_outputs):
    return Network(nn.Flatten(), nn.LazyLinear(num_outputs))
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return the folder of a finished run."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    assert main(["train", "digits", *TINY, "--out", str(folder), "--quiet"]) == 0
    return folder


@pytest.fixture
def own_copy(finished, tmp_path):
    """Return a copy of the finished run that a test may damage."""
    return shutil.copytree(finished, tmp_path / "run")


def test_a_training_says_what_it_does_and_what_came_out(headway, tmp_path):
    answer = headway("train", "digits", *TINY, "--out", tmp_path / "run")
    labels = [line.split(":")[0].split(" ")[0] for line in answer.lines]

    assert answer.code == 0
    assert labels[:3] == ["run", "data", "classes"]
    assert "eval" in labels
    assert answer.lines[-2] == f"test: headway evaluate {tmp_path / 'run'} digits"


def test_a_quiet_training_says_nothing(headway, tmp_path):
    answer = headway("train", "digits", *TINY, "--out", tmp_path / "run", "--quiet")

    assert (answer.code, answer.out, answer.err) == (0, "", "")
    assert (tmp_path / "run" / "metrics.jsonl").exists()


def test_a_training_for_programs_is_json_lines(headway, tmp_path):
    answer = headway("train", "digits", *TINY, "--out", tmp_path / "run", "--json")
    events = [json.loads(line)["event"] for line in answer.lines]

    assert (events[0], events[-1]) == ("start", "end")
    assert {"report", "evaluation"} <= set(events)


def test_every_set_counts(headway, tmp_path):
    answer = headway("train", "digits", *TINY, "--out", tmp_path / "run", "--json")
    recipe = json.loads(answer.lines[0])["recipe"]

    assert recipe["model"]["options"] == {"hidden": [8]}
    assert recipe["training"]["report_every"] == 5


def test_the_data_may_come_from_the_recipe(headway, tmp_path):
    (tmp_path / "my.toml").write_text('data.source = "diggits"')
    answer = headway("train", "--recipe", tmp_path / "my.toml")

    assert answer.code == 2
    assert "Did you mean 'digits'?" in answer.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "digitss"], "Did you mean 'digits'?"),
        (["train", "digits", "--model", "resnet-21"], "resnet-21"),
        (["train", "digits", "--recipe", "fats"], "Did you mean 'fast'?"),
        (["train", "digits", "--set", "optimizer.lrr=1"], "Did you mean 'lr'?"),
        (["train", "--set", "optimizer.lr=0.1", "digits"], "--set takes path=value"),
        (["evaluate", "no-run"], "there is no run 'no-run'"),
        (["predict", "no-run"], "predict needs at least one file"),
        (["predict", "no-run", "a.png"], "there is no run 'no-run'"),
        (["export", "no-run"], "there is no run 'no-run'"),
        (["resume", "no-run"], "there is no run 'no-run'"),
    ],
)
@pytest.mark.usefixtures("in_tmp_path")
def test_bad_input_is_one_message_and_exit_code_2(headway, words, message):
    answer = headway(*words)

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("headway: ")
    assert message in answer.err
    assert "Traceback" not in answer.err


def test_a_run_is_measured_on_its_test_part(headway, own_copy):
    answer = headway("evaluate", own_copy, "digits")
    rows = dict(line.split("\t") for line in reversed(answer.lines))

    assert answer.code == 0
    assert rows["data"].startswith("digits, test part, ")
    assert rows["accuracy"].endswith(" %")
    assert "confused" in rows
    assert "test part" not in rows


def test_looking_at_the_test_part_again_is_noted(headway, own_copy):
    headway("evaluate", own_copy)
    answer = headway("evaluate", own_copy)

    assert answer.lines[-1] == (
        "test part\tlooked at 2 times; what is chosen by looking is no longer tested"
    )


def test_an_evaluation_for_programs_is_one_object(headway, own_copy):
    found = json.loads(headway("evaluate", own_copy, "--json", "--weights", "last").out)

    assert found["split"] == "test"
    assert sum(map(sum, found["confusion"])) == found["num_samples"]


def test_predictions_name_the_likeliest_classes(headway, finished, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 1, 8, 8), np.uint8))
    answer = headway("predict", finished, tmp_path / "x.npy", "--top", 2)

    assert [len(line.split("\t")) for line in answer.lines] == [3, 3]


def test_predictions_for_programs_are_objects(headway, finished, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 1, 8, 8), np.uint8))
    answer = headway("predict", finished, tmp_path / "x.npy", "--top", 0, "--json")
    values = [json.loads(line)["values"] for line in answer.lines]

    assert [sum(value.values()) for value in values] == pytest.approx([1.0, 1.0], abs=1e-3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_export_prints_what_it_wrote(headway, finished, tmp_path):
    answer = headway("export", finished, "--format", "torch", "--out", tmp_path)

    assert answer.lines == [str(tmp_path / "model.pt2")]


def test_a_finished_run_may_be_resumed(headway, own_copy):
    answer = headway("resume", own_copy)

    assert answer.code == 0
    assert "resumed at step" in answer.lines[0]


def test_a_lost_checkpoint_is_exit_code_1(headway, own_copy):
    shutil.rmtree(own_copy / "checkpoints")
    answer = headway("evaluate", own_copy)

    assert answer.code == 1
    assert answer.err.startswith("headway: ")


def test_a_training_that_diverges_is_exit_code_3(headway, tmp_path):
    answer = headway(
        "train", "digits", *TINY, "optimizer.lr=1e30", "--out", tmp_path / "run"
    )

    assert answer.code == 3
    assert answer.err.startswith("headway: training diverged at step ")


@pytest.fixture
def network_file(tmp_path):
    """Return a function that writes a model whose forward pass does something else too."""

    def write(body: str) -> str:
        path = tmp_path / "network.py"
        path.write_text(MODEL.format(body=body))
        return f"{path}:build"

    return write


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_training_that_is_stopped_says_how_to_go_on(
    headway, tmp_path, network_file, name
):
    stop = signal.Signals[name]
    # Only the trainer takes these signals; the model is also called before it does.
    body = (
        f"if getattr(signal.getsignal(signal.{name}), '__func__', None): "
        f"os.kill(os.getpid(), signal.{name})"
    )
    run = tmp_path / "my run"
    answer = headway(
        "train", "digits", "--model", network_file(body), "--out", run, "--quiet"
    )

    assert answer.code == 128 + stop
    assert answer.err == (
        f"headway: stopped by signal {int(stop)} after saving\n"
        f"How it went: {run}/report.html\n"
        f"Go on with: headway resume '{run}'\n"
    )


def test_ctrl_c_outside_training_is_130(headway, tmp_path, network_file):
    network = network_file("raise KeyboardInterrupt")
    answer = headway("train", "digits", "--model", network, "--out", tmp_path / "run")

    assert (answer.code, answer.out, answer.err) == (130, "", "")


@pytest.mark.slow
def test_only_the_first_of_two_processes_speaks(tmp_path):
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    training = ["-m", "headway", "train", "digits", *TINY, "--out", str(tmp_path / "run")]
    result = subprocess.run(
        [*torchrun, *training],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    lines = result.stdout.splitlines()

    assert result.returncode == 0, result.stderr
    assert [line for line in lines if line.startswith("run:")] == [
        f"run: {tmp_path / 'run'}"
    ]
    assert "2 processes (ddp)" in result.stdout
