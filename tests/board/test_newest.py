"""The newest numbers come from the end of a file, however long it is."""

from pathlib import Path

import pytest

from headway.board.newest import Newest
from headway.runs import METRICS, encode_line

from .records import append, append_rows, report


@pytest.fixture
def newest(tmp_path: Path) -> Newest:
    return Newest(tmp_path / METRICS)


def test_each_metric_has_its_newest_number(newest: Newest, tmp_path: Path):
    append_rows(tmp_path, [report(1, a=1.0, b=2.0), report(2, a=3.0)])
    newest.read()
    assert newest.values == {"step": 2.0, "time": 1002.0, "epoch": 0.2, "a": 3.0, "b": 2.0}


@pytest.mark.parametrize("rows", [50, 2000, 6000])
def test_an_evaluation_far_from_the_end_is_found(newest: Newest, tmp_path: Path, rows: int):
    evaluation = report(0, **{"val/loss": 7.0})
    after = [report(step, **{"train/loss": 1.0}) for step in range(1, rows)]
    append_rows(tmp_path, [report(0, **{"val/loss": 9.0}), evaluation, *after])
    newest.read()
    assert newest.values["val/loss"] == 7.0
    assert newest.values["step"] == rows - 1


def test_a_torn_last_line_does_not_count(newest: Newest, tmp_path: Path):
    append(tmp_path / METRICS, encode_line(report(1, a=1.0)) + b'{"step": 2, "a": 5}')
    newest.read()
    assert (newest.values["step"], newest.damage) == (1.0, [])


def test_damage_far_from_the_start_is_named_by_its_line(newest: Newest, tmp_path: Path):
    append_rows(tmp_path, [report(step, a=1.0) for step in range(500)])
    append(tmp_path / METRICS, b"bad\n")
    append_rows(tmp_path, [report(500, a=2.0)])
    newest.read()
    assert [each.line for each in newest.damage] == [501]


def test_no_file_has_no_numbers(newest: Newest):
    newest.read()
    assert (newest.values, newest.stamp) == ({}, None)
