import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headway.runs.lines import decode_line, encode_line, read_last_lines, read_lines


@pytest.mark.parametrize(
    "value", [math.inf, -math.inf, 1e-320, -0.0, 0.1, 3, True, "x", None]
)
def test_a_value_survives_the_round_trip(value: Any):
    assert decode_line(encode_line({"value": value})) == {"value": value}


def test_nan_survives_the_round_trip():
    row = decode_line(encode_line({"value": math.nan}))
    assert row is not None
    assert math.isnan(row["value"])


def test_a_number_that_json_lacks_survives_inside_lists_and_mappings():
    row = {"values": {"losses": [1.0, math.inf]}}
    assert decode_line(encode_line(row)) == row


@pytest.mark.parametrize(
    ("value", "text"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf")]
)
def test_a_number_that_json_lacks_is_written_as_a_string(value: float, text: str):
    assert json.loads(encode_line({"loss": value})) == {"loss": text}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param(np.float32(0.5), 0.5, id="numpy float32"),
        pytest.param(np.float64("nan"), "nan", id="numpy float64"),
        pytest.param((1, 2), [1, 2], id="tuple"),
        pytest.param(Path("a/b"), "a/b", id="path"),
    ],
)
def test_a_value_of_another_type_is_written_as_its_nearest_json(value: Any, written: Any):
    assert json.loads(encode_line({"value": value})) == {"value": written}


def test_text_with_a_newline_stays_on_one_line():
    assert encode_line({"cause": "a\nb"}).count(b"\n") == 1


def test_a_name_the_file_system_could_not_decode_is_kept():
    row = {"path": b"\xff".decode("utf-8", "surrogateescape")}
    assert decode_line(encode_line(row)) == row


@pytest.mark.parametrize(
    "line", [b"\n", b'{"step": 1\n', b"17\n", b"\0\0\0\0\n", b"\xff\xfe\n"]
)
def test_a_damaged_line_reads_as_none(line: bytes):
    assert decode_line(line) is None


def test_a_missing_file_has_no_lines(tmp_path: Path):
    assert list(read_lines(tmp_path / "metrics.jsonl")) == []


def test_a_missing_file_has_no_last_lines(tmp_path: Path):
    assert read_last_lines(tmp_path / "metrics.jsonl") == []


def test_the_last_lines_of_a_short_file_are_all_its_lines(tmp_path: Path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 1}\nbad\n{"step": 2}\n{"step": 3')
    assert read_last_lines(path) == [{"step": 1}, {"step": 2}]


def test_the_last_lines_of_a_long_file_are_the_newest_whole_ones(tmp_path: Path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b"".join(encode_line({"step": step}) for step in range(10_000)))
    found = [row["step"] for row in read_last_lines(path)]
    assert found == list(range(found[0], 10_000))
    assert found[0] > 0
