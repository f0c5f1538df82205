"""Commands about several networks: train --ensemble, evaluate, predict, resume and tune."""

import json
import shutil
import signal

import numpy as np
import pytest

from headway.cli import main

TINY = (
    "--model",
    "mlp",
    "--set",
    "model.options.hidden=[8]",
    "training.epochs=1",
    "machine.threads=1",
    "machine.allocator=false",
    "data.root=/nowhere",
)
NETWORK = """
from torch import nn

def build(num_outputs):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, num_outputs))
    model[1].weight.data.mul_(1000.0)
    return model
"""

# Only the trainer takes the signal; the model is also called before it does.
STOPPING = """
import os, signal
from torch import nn

class Network(nn.Sequential):
    def forward(self, inputs):
        if getattr(signal.getsignal(signal.SIGINT), "__func__", None):
            os.kill(os.getpid(), signal.SIGINT)
        return super().forward(inputs)

def build(num_outputs):
    return Network(nn.Flatten(), nn.Linear(64, num_outputs))
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return a folder with the ensemble `runs/three`."""
    folder = tmp_path_factory.mktemp("finished")
    words = [
        "train",
        "digits",
        *TINY,
        "--ensemble",
        3,
        "--out",
        folder / "three",
        "--quiet",
    ]
    assert main([str(word) for word in words]) == 0
    return folder / "three"


@pytest.fixture
def three(finished, in_tmp_path):
    """Return a copy of the ensemble, as `runs/three` of the working folder."""
    return shutil.copytree(finished, in_tmp_path / "runs" / "three")


@pytest.mark.usefixtures("three")
def test_an_ensemble_says_what_it_has_and_what_to_do_with_it(headway):
    answer = headway("train", "digits", *TINY, "--ensemble", 3, "--out", "runs/three")

    assert answer.code == 0
    assert answer.lines == [
        "ensemble: 3 members, 3 of them before, in runs/three",
        "test: headway evaluate runs/three",
    ]


def test_an_ensemble_for_programs_ends_with_its_members(headway, three):
    shutil.rmtree(three / "member-2")
    answer = headway(
        *("train", "digits", *TINY, "--ensemble", 3, "--out", "runs/three", "--json")
    )
    events = [json.loads(line) for line in answer.lines]

    assert [event["event"] for event in events if event["event"] == "start"] == ["start"]
    assert events[-1]["event"] == "ensemble"
    assert events[-1]["trained"] == [2]


def test_resume_goes_on_with_an_ensemble(headway, three):
    shutil.rmtree(three / "member-3")
    answer = headway("resume", "three", "--quiet")

    assert (answer.code, answer.out, answer.err) == (0, "", "")
    assert (three / "member-3" / "recipe.toml").exists()


@pytest.mark.usefixtures("three")
def test_an_evaluation_shows_members_mean_and_gain(headway):
    answer = headway("evaluate", "three", "digits")
    rows = dict(line.split("\t") for line in reversed(answer.lines))

    assert answer.code == 0
    assert rows["combined"] == "mean of 3 members' predictions"
    assert {"  member-1", "  member-2", "  member-3", "mean member"} <= set(rows)
    assert rows["gain"].startswith("accuracy ")


@pytest.mark.usefixtures("three")
def test_members_are_listed_by_the_name_that_commands_take(headway):
    names = [
        json.loads(line)["name"] for line in headway("runs", "--json").out.splitlines()
    ]

    assert sorted(names) == [f"three/member-{i}" for i in (1, 2, 3)]
    assert headway("evaluate", names[0]).code == 0


@pytest.mark.usefixtures("three")
def test_runs_are_named_one_by_one_or_as_an_ensemble(headway):
    members = [f"runs/three/member-{i}" for i in (1, 2, 3)]
    one = json.loads(headway("evaluate", "three", "--json").out)
    other = json.loads(headway("evaluate", *members, "--json").out)

    assert one["values"] == other["values"]
    assert len(other["ensemble"]["members"]) == 3
    assert other["test_accesses"] == 2


def test_the_name_of_a_known_set_is_data_even_if_a_run_has_it(headway, three):
    shutil.copytree(three / "member-1", three.parent / "digits")
    found = json.loads(headway("evaluate", "digits", "digits", "--json").out)
    both = json.loads(headway("evaluate", "digits", "runs/three/member-2", "--json").out)

    assert (found["source"], found["ensemble"]) == ("digits", None)
    assert len(both["ensemble"]["members"]) == 2


@pytest.mark.usefixtures("three")
def test_top_5_says_whether_what_is_right_or_what_is_wrong_is_counted(headway):
    answer = headway("evaluate", "three")
    rows = dict(line.split("\t") for line in reversed(answer.lines))
    right, wrong = (
        float(rows[f"top-5 {name}"].removesuffix(" %")) for name in ("accuracy", "error")
    )

    assert right + wrong == pytest.approx(100.0, abs=0.011)
    assert right >= float(rows["accuracy"].removesuffix(" %"))


