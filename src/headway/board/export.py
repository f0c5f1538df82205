"""Every number of runs as a table of text."""

import csv
import io
import math
from collections.abc import Iterable, Iterator

from headway.board.columns import Columns

HEADER = ("run", "metric", "step", "epoch", "time", "value")
_ROWS_AT_ONCE = 2000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_header() -> str:
    """Return the line with the names of the columns."""
    return _text([HEADER])


def csv_of(id_: str, columns: Columns, metrics: Iterable[str]) -> Iterator[str]:
    """Yield the rows of a run's metrics, a few thousand at once; nothing is left out.

    Args:
        id_: Id of the run.
        columns: Its numbers.
        metrics: Names; one that the run lacks has no rows.
    """
    # All at once: the run may grow between two pieces.
    where = [columns.at_rows(name) for name in ("step", "epoch", "time")]
    found = [(name, *columns.column(name)) for name in metrics]
    for name, rows, values in found:
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            places = rows[start : start + _ROWS_AT_ONCE]
            numbers = [[_place(place) for place in each[places].tolist()] for each in where]
            numbers.append(
                [repr(v) for v in values[start : start + _ROWS_AT_ONCE].tolist()]
            )
            who = _unarmed(id_), _unarmed(name)
            yield _text((*who, *row) for row in zip(*numbers, strict=True))


def _place(value: float) -> str:
    """Return a number in full, a whole one without a point; nothing for a missing one."""
    if math.isnan(value):
        return ""
    return str(int(value)) if value.is_integer() else repr(value)


def _unarmed(name: str) -> str:
    """Return a name so that a spreadsheet does not take it for a formula and runs it."""
    return f"'{name}" if name.startswith(_FORMULA_STARTS) else name


def _text(rows: Iterable[Iterable[str]]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()
