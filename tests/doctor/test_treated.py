from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from headway.doctor.arm import run_arm, treat
from headway.doctor.program import Program
from headway.doctor.remedies.batches import SetBatchSize
from headway.doctor.remedies.heads import RemoveHead
from headway.doctor.remedies.initialization import Reinitialize
from headway.doctor.remedies.input_scale import StandardizeInput
from headway.doctor.remedies.labels import FixLabels
from headway.doctor.remedies.losses import ReplaceLoss
from headway.doctor.remedies.optimizers import SetOptimizer
from headway.doctor.remedies.rates import ClipGradients, SetLearningRate
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.remedies.together import Together
from headway.doctor.repair import Advice, Repair
from headway.doctor.target import load_target
from headway.doctor.training import train
from headway.doctor.treated import (
    as_setup,
    code_of,
    snippet_of,
    source_of_target,
    written,
)
from headway.doctor.trial import run_trial
from headway.doctor.workbench import Workbench

# A file as its author wrote it: classes from 1 and a softmax before cross-entropy.
SOURCE = """
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

x = torch.randn(96, 6, generator=torch.Generator().manual_seed(0)) * 100
y = (x[:, 0] > 0).long() + 1


class Rows(Dataset):
    def __len__(self):
        return 96

    def __getitem__(self, n):
        return x[n], y[n]


class Stream:
    def __iter__(self):
        for numbers in torch.randperm(96).split(8):
            yield x[numbers], y[numbers]


def make(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3), nn.Softmax(dim=-1))
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1),
        "train": TRAIN,
        "val": (x[:32], y[:32]),
        "epochs": 3,
    }
"""
FORMS = {
    "tensors": "(x, y)",
    "data set": "Rows()",
    "loader": "DataLoader(TensorDataset(x, y), batch_size=8, shuffle=True)",
    "stream": "Stream()",
}
REMEDIES: tuple[Remedy, ...] = (
    FixLabels("from_zero"),
    StandardizeInput(),
    Together((RemoveHead("softmax"), ClipGradients(1.0))),
    Reinitialize(),
    SetOptimizer("adam", 0.01),
    SetLearningRate(lr=0.02),
)


def target(folder: Path, form: str = "tensors") -> str:
    path = folder / "their_program.py"
    path.write_text(SOURCE.replace("TRAIN", FORMS[form]))
    return f"{path}:make"


def run_file(code: str, folder: Path) -> Any:
    """Return what `make` of a written file returns, as its reader would call it."""
    path = folder / "treated_program.py"
    path.write_text(code)
    return load_target(f"{path}:make")


@pytest.mark.parametrize("form", FORMS)
def test_the_written_program_trains_bit_for_bit_as_the_treated_one(
    form: str, tmp_path: Path
):
    name = target(tmp_path, form)
    in_memory = treat(load_target(name)(3), REMEDIES)
    from_file: Program = run_file(code_of(name, REMEDIES), tmp_path)(3)
    expected = train(in_memory).losses
    assert len(expected) > 8
    assert train(from_file).losses == expected


def test_the_written_program_returns_a_dict_as_its_author_does(tmp_path: Path):
    namespace: dict[str, Any] = {}
    exec(code_of(target(tmp_path), (SetBatchSize(batch_size=16),)), namespace)
    setup = namespace["make"](seed=1)
    assert set(setup) == {
        "model",
        "loss_fn",
        "optimizer",
        "train",
        "val",
        "epochs",
        "batch_size",
        "shuffle",
    }
    assert setup["batch_size"] == 16
    inputs, targets = setup["train"]
    assert (inputs.shape, targets.shape) == ((96, 6), (96,))


@pytest.mark.parametrize("form", FORMS)
def test_any_loop_can_train_the_dict(form: str, tmp_path: Path):
    setup = as_setup(treat(load_target(target(tmp_path, form))(0), REMEDIES))
    data = setup["train"]
    if form == "tensors":
        data = [data]
    elif form == "data set":
        data = torch.utils.data.DataLoader(data, batch_size=8)
    for inputs, targets in data:
        assert set(targets.tolist()) <= {0, 1}
        setup["optimizer"].zero_grad()
        setup["loss_fn"](setup["model"](inputs), targets).backward()
        setup["optimizer"].step()


def test_a_loader_keeps_its_workers_and_its_own_collation(tmp_path: Path):
    setup = as_setup(treat(load_target(target(tmp_path, "loader"))(0), (REMEDIES[0],)))
    assert isinstance(setup["train"], torch.utils.data.DataLoader)
    assert setup["train"].batch_size == 8


def test_a_program_with_a_schedule_of_its_own_unit_is_returned_as_it_is(
    digits: Callable[..., Any],
):
    program = digits(scheduler_unit="update")(0)
    assert as_setup(program) is program
    assert isinstance(as_setup(digits()(0)), Mapping)


def test_the_snippet_has_every_change_in_order():
    snippet = snippet_of((ReplaceLoss("cross_entropy"), SetLearningRate(lr=0.02)))
    loss, rate = snippet.index("CrossEntropyLoss"), snippet.index("0.02")
    assert 0 < loss < rate
    assert snippet.startswith("# Replace the loss")


def test_the_source_of_a_target_changes_with_its_file(tmp_path: Path):
    name = target(tmp_path)
    before = source_of_target(name)
    (tmp_path / "their_program.py").write_text(SOURCE.replace("TRAIN", "(x[:64], y[:64])"))
    assert source_of_target(name) != before
    assert source_of_target(str(tmp_path / "none.py:make")).startswith(str(tmp_path))


def test_the_written_program_reaches_what_the_proof_says_wherever_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    theirs, elsewhere = tmp_path / "theirs", tmp_path / "elsewhere"
    theirs.mkdir()
    elsewhere.mkdir()
    target(theirs)
    monkeypatch.chdir(theirs)
    name = "their_program.py:make"
    proof = run_trial(Workbench(load_target(name)), REMEDIES, seeds=(101, 102, 103))
    repair = Repair(outcome="repaired", remedies=REMEDIES, proof=proof)
    code = written(repair, name).code
    monkeypatch.chdir(elsewhere)
    make = run_file(code, elsewhere)
    assert len(proof.treated_results) >= 2
    for expected in proof.treated_results:
        assert run_arm(make, (), expected.seed).value == expected.value


def test_what_is_advised_and_harmless_is_written_too(tmp_path: Path):
    repair = Repair(
        outcome="advised",
        advised=(
            Advice(remedies=(ClipGradients(1.0),), is_harmless=True),
            Advice(remedies=(Reinitialize(),)),
        ),
    )
    code = written(repair, target(tmp_path)).code
    assert "ClipGradients(" in code
    assert "Reinitialize(" not in code
