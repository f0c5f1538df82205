"""A set small enough to search on."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

QUICK = [
    "machine.threads=1",
    "machine.device=cpu",
    "precision.mode=off",
    "training.batch_size=32",
]
SMALL = [*QUICK, "model.options.hidden=[16]"]


@pytest.fixture(scope="session")
def few_digits(tmp_path_factory) -> str:
    """Return 240 digits of three kinds, as a file."""
    digits = load_digits()
    kept = digits.target < 3
    images = np.round(digits.images[kept][:240] * 255 / 16).astype(np.uint8)
    path = tmp_path_factory.mktemp("digits") / "few.npz"
    np.savez(path, x=images, y=digits.target[kept][:240])
    return str(path)


@pytest.fixture
def network_file(tmp_path) -> Path:
    """Return a file with networks that start badly."""
    path = tmp_path / "networks.py"
    path.write_text(
        "from torch import nn\n"
        "def network(num_outputs, factor):\n"
        "    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(),\n"
        "                          nn.Linear(16, num_outputs))\n"
        "    for parameter in model.parameters():\n"
        "        parameter.data.mul_(factor)\n"
        "    return model\n"
        "def huge(num_outputs):\n"
        "    return network(num_outputs, 100.0)\n"
        "def dead(num_outputs):\n"
        "    return network(num_outputs, 0.0)\n"
    )
    return path
