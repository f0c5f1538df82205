import random
from pathlib import Path

import pytest
import torch

from headway.jobs import train
from headway.jobs.first_check import first_findings
from headway.recipe import build, load_recipe
from headway.runs import open_run
from headway.terminal import Display


def setup_of(**changes: object):
    settings = [f"{name}={value}" for name, value in changes.items()]
    return build(load_recipe("default", overrides=["model.name=mlp", *settings]))


def test_a_sound_setup_has_no_findings_and_is_left_as_it_is():
    setup = setup_of()
    weights = {name: value.clone() for name, value in setup.model.state_dict().items()}
    states = random.getstate(), torch.get_rng_state()

    assert first_findings(setup, 1000) == ()

    assert all(
        torch.equal(weights[name], v) for name, v in setup.model.state_dict().items()
    )
    assert random.getstate() == states[0]
    assert torch.equal(torch.get_rng_state(), states[1])


def test_weights_that_the_optimizer_does_not_hold_are_found():
    setup = setup_of()
    setup.optimizer.param_groups[0]["params"].pop(0)

    assert [finding.cause for finding in first_findings(setup, 1000)] == [
        "frozen_parameters"
    ]


@pytest.mark.parametrize("multiply_adds", [None, 2e9], ids=["unknown", "large"])
def test_a_network_whose_cost_is_large_or_unknown_is_not_looked_at(multiply_adds):
    setup = setup_of()
    setup.optimizer.param_groups[0]["params"].pop(0)

    assert first_findings(setup, multiply_adds) == ()


def test_what_is_found_stands_in_the_events_of_the_run(tmp_path: Path):
    file = tmp_path / "model.py"
    file.write_text(
        "from torch import nn\n"
        "def build(input_shape, num_outputs):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(64, num_outputs), nn.Softmax(1))\n"
    )
    changes = [f"model.name={file}:build", "training.epochs=1"]

    train("digits", overrides=changes, out=tmp_path / "run", display=Display())

    events = [
        event
        for event in open_run(tmp_path / "run").events()
        if event["event"] == "finding"
    ]
    assert [event["cause"] for event in events] == ["loss_mismatch"]
