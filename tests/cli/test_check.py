import json
from pathlib import Path

import pytest

from headway.cli.app import main

PROGRAM = """
import torch
from torch import nn
from sklearn.datasets import load_iris


def make(seed=0, head=()):
    torch.manual_seed(seed)
    x, y = load_iris(return_X_y=True)
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    x = (x - x.mean(0)) / x.std(0)
    model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 3), *head)
    return dict(
        model=model,
        loss_fn=nn.CrossEntropyLoss(),
        optimizer=torch.optim.Adam(model.parameters(), lr=0.01),
        train=(x[::2], y[::2]),
        val=(x[1::2], y[1::2]),
        epochs=30,
    )


def faulty(seed=0):
    return make(seed, [nn.Softmax(dim=1)])


def blind():
    program = make()
    program["loss_fn"] = lambda output: output.sum()
    return program
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    return str(file)


def test_a_healthy_program_ends_with_zero_and_says_so(program, capsys):
    assert main(["check", f"{program}:make"]) == 0

    said = capsys.readouterr().out
    assert said.startswith("Nothing is wrong")
    assert "constant answer" in " ".join(said.split())


def test_a_faulty_program_ends_with_one_and_names_cause_layer_and_change(program, capsys):
    assert main(["check", f"{program}:faulty"]) == 1

    first, *rest = capsys.readouterr().out.splitlines()
    assert first == "error: loss_mismatch in 3 (certain)"
    assert any("Remove the softmax" in line for line in rest)


def test_json_has_the_documented_keys(program, capsys):
    assert main(["check", f"{program}:faulty", "--json"]) == 1

    said = json.loads(capsys.readouterr().out)
    assert said["healthy"] is False
    keys = {"cause", "severity", "confidence", "layer", "evidence", "remedy", "code"}
    assert keys <= set(said["findings"][0])
    assert said["findings"][0]["cause"] == "loss_mismatch"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing.py:make"], "there is no file"),
        (
            ["defualt"],
            "there is nothing to check by the name 'defualt'. Did you mean 'default'?",
        ),
        (["{program}:make", "--set", "optimizer.lr=1"], "--set changes recipes"),
        (["{program}:make", "--budget", "0"], "a number of seconds above 0, got 0"),
        (["{program}:blind"], "takes 1 positional argument but 2 were given"),
    ],
    ids=["no-file", "no-recipe", "settings", "budget", "loss"],
)
def test_a_bad_target_ends_with_two(program, capsys, words, message):
    assert main(["check", *(word.format(program=program) for word in words)]) == 2

    assert message in capsys.readouterr().err


def test_a_repair_is_proved_printed_and_written(program, tmp_path, capsys):
    patch = tmp_path / "change.patch"
    dull = Path(program)
    dull.write_text(PROGRAM.replace("lr=0.01", "lr=1e-6"))

    assert main(["fix", f"{dull}:make", "--budget", "60", "--write", str(patch)]) == 0

    said = capsys.readouterr().out
    assert "Proof, on seeds that decided nothing:" in said
    assert "Repaired." in said
    assert (
        "-        optimizer=torch.optim.Adam(model.parameters(), lr=1e-6),"
        in patch.read_text()
    )


def test_a_healthy_program_is_not_changed(program, tmp_path, capsys):
    patch = tmp_path / "change.patch"

    assert main(["fix", f"{program}:make", "--write", str(patch)]) == 2

    said = capsys.readouterr()
    assert "Nothing is wrong" in said.out
    assert "there is no change to write" in said.err
    assert not patch.exists()
