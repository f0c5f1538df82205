"""The numbers of one run in memory, one array for each metric."""

from collections import defaultdict
from itertools import chain

import numpy as np

from headway.board.files import Damage, excerpt
from headway.board.numbers import as_float
from headway.board.rows import Row, decode_rows
from headway.runs import METRICS

Array = np.ndarray
_MOST_DAMAGE = 100
# What a block of a column costs beside its numbers.
_BLOCK_BYTES = 300


class Columns:
    """Takes lines of metrics.jsonl and keeps them by column; a `Sink` of a cursor.

    Attributes:
        num_rows: Rows so far.
        num_damaged: Lines that could not be read.
        damage: The first of them.
        nbytes: Memory taken, about.
    """

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget everything."""
        self.num_rows = self.num_damaged = self.nbytes = 0
        self.damage: list[Damage] = []
        self._blocks: defaultdict[str, list[tuple[Array, Array]]] = defaultdict(list)

    def take(self, first: int, lines: bytes) -> None:
        """Add whole lines, the first of which has number `first`."""
        rows, damage = decode_rows(first, lines)
        self._note(damage)
        groups: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for index, names in enumerate(map(tuple, rows)):
            groups[names].append(index)
        for names, indexes in groups.items():
            self._add(names, indexes, rows)
        self.num_rows += len(rows)

    def skip(self, line: int, start: bytes) -> None:
        """Note a line that is too long."""
        self._note([Damage(METRICS, line, f"too long for a line: {excerpt(start)}")])

    def _note(self, damage: list[Damage]) -> None:
        self.num_damaged += len(damage)
        self.damage += damage[: _MOST_DAMAGE - len(self.damage)]

    def _add(self, names: tuple[str, ...], indexes: list[int], rows: list[Row]) -> None:
        """Add rows that have the same names, as one array each."""
        table = _numbers([rows[index] for index in indexes], len(names))
        places = np.array(indexes, dtype=np.int32) + np.int32(self.num_rows)
        for name, column in zip(names, table.T, strict=True):
            self._blocks[name].append((places, column.copy()))
            self.nbytes += column.nbytes + places.nbytes + _BLOCK_BYTES

    @property
    def names(self) -> list[str]:
        """Names of all columns, in the order in which they first came."""
        return list(self._blocks)

    def column(self, name: str) -> tuple[Array, Array]:
        """Return the rows that have a number of this name, in order, and the numbers."""
        blocks = self._blocks.get(name, [])
        if not blocks:
            return np.empty(0, dtype=np.int32), np.empty(0)
        places = np.concatenate([each for each, _ in blocks])
        values = np.concatenate([each for _, each in blocks])
        if np.any(places[1:] < places[:-1]):
            order = np.argsort(places, kind="stable")
            places, values = places[order], values[order]
        if len(blocks) > 1:
            self._blocks[name] = [(places, values)]
        return places, values

    def at_rows(self, name: str) -> Array:
        """Return a column with one number for each row, nan where it has none."""
        places, values = self.column(name)
        found = np.full(self.num_rows, np.nan)
        found[places] = values
        return found


def _numbers(rows: list[Row], width: int) -> Array:
    """Return rows of equal names as a table, with nan for words that are no number."""
    size = len(rows) * width
    try:
        values = chain.from_iterable(map(dict.values, rows))
        return np.fromiter(values, np.float64, size).reshape(-1, width)
    except ValueError:
        known = (as_float(value) for row in rows for value in row.values())
        return np.fromiter(known, np.float64, size).reshape(-1, width)
