"""Lines of metrics.jsonl as rows of numbers."""

from operator import itemgetter
from typing import Any, cast

import msgspec

from headway.board.files import Damage, excerpt
from headway.board.numbers import decode_json, numbers_in
from headway.runs import METRICS

# What a row has besides metrics.
NO_METRICS = frozenset({"step", "time", "epoch"})
Row = dict[str, float | str]
_ROW = msgspec.json.Decoder(Row)


def decode_rows(first: int, lines: bytes) -> tuple[list[Row], list[Damage]]:
    """Return the rows of whole lines, and what could not be read of them.

    A row has a "step"; of its other fields those that are numbers or the words for numbers
    that JSON lacks.

    Args:
        first: Number of the first line.
        lines: Lines, each with its newline.
    """
    try:
        rows = _ROW.decode_lines(lines)
        are_steps = set(map(type, map(itemgetter("step"), rows))) <= {float}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return _one_by_one(first, lines)
    # Fewer or more rows than lines: some line is blank, or no object of its own.
    if not are_steps or len(rows) != lines.count(b"\n"):
        return _one_by_one(first, lines)
    return rows, []


def _one_by_one(first: int, lines: bytes) -> tuple[list[Row], list[Damage]]:
    rows: list[Row] = []
    damage: list[Damage] = []
    for number, line in enumerate(lines.split(b"\n")[:-1], start=first):
        found = _decode(line)
        if isinstance(found, str):
            damage.append(Damage(METRICS, number, f"{found}: {excerpt(line)}"))
        else:
            rows.append(found)
    return rows, damage


def _decode(line: bytes) -> Row | str:
    """Return a row, or what is wrong with it."""
    try:
        content: Any = decode_json(line)
    except ValueError:
        return "no JSON" if line.strip() else "a blank line"
    if not isinstance(content, dict):
        return "no JSON object"
    row = numbers_in(cast("dict[str, Any]", content))
    return row if isinstance(row.get("step"), float) else "no step"
