import json
import os
import pty
import re
import sys

import pytest

from headway.runs import RunRecord

HEADER = "name\tstate\tbest\tsteps\tdata\tmodel\tstarted"


@pytest.fixture
def make_run(tmp_path):
    """Return a function that leaves a run of a name behind."""

    def make(name: str, *, best: dict[str, float], events=("finished",), created=0.0):
        record = RunRecord.create(
            tmp_path / "runs" / name,
            recipe={"data": {"source": "/data/cats"}, "model": {"name": "resnet-20"}},
            environment={"total_steps": 2340, "created": created},
        )
        record.event("started", step=0)
        record.log(1200, {"train/loss": 0.5})
        record.event("best", step=1200, epoch=3.0, values=best)
        for event in events:
            record.event(event, step=1200)
        record.close()
        return record.folder

    return make


@pytest.fixture
def three_runs(make_run, tmp_path):
    make_run("images", best={"val/loss": 0.1, "val/accuracy": 0.993}, created=1e9)
    make_run("houses", best={"val/loss": 0.2, "val/r2": 0.76543}, created=2e9)
    make_run("own", best={"val/iou": 0.5}, events=("diverged",), created=3e9)
    return tmp_path / "runs"


def test_runs_are_listed_newest_first(headway, three_runs):
    answer = headway("runs", three_runs)

    assert answer.code == 0
    assert answer.lines[0] == HEADER
    assert [line.split("\t")[:6] for line in answer.lines[1:]] == [
        ["own", "diverged", "", "1,200 of 2,340", "cats", "resnet-20"],
        ["houses", "done", "r2 0.7654", "1,200 of 2,340", "cats", "resnet-20"],
        ["images", "done", "accuracy 99.30 %", "1,200 of 2,340", "cats", "resnet-20"],
    ]


def test_runs_as_json_are_one_object_a_line(headway, three_runs):
    rows = [json.loads(line) for line in headway("runs", three_runs, "--json").lines]

    assert [row["name"] for row in rows] == ["own", "houses", "images"]
    assert rows[2]["best"]["values"] == {"val/loss": 0.1, "val/accuracy": 0.993}
    assert rows[2]["values"] == {"train/loss": 0.5}


def test_the_folder_of_runs_is_runs(headway, three_runs, monkeypatch):
    monkeypatch.chdir(three_runs.parent)

    assert headway("runs").out == headway("runs", three_runs).out


def test_no_runs_are_no_error(headway, tmp_path):
    answer = headway("runs", tmp_path / "nothing")

    assert answer.code == 0
    assert answer.out == (
        f"there are no runs in {tmp_path / 'nothing'}; `headway train digits` makes one\n"
    )


def test_a_file_is_not_a_folder_of_runs(headway, tmp_path):
    (tmp_path / "a.txt").touch()
    answer = headway("runs", tmp_path / "a.txt")

    assert answer.code == 2
    assert answer.err == f"headway: {tmp_path / 'a.txt'} is a file, not a folder of runs\n"


@pytest.mark.filterwarnings("default")
def test_a_damaged_run_does_not_hide_the_others(headway, three_runs):
    (three_runs / "own" / "recipe.toml").write_text("= nonsense")
    answer = headway("runs", three_runs)

    assert [line.split("\t")[0] for line in answer.lines[1:]] == ["own", "houses", "images"]
    assert answer.err.startswith("headway: warning: ")
    assert "recipe.toml is damaged" in answer.err


def test_runs_are_listed_without_torch(three_runs):
    program = (
        "import sys; from headway.cli import main; main(sys.argv[1:]); "
        "sys.exit('torch' in sys.modules)"
    )

    assert (
        os.spawnl(
            os.P_WAIT,
            sys.executable,
            sys.executable,
            "-c",
            program,
            "runs",
            str(three_runs),
        )
        == 0
    )


def test_a_terminal_gets_a_table(headway, three_runs, at_terminal):
    lines = at_terminal(120, lambda: headway("runs", three_runs))

    assert lines[0].split() == HEADER.split("\t")
    assert lines[3].startswith("images  done      accuracy 99.30 %  1,200 of 2,340  cats")


def test_a_narrow_terminal_gets_the_most_important_columns(
    headway, three_runs, at_terminal
):
    lines = at_terminal(64, lambda: headway("runs", three_runs))

    assert lines[0].split() == ["name", "state", "best", "steps", "model"]
    assert max(map(len, lines)) <= 64


@pytest.fixture
def at_terminal(monkeypatch):
    """Return a function that calls another while standard output is a terminal."""

    def call(width: int, function) -> list[str]:
        leader, follower = pty.openpty()
        with os.fdopen(follower, "w") as file, monkeypatch.context() as patch:
            patch.setenv("COLUMNS", str(width))
            patch.setenv("TERM", "xterm")
            patch.setattr(sys, "stdout", file)
            function()
            file.flush()
            text = re.sub(r"\x1b\[[\d;]*m", "", os.read(leader, 65536).decode())
        os.close(leader)
        return [line.rstrip() for line in text.splitlines()]

    return call


def test_models_are_listed_with_their_options(headway):
    rows = {line.split("\t")[0]: line.split("\t") for line in headway("models").lines}

    assert rows["resnet-N"][2].startswith("width=16, drop_prob=0.0, shortcut=A")
    assert rows["mlp"][2].startswith("hidden=[256, 256], activation=relu")


def test_models_as_json_have_a_name_to_copy(headway):
    rows = [json.loads(line) for line in headway("models", "--json").lines]

    assert {"mlp", "resnet-20", "torchvision:resnet18"} <= {row["name"] for row in rows}


def test_a_terminal_shows_options_below_the_description(headway, at_terminal):
    lines = at_terminal(100, lambda: headway("models"))

    assert lines[1].split(maxsplit=1)[0] == "mlp"
    assert lines[2].strip().startswith("hidden=[256, 256]")


def test_models_are_listed_with_their_cost_and_source(headway):
    rows = {line.split("\t")[0]: line.split("\t") for line in headway("models").lines}

    assert rows["--model"][3:] == ["parameters/multiply-adds", "source"]
    assert "vgg-19 144M/19.6G" in rows["vgg-N, vgg-N-bn"][3]
    assert rows["vgg-N, vgg-N-bn"][3].endswith("(3x224x224)")
    assert rows["lenet-5"][3] == "lenet-5 61.7k/417k (1x32x32)"
    assert rows["lenet-5"][4].startswith("LeCun et al., ")


def test_models_as_json_have_exact_costs(headway):
    rows = [json.loads(line) for line in headway("models", "--json").lines]
    sizes = {size["name"]: size for row in rows for size in row["sizes"]}

    assert sizes["imagenet-resnet-50"]["num_parameters"] == 25_557_032
    assert sizes["vgg-16"]["multiply_adds"] == 15_470_264_320
    assert sizes["lenet-5"]["input_shape"] == [1, 32, 32]
