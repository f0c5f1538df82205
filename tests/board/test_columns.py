"""Lines of metrics become columns; a damaged line costs itself and no other."""

import math

import numpy as np
import pytest

from headway.board.columns import Columns
from headway.board.rows import decode_rows
from headway.runs import encode_line

from .records import report


def columns_of(*lines: bytes) -> Columns:
    columns = Columns()
    columns.take(1, b"".join(lines))
    return columns


def rows_of(line: bytes) -> list[dict[str, float | str]]:
    return decode_rows(1, line)[0]


def test_each_metric_has_a_column_with_the_rows_it_stands_in():
    columns = columns_of(
        encode_line(report(1, **{"train/loss": 2.0})),
        encode_line(report(1, **{"val/loss": 3.0})),
        encode_line(report(2, **{"train/loss": 1.0})),
    )
    rows, values = columns.column("train/loss")
    assert (rows.tolist(), values.tolist()) == ([0, 2], [2.0, 1.0])


def test_rows_of_different_names_keep_their_order():
    columns = Columns()
    for step in range(5):
        extra = {"lr": 0.1} if step % 2 else {}
        columns.take(step + 1, encode_line(report(step, loss=float(step), **extra)))
    assert columns.column("loss")[1].tolist() == [0, 1, 2, 3, 4]


def test_a_block_of_mixed_rows_keeps_their_order():
    lines = [
        encode_line(report(i, loss=float(i), **({"a": 1} if i % 3 else {"b": 2})))
        for i in range(9)
    ]
    assert columns_of(*lines).column("loss")[1].tolist() == list(range(9))


def test_a_metric_that_is_not_there_is_an_empty_column():
    rows, values = columns_of(encode_line(report(1))).column("loss")
    assert (len(rows), len(values)) == (0, 0)


def test_numbers_that_json_lacks_are_read():
    values = columns_of(
        encode_line({"step": 1, "x": math.inf}),
        encode_line({"step": 2, "x": -math.inf}),
        encode_line({"step": 3, "x": math.nan}),
    ).column("x")[1]
    np.testing.assert_array_equal(values, [math.inf, -math.inf, math.nan])


def test_a_column_at_all_rows_is_nan_where_a_row_lacks_it():
    columns = columns_of(encode_line(report(1, x=5.0)), encode_line(report(2)))
    np.testing.assert_array_equal(columns.at_rows("x"), [5.0, math.nan])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(b'{"step": 2, "lo', "no JSON", id="torn"),
        pytest.param(b"", "a blank line", id="blank"),
        pytest.param(b"\0\0\0\0", "no JSON", id="zeros"),
        pytest.param(b"\xff\xfe", "no JSON", id="no text"),
        pytest.param(b"[1, 2]", "no JSON object", id="list"),
        pytest.param(b'{"loss": 1}', "no step", id="no step"),
        pytest.param(b'{"step": "x"}', "no step", id="step no number"),
        pytest.param(b'{"step": 1} {"step": 2}', "no JSON", id="two in one"),
        pytest.param(b'{"step": 1e999}', "no JSON", id="too large"),
        pytest.param(b"[" * 10_000, "no JSON", id="nested"),
    ],
)
def test_a_damaged_line_is_named_and_the_others_are_read(line: bytes, reason: str):
    good = encode_line({"step": 1, "loss": 1.0})
    columns = columns_of(good, line + b"\n", good)
    damage = columns.damage[0]
    assert columns.column("loss")[0].tolist() == [0, 1]
    assert (damage.file, damage.line, damage.text.split(":")[0]) == (
        "metrics.jsonl",
        2,
        reason,
    )


def test_two_damaged_lines_that_make_a_whole_one_are_not_read():
    assert columns_of(b'{"step": 1,\n', b'"loss": 2}\n').num_rows == 0


@pytest.mark.parametrize("value", [b"null", b"[1]", b"true", b'{"a": 1}'])
def test_a_value_that_is_no_number_costs_itself_only(value: bytes):
    line = b'{"step": 1, "odd": ' + value + b', "loss": 2}\n'
    assert rows_of(line) == [{"step": 1.0, "loss": 2.0}]


def test_a_word_that_is_no_number_reads_as_nan():
    values = columns_of(b'{"step": 1, "x": "hello"}\n').column("x")[1]
    assert math.isnan(values[0])


def test_of_a_file_of_damage_the_first_lines_are_kept_and_all_are_counted():
    columns = columns_of(b"bad\n" * 1000)
    assert (len(columns.damage), columns.num_damaged) == (100, 1000)


def test_a_new_file_forgets_the_old_one():
    columns = columns_of(encode_line(report(1, x=1.0)), b"bad\n")
    columns.restart()
    columns.take(1, encode_line(report(1, y=2.0)))
    assert (columns.names, columns.damage) == (["step", "time", "epoch", "y"], [])


def test_the_memory_it_takes_is_that_of_its_numbers():
    lines = [encode_line(report(i, x=float(i))) for i in range(1000)]
    columns = columns_of(*lines)
    # 8 bytes for each number and 4 for its row
    assert columns.nbytes == pytest.approx(4 * 1000 * 12, rel=0.05)
