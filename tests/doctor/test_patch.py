from pathlib import Path

import pytest

from headway.doctor.patch import patch_for
from headway.doctor.remedies.activations import SwapActivation
from headway.doctor.remedies.batches import SetBatchSize, Shuffle
from headway.doctor.remedies.duration import SetEpochs
from headway.doctor.remedies.heads import RemoveHead
from headway.doctor.remedies.initialization import Reinitialize
from headway.doctor.remedies.losses import ReplaceLoss
from headway.doctor.remedies.optimizers import SetOptimizer
from headway.doctor.remedies.rates import ScaleLearningRate, SetLearningRate
from headway.doctor.remedies.regularization import SetDropout, SetWeightDecay
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.remedies.together import Together

SOURCE = '''"""Tells points above a plane from points below it — ü."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

x = torch.randn(96, 6, generator=torch.Generator().manual_seed(0))
y = (x[:, 0] > 0).long()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 8)
        self.second = nn.Linear(8, 8)
        self.drop = nn.Dropout(0.9)
        self.last = nn.Linear(8, 2)

    def forward(self, x):
        x = self.drop(torch.sigmoid(self.first(x)))
        x = F.sigmoid(self.second(x))
        return F.softmax(self.last(x), dim=-1)


def make(seed=0):
    torch.manual_seed(seed)
    model = Net()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=10.0, weight_decay=0.5),
        "train": DataLoader(TensorDataset(x, y), batch_size=4, shuffle=False),
        "val": (x, y),
        "batch_size": 4,
        "epochs": 2,
    }
'''
ADDED: dict[str, tuple[Remedy, list[str]]] = {
    "rate": (SetLearningRate(lr=0.1), ["lr=0.1, weight_decay=0.5"]),
    "scaled rate": (ScaleLearningRate(factor=0.01), ["lr=0.1, weight_decay=0.5"]),
    "decay": (SetWeightDecay(weight_decay=0.0), ["lr=10.0, weight_decay=0)"]),
    "optimizer": (
        SetOptimizer("adam", 0.01),
        ["torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=0.5)"],
    ),
    "epochs": (SetEpochs(epochs=7), ['"epochs": 7,']),
    "dropout": (SetDropout(p=0.1), ["nn.Dropout(0.1)"]),
    "head": (RemoveHead("softmax"), ["return self.last(x)"]),
    "activation": (
        SwapActivation("relu"),
        ["torch.relu(self.first(x))", "F.relu(self.second(x))"],
    ),
}


@pytest.fixture
def name(tmp_path: Path) -> str:
    path = tmp_path / "their_program.py"
    path.write_text(SOURCE, encoding="utf-8")
    return f"{path}:make"


def added(patch: str) -> list[str]:
    return [line[1:].strip() for line in patch.splitlines() if line.startswith("+ ")]


@pytest.mark.parametrize("case", ADDED)
def test_a_change_of_one_literal_or_name_is_written_as_a_diff(name: str, case: str):
    remedy, expected = ADDED[case]
    lines = added(patch_for(name, (remedy,)))
    assert len(lines) == len(expected)
    assert all(part in line for part, line in zip(expected, lines, strict=True))


def test_a_head_and_a_loss_are_changed_together(tmp_path: Path):
    path = tmp_path / "nll_of_probabilities.py"
    path.write_text(SOURCE.replace("CrossEntropyLoss", "NLLLoss"), encoding="utf-8")
    remedy = Together((RemoveHead("softmax"), ReplaceLoss("cross_entropy")))
    lines = added(patch_for(f"{path}:make", (remedy,)))
    assert lines == ["return self.last(x)", '"loss_fn": nn.CrossEntropyLoss(),']


def test_several_changes_are_one_diff(name: str):
    remedies = (RemoveHead("softmax"), SwapActivation("relu"), SetLearningRate(lr=0.1))
    patch = patch_for(name, remedies)
    assert patch.startswith("--- a/their_program.py\n+++ b/their_program.py\n")
    assert len(added(patch)) == 4


def test_the_users_file_stays_as_it_is(name: str):
    patch_for(name, (SetLearningRate(lr=0.1),))
    assert Path(name.rpartition(":")[0]).read_text(encoding="utf-8") == SOURCE


def test_what_cannot_be_written_as_a_literal_gets_no_diff(name: str):
    assert patch_for(name, (Reinitialize(),)) == ""
    assert patch_for(name, (SetLearningRate(lr=0.1), Reinitialize())) == ""


def test_an_edit_after_which_the_program_trains_otherwise_is_not_offered(tmp_path: Path):
    path = tmp_path / "sets_it_later.py"
    later = SOURCE.replace('"optimizer": torch', '"optimizer": slow(torch').replace(
        "weight_decay=0.5)", "weight_decay=0.5))"
    )
    path.write_text(
        f"{later}\n\ndef slow(optimizer):\n    optimizer.param_groups[0]['lr'] = 3.0\n"
        "    return optimizer\n",
        encoding="utf-8",
    )
    assert patch_for(f"{path}:make", (SetLearningRate(lr=0.1),)) == ""


def test_a_loader_is_changed_where_it_is_made(name: str):
    assert added(patch_for(name, (Shuffle(),)))[0].endswith("batch_size=4, shuffle=True),")
    lines = added(patch_for(name, (SetBatchSize(batch_size=16),)))
    assert lines[0].endswith("batch_size=16, shuffle=False),")
