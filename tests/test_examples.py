"""The examples run as a user runs them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def run_example(name: str, folder: Path) -> str:
    """Run an example in `folder` and return what it printed."""
    result = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.slow
def test_a_network_of_ones_own_learns_the_digits_and_leaves_a_run(tmp_path):
    printed = run_example("own_model.py", tmp_path)

    assert float(printed.partition("test accuracy ")[2].split()[0]) > 0.9
    run = printed.partition("lies in ")[2].strip()
    assert (tmp_path / run / "recipe.toml").is_file()


def test_a_setup_of_ones_own_parts_learns_the_digits_and_leaves_nothing(tmp_path):
    printed = run_example("own_loop.py", tmp_path)

    assert float(printed.partition("best accuracy ")[2]) > 0.9
    assert list(tmp_path.iterdir()) == []
