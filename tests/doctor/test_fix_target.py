from pathlib import Path

import pytest

from headway.doctor.arm import run_arm
from headway.doctor.fix import fix_target
from headway.doctor.target import load_target
from headway.errors import TargetError

SOURCE = """
import torch
from torch import nn


def make(seed=0):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(300) % 3
    x = torch.randn(300, 4, generator=generator) * 0.5 + 3 * torch.eye(4)[y]
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=1e-6),
        "train": (x[:200], y[:200]),
        "val": (x[200:], y[200:]),
        "batch_size": 20,
        "epochs": 4,
        "metric": "accuracy",
    }
"""


@pytest.fixture
def name(tmp_path: Path) -> str:
    path = tmp_path / "their_program.py"
    path.write_text(SOURCE)
    return f"{path}:make"


@pytest.mark.slow
def test_a_file_is_repaired_from_the_check_to_the_code(name: str, tmp_path: Path):
    said: list[str] = []
    repair = fix_target(name, budget=300, out=tmp_path / "out", say=said.append)
    assert repair.is_repaired
    assert said
    written = tmp_path / "treated.py"
    written.write_text(repair.code)
    treated = run_arm(load_target(f"{written}:make"), (), 777)
    assert treated.value == run_arm(load_target(name), repair.remedies, 777).value > 0.95
    assert repair.snippet
    assert (tmp_path / "out" / "arms.jsonl").stat().st_size > 0
    assert Path(name.rpartition(":")[0]).read_text() == SOURCE


def test_a_target_that_is_none_has_a_clear_message(tmp_path: Path):
    with pytest.raises(TargetError, match="there is no file"):
        fix_target(str(tmp_path / "none.py:make"))
