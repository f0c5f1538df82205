"""Numbers of layers arrive on the page as they were measured."""

import base64
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headway.board.board import Board
from headway.board.layers import grid
from headway.runs import LAYERS, LayerFile, LayerRow

from .records import append, write_run


def unpacked(answer: dict[str, Any]) -> np.ndarray:
    """Return the numbers of a grid, as the page works them out."""
    places = np.frombuffer(base64.b64decode(answer["data"]), "<u2").astype(float)
    low, high, share = answer["low"], answer["high"], places / 65534
    values = (
        low * (high / low) ** share
        if answer["scale"] == "log"
        else low + (high - low) * share
    )
    values[places == 65535] = math.nan
    if answer["has_zero"]:
        values[places == 0] = 0.0
    return values.reshape(answer["rows"], answer["columns"])


def write_layers(folder: Path, samples: list[dict[str, float]]) -> None:
    """Write one sample of two layers for each of `samples`, the second with half of it."""
    file = LayerFile(folder)
    for step, numbers in enumerate(samples):
        half = {name: value / 2 for name, value in numbers.items()}
        rows = [
            LayerRow(name="stem", kind="linear", numbers=numbers),
            LayerRow(name="head", kind="linear", numbers=half),
        ]
        file.append(step, rows)
    file.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_run(tmp_path / "a")


def test_layers_come_in_the_order_of_depth_with_their_steps(folder: Path):
    write_layers(folder, [{"grad_norm": 1.0}, {"grad_norm": 2.0}])
    found = Board(folder.parent).layers("a")
    assert found["layers"] == [
        {"name": "stem", "kind": "linear"},
        {"name": "head", "kind": "linear"},
    ]
    assert (found["steps"], list(found["grids"])) == ([0, 1], ["grad_norm"])


def test_a_grid_has_a_row_for_each_layer_and_a_column_for_each_step(folder: Path):
    write_layers(folder, [{"dead_fraction": 0.25}, {"dead_fraction": 0.5}])
    found = Board(folder.parent).layers("a")["grids"]["dead_fraction"]
    np.testing.assert_allclose(unpacked(found), [[0.25, 0.5], [0.125, 0.25]], atol=1e-5)


def test_of_many_steps_evenly_spread_ones_are_taken(folder: Path):
    write_layers(folder, [{"grad_norm": 1.0 + step} for step in range(101)])
    found = Board(folder.parent).layers("a", 5)
    assert found["steps"] == [0, 25, 50, 75, 100]
    assert unpacked(found["grids"]["grad_norm"])[0] == pytest.approx(
        [1, 26, 51, 76, 101], rel=1e-3
    )


def test_a_new_sample_is_shown(folder: Path):
    write_layers(folder, [{"grad_norm": 1.0}])
    board = Board(folder.parent)
    board.layers("a")
    write_layers(folder, [{"grad_norm": 1.0}, {"grad_norm": 2.0}])
    assert board.layers("a")["steps"] == [0, 1]


def test_a_damaged_line_is_named(folder: Path):
    write_layers(folder, [{"grad_norm": 1.0}])
    append(folder / LAYERS, b"bad\n")
    board = Board(folder.parent)
    board.layers("a")
    damage = board.run("a")["damage"]
    assert [(each["file"], each["line"]) for each in damage] == [(LAYERS, 3)]


def test_a_logarithmic_grid_is_exact_to_a_thousandth():
    generator = np.random.default_rng(0)
    values = 10 ** generator.uniform(-12, 6, size=(50, 40))
    found = grid(values, "grad_norm")
    assert found is not None
    np.testing.assert_allclose(unpacked(found), values, rtol=1e-3)


def test_zero_is_exact_on_a_logarithmic_grid():
    values = np.array([[0.0, 1e-6], [1e-3, 0.0]])
    found = grid(values, "update_ratio")
    assert found is not None
    np.testing.assert_allclose(unpacked(found), values, rtol=1e-3)


@pytest.mark.parametrize("name", ["grad_norm", "dead_fraction"])
def test_what_is_no_number_has_no_value(name: str):
    found = grid(np.array([[0.5, math.nan]]), name)
    assert found is not None
    assert np.isnan(unpacked(found)).tolist() == [[False, True]]


def test_what_is_infinite_counts_as_the_largest():
    found = grid(np.array([[1.0, 10.0, math.inf]]), "grad_norm")
    assert found is not None
    assert unpacked(found)[0, 2] == pytest.approx(10.0)


def test_a_share_is_shown_from_0_to_1():
    found = grid(np.array([[0.2, 0.3]]), "dead_fraction")
    assert found is not None
    assert (found["scale"], found["low"], found["high"]) == ("linear", 0.0, 1.0)


@pytest.mark.parametrize("value", [0.0, 1e-30, 5.0, 3e38])
def test_a_grid_of_one_number_everywhere_shows_it(value: float):
    values = np.full((2, 3), value, dtype=np.float32)
    found = grid(values, "grad_norm")
    assert found is not None
    np.testing.assert_allclose(unpacked(found), values, rtol=1e-3)


def test_no_numbers_at_all_are_no_grid():
    assert grid(np.full((2, 2), math.nan), "grad_norm") is None
