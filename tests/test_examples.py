"""The examples run as a user runs them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

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


def test_four_kernels_make_four_pictures(tmp_path):
    printed = run_example("filters.py", tmp_path)

    assert printed == "filters.png: original, sharpen, edges, strong edges\n"
    with Image.open(tmp_path / "filters.png") as strip:
        assert strip.size == (4 * 640, 427)


def test_a_setup_of_ones_own_parts_learns_the_digits_and_leaves_nothing(tmp_path):
    printed = run_example("own_loop.py", tmp_path)

    assert float(printed.partition("best accuracy ")[2]) > 0.9
    assert list(tmp_path.iterdir()) == []


def test_a_lottery_ticket_trains_better_than_fresh_weights_under_its_masks(tmp_path):
    whole, *rounds = run_example("lottery_ticket.py", tmp_path).splitlines()
    words = rounds[-1].split()
    left, ticket, fresh = (float(words[index].strip("%")) for index in (2, 4, 7))

    assert float(whole.split()[-1]) > 0.93
    assert left < 5
    assert ticket > 0.7
    assert ticket > fresh + 0.1
