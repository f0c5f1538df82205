"""Experiments are shown as the lab left them."""

import json
from pathlib import Path

import pytest

from headway.board.board import Board
from headway.errors import RunError


@pytest.fixture
def board(tmp_path: Path) -> Board:
    """Return a board over one experiment that was judged and one that was not."""
    good = tmp_path / "lab" / "degradation"
    good.mkdir(parents=True)
    (good / "finding.json").write_text(
        json.dumps({"name": "degradation", "title": "Degradation", "verdict": "REPRODUCED"})
    )
    (good / "picture.png").write_bytes(b"picture")
    (tmp_path / "lab" / "old" / "numbers").mkdir(parents=True)
    (tmp_path / "lab" / "old" / "picture.png").write_bytes(b"old")
    return Board(tmp_path)


def test_an_experiment_is_shown_with_its_verdict(board: Board):
    found = board.lab()["experiments"][0]
    shown = ("name", "title", "verdict", "folder", "picture", "error")
    assert [found[name] for name in shown] == [
        *("degradation", "Degradation", "REPRODUCED", "lab/degradation", True, "")
    ]


def test_an_experiment_without_a_finding_is_not_judged(board: Board):
    assert board.lab()["experiments"][1]["verdict"] == "NOT JUDGED"


def test_verdicts_are_counted(board: Board):
    assert board.lab()["summary"] == "2 claims: 1 reproduced, 1 not judged"


def test_a_damaged_finding_is_named(board: Board, tmp_path: Path):
    (tmp_path / "lab/degradation/finding.json").write_text("{")
    assert "finding.json cannot be read" in board.lab()["experiments"][0]["error"]


@pytest.mark.parametrize("name", ["degradation", "lab/degradation"])
def test_a_picture_is_found_by_name_and_by_folder(board: Board, name: str):
    assert board.lab_picture(name) == b"picture"


@pytest.mark.parametrize("name", ["none", "..", "../../etc", "lab"])
def test_no_other_picture_is_given(board: Board, name: str):
    with pytest.raises(RunError, match="there is no experiment"):
        board.lab_picture(name)


def test_a_picture_that_is_a_link_is_not_given(board: Board, tmp_path: Path):
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "lab/degradation/picture.png").unlink()
    (tmp_path / "lab/degradation/picture.png").symlink_to(tmp_path / "secret")
    with pytest.raises(RunError, match="has no picture yet"):
        board.lab_picture("degradation")
