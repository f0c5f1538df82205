"""What headway says of runs that cannot be written, continued or used."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from headway.cli import main

# A training that is over at once.
TINY = (
    "--model",
    "mlp",
    "--set",
    "training.max_steps=2",
    "machine.threads=1",
    "machine.allocator=false",
)
TOWNS = "rooms,town\n" + "".join(f"{i % 7},{'ns'[i % 2]}\n" for i in range(40))


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """Return a folder with the data `x.npz` and the run `runs/tiny` on it."""
    folder = tmp_path_factory.mktemp("finished")
    images = np.arange(40 * 64, dtype=np.uint8).reshape(40, 8, 8)
    np.savez(folder / "x.npz", x=images, y=np.arange(40) % 3)
    words = ["train", folder / "x.npz", "--out", folder / "runs" / "tiny", "--quiet", *TINY]
    assert main([str(word) for word in words]) == 0
    return folder


@pytest.fixture
def tiny(finished, in_tmp_path) -> Path:
    """Return a copy of the finished run, as `runs/tiny` of the working folder."""
    return shutil.copytree(finished / "runs" / "tiny", in_tmp_path / "runs" / "tiny")


@pytest.mark.usefixtures("tiny")
def test_a_folder_that_holds_a_run_is_not_used_again(refused):
    refused(
        "runs/tiny already holds a run. Continue it with `headway resume runs/tiny`, or "
        "choose another folder with --out.",
        *("train", "digits", "--out", "runs/tiny", *TINY),
    )


def test_a_file_is_no_run_folder(refused, in_tmp_path):
    (in_tmp_path / "notes.txt").touch()

    refused(
        "cannot write notes.txt/checkpoints: Not a directory. A file is where a folder is "
        "needed: choose another folder with --out.",
        *("train", "digits", "--out", "notes.txt", *TINY),
    )


@pytest.mark.parametrize("out", [[], ["--out", "run"]], ids=["new folder", "own folder"])
def test_a_tracker_that_is_not_installed_leaves_no_run(refused, monkeypatch, out):
    monkeypatch.setitem(sys.modules, "wandb", None)

    refused(
        "the metric writer 'wandb' needs a library that is not installed (...). Install it "
        "with `pip install 'headway[wandb]'` or `uv sync --extra wandb`.",
        *("train", "digits", *out, *TINY, 'logging.trackers=["tensorboard", "wandb"]'),
    )
    assert not Path("run").exists()


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "evaluate tinny",
            "there is no run 'tinny', neither at that path nor in runs. Did you mean "
            "'tiny'? `headway runs` lists the runs there are.",
        ),
        (
            "resume runs/tinny",
            "there is no run 'runs/tinny', ... Did you mean 'runs/tiny'? ...",
        ),
        (
            "evaluate runs",
            "runs is not a run: it holds no environment.json. `headway runs` lists the runs "
            "there are.",
        ),
        (
            "evaluate tiny large.npz",
            "large.npz: has images of 1 channel, 16x16 pixels, uint8, and the network was "
            "trained on 1 channel, 8x8 pixels, uint8 (...); image files are made to fit "
            "with --set data.image_size=8 data.channels=1",
        ),
        (
            "evaluate tiny x.csv --set data.target=town",
            "x.csv: holds tabular data for classification, and the network was trained on "
            "image data for classification (...)",
        ),
        ("predict tiny x.txt", "x.txt: is not an image file that Pillow can read"),
        ("predict tiny x.tyt", "x.tyt: there is no such file. Did you mean 'x.txt'?"),
        (
            "predict tiny x.csv",
            "x.csv: is a table, and the network was trained on images (...)",
        ),
        ("predict tiny", "predict needs at least one file: headway predict RUN FILE ..."),
        (
            "predict tiny x.txt --top -1",
            "top must be 0 or more classes, got -1; 0 names all of them",
        ),
    ],
)
def test_bad_use_of_a_run_is_refused(refused, in_tmp_path, words, expected):
    images, labels = np.zeros((9, 16, 16), np.uint8), np.arange(9) % 3
    np.savez(in_tmp_path / "large.npz", x=images, y=labels)
    (in_tmp_path / "x.csv").write_text(TOWNS)
    (in_tmp_path / "x.txt").touch()

    refused(expected, *words.split())


@pytest.mark.parametrize("command", ["resume", "evaluate", "export"])
def test_a_run_of_a_newer_headway_is_refused(refused, tiny, command):
    path = tiny / "environment.json"
    newer = {"schema_version": 99, "headway": "9.1"}
    path.write_text(json.dumps(json.loads(path.read_text()) | newer))

    refused(
        "runs/tiny was written by a newer headway (9.1): its record has version 99, this "
        "one reads up to 1. Upgrade with `pip install --upgrade headway`.",
        command,
        "tiny",
    )


@pytest.fixture
def other_data(finished):
    """Change what the run was trained on, until the test is over."""
    path = finished / "x.npz"
    content = path.read_bytes()
    np.savez(path, x=np.ones((40, 8, 8), np.uint8), y=np.arange(40) % 3)
    yield
    path.write_bytes(content)


@pytest.mark.usefixtures("tiny", "other_data")
@pytest.mark.parametrize("command", ["resume", "evaluate"])
def test_a_run_whose_data_changed_is_refused(refused, command):
    refused(
        "the data '...x.npz' has changed since runs/tiny was trained on it, so the run "
        "cannot be continued or measured on its held-out part; restore the data, or train "
        "anew",
        command,
        "tiny",
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "resume tiny",
            "runs/tiny/checkpoints holds no whole checkpoint; restore one from a copy or "
            "train anew:\n  runs/tiny/checkpoints/step-000000002.safetensors is not a whole "
            "checkpoint: ...",
        ),
        (
            "evaluate tiny",
            "runs/tiny/checkpoints/best.safetensors is not a whole checkpoint: ...; restore "
            "it from a copy, or take the newest state with --weights last",
        ),
        (
            "evaluate tiny --weights last",
            "runs/tiny/checkpoints holds no whole checkpoint; restore one from a copy or "
            "train anew:...",
        ),
    ],
)
def test_damaged_checkpoints_are_exit_code_1(refused, tiny, words, expected):
    for path in (tiny / "checkpoints").iterdir():
        path.write_bytes(path.read_bytes()[:-100])

    refused(expected, *words.split(), code=1)


@pytest.fixture
def full_disk():
    """Let the small files of a record be written, but no checkpoint."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("in_tmp_path", "full_disk")
def test_a_checkpoint_that_cannot_be_written_is_exit_code_1(headway):
    answer = headway("train", "digits", "--out", "run", *TINY)

    assert answer.code == 1
    assert answer.err == (
        "headway: cannot write run/checkpoints/best.safetensors: the disk is full. Older "
        "checkpoints are kept; free some space, then continue with `headway resume`\n"
    )


@pytest.mark.usefixtures("in_tmp_path")
def test_a_training_that_diverges_says_what_to_change(headway):
    answer = headway("train", "digits", *TINY, "training.max_steps=9", "optimizer.lr=1e30")

    assert answer.code == 3
    assert "lower optimizer.lr or set training.clip_norm=1.0" in answer.err
