from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headway.data import SourceOptions, read_source
from headway.errors import DataError


@pytest.mark.parametrize(
    ("spec", "guess"),
    [
        ("digit", "digits"),
        ("mnits", "mnist"),
        ("CIFAR-10", "cifar10"),
        ("fashion", "fashion-mnist"),
    ],
)
def test_a_misspelt_name_is_guessed(spec: str, guess: str):
    with pytest.raises(
        DataError, match=f"no data source or path '{spec}'. Did you mean '{guess}'"
    ):
        read_source(spec)


def test_a_misspelt_path_is_guessed_from_its_neighbours(tmp_path: Path):
    (tmp_path / "flowers").mkdir()
    message = rf"{tmp_path} has no 'flower'\. Did you mean 'flowers'\?"
    with pytest.raises(DataError, match=message):
        read_source(str(tmp_path / "flower" / "train"))


def test_arrays_that_only_start_alike_are_no_match(tmp_path: Path):
    np.save(tmp_path / "small_x.npy", np.zeros((2, 3)))
    with pytest.raises(DataError, match="there is no path"):
        read_source(str(tmp_path / "sma"))


def test_a_path_without_neighbours_lists_the_names(tmp_path: Path):
    with pytest.raises(DataError, match="Sources known by name are digits, mnist"):
        read_source(str(tmp_path / "nothing"))


def test_a_name_wins_over_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    assert len(read_source("digits").train) == 1797
    with pytest.raises(DataError, match="has no class folders"):
        read_source("./digits")


def test_the_home_folder_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 3)), y=np.array([0, 1]))
    assert len(read_source("~/a.npz").train) == 2


def test_a_file_of_another_kind_is_refused(tmp_path: Path):
    (tmp_path / "a.xlsx").write_text("")
    with pytest.raises(
        DataError, match=r"a\.xlsx: not a kind of file that can be trained on"
    ):
        read_source(str(tmp_path / "a.xlsx"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_size": 32}, r"data\.image_size=32 changes image files only.*\(1, 8, 8\)"),
        ({"channels": 3}, r"data\.channels=3 changes image files only"),
        ({"target": "y"}, r"has no columns, so data\.target=y means nothing"),
        (
            {"task": "regression"},
            r"targets are for classification, not for task\.kind=regr",
        ),
    ],
    ids=str,
)
def test_options_that_cannot_be_met_are_refused(options: dict[str, Any], message: str):
    with pytest.raises(DataError, match=message):
        read_source("digits", SourceOptions(**options))


def test_options_that_are_met_already_are_accepted():
    assert len(read_source("digits", SourceOptions(image_size=8, channels=1)).train) == 1797


@pytest.mark.parametrize(("name", "value"), [("channels", 2), ("image_size", 0)])
def test_options_out_of_range_are_refused(name: str, value: int):
    with pytest.raises(DataError, match=rf"data\.{name} must be .*, got {value}"):
        SourceOptions(**{name: value})