@pytest.mark.usefixtures("three")
def test_several_networks_answer_for_files_together(headway, in_tmp_path):
    np.save(in_tmp_path / "x.npy", np.zeros((2, 1, 8, 8), np.uint8))
    answer = headway("predict", "three", "x.npy", "--json", "--top", 0, "--views", "shifts")
    values = [json.loads(line)["values"] for line in answer.lines]

    assert [sum(value.values()) for value in values] == pytest.approx([1.0, 1.0], abs=1e-3)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("evaluate", "a run is missing: headway evaluate RUN [RUN ...] [DATA]"),
        ("predict", "a run is missing: headway predict RUN [RUN ...] FILE ..."),
        ("predict three", "predict needs at least one file: headway predict RUN FILE ..."),
        ("evaluate thre", "there is no run 'thre', ..."),
        (
            "evaluate three digits mnist",
            "evaluate takes one DATA after its runs, got 'digits' and 'mnist'; there is no "
            "run 'digits'",
        ),
        (
            "evaluate three runs/three/member-1",
            "...runs/three/member-1 is named twice: each run is one voice",
        ),
        (
            "evaluate three --combine weights",
            "runs/three/member-1 and runs/three/member-2 started from different weights, so "
            "that their mean is no trained network; average their predictions instead, or "
            "train both from one run with --set model.init_from=RUN",
        ),
        (
            "evaluate three --views tencrop",
            "unknown views 'tencrop'. Did you mean 'ten-crop'? They are one of: ...",
        ),
        (
            "evaluate three --mc-dropout 5",
            "runs/three/member-1 has no dropout that could draw; leave mc_dropout out, or "
            "train mlp with dropout",
        ),
        (
            "train digits --ensemble 1",
            "an ensemble has at least 2 members, got 1",
        ),
        (
            "train digits --ensemble 2 --out runs/three/member-1",
            "runs/three/member-1 already holds a run; choose another folder with --out.",
        ),
        (
            "train digits --ensemble 3 --out runs/three --set seed=5",
            "runs/three already holds another ensemble (...seed = 0...seed = 5...); choose "
            "another folder with --out.",
        ),
        (
            "train digits --ensemble 2 --ensemble-kind snapshots --set schedule.name=step",
            "the snapshots of an ensemble are taken where the learning rate has fallen, "
            "once in every cycle: schedule.name must be one of cosine, ..., got 'step'",
        ),
        (
            "train digits --set model.init_from=nobody",
            "there is no run 'nobody', neither at that path nor in runs. `headway runs` ...",
        ),
        (
            "train digits --model mlp --set model.train_last=9",
            "model.train_last must be from 1 to the 3 layers of the network, got 9",
        ),
        ("tune digits --budget 0", "budget must be above 0 seconds, got 0"),
        (
            "tune digits --out runs/three",
            "runs/three already holds a run; choose another folder with --out.",
        ),
    ],
)
def test_bad_use_of_several_networks_is_refused(refused, words, expected):
    refused(expected, *words.split())


def test_a_damaged_ensemble_is_refused(refused, three):
    (three / "ensemble.json").write_text("{")

    refused("runs/three/ensemble.json is damaged: ...", "evaluate", "three")


def test_an_ensemble_of_a_newer_headway_is_refused(refused, three):
    record = json.loads((three / "ensemble.json").read_text())
    (three / "ensemble.json").write_text(json.dumps(record | {"schema_version": 99}))

    refused("runs/three was written by a newer headway; ...", "evaluate", "three")


def test_an_ensemble_that_is_stopped_says_how_to_go_on_with_all_of_it(headway, in_tmp_path):
    (in_tmp_path / "network.py").write_text(STOPPING)
    answer = headway(
        *("train", "digits", "--model", "network.py:build", "--ensemble", 2, "--out", "e"),
        *("--quiet", "--set", "machine.threads=1", "machine.allocator=false"),
    )

    assert answer.code == 128 + signal.SIGINT
    assert answer.err.endswith("Go on with: headway resume e\n")


def test_an_ensemble_that_diverges_is_exit_code_3(headway, in_tmp_path):
    answer = headway(
        "train",
        "digits",
        *TINY,
        "optimizer.lr=1e30",
        "--ensemble",
        2,
        "--out",
        "e",
        "--quiet",
    )

    assert answer.code == 3
    assert answer.err.startswith("headway: training diverged at step ")


def test_a_step_of_tuning_that_fails_says_what_is_wrong(headway, in_tmp_path):
    (in_tmp_path / "network.py").write_text(NETWORK)
    answer = headway(
        *("tune", "digits", "--model", "network.py:build", "--out", "t"),
        *("--set", "machine.threads=1", "machine.allocator=false"),
    )

    assert answer.code == 2
    assert answer.lines[0].startswith(
        "step 1 initial loss: FAILED: the loss before training"
    )
    assert answer.err.startswith("headway: step 1, initial loss: the loss before training")
    assert "the initial weights are too large" in answer.err
