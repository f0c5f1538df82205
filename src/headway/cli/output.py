"""Printing: columns for a person, tabs and JSON for programs."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from headway.runs import encode_line

_GAP = 2


def is_terminal() -> bool:
    """Return whether a person reads what is printed."""
    return sys.stdout.isatty()


def print_line(text: str) -> None:
    """Print one line as it is."""
    sys.stdout.write(f"{text}\n")


def print_json(row: Mapping[str, Any]) -> None:
    """Print one JSON object on a line of its own."""
    print_line(encode_line(row).decode().rstrip())


def print_rows(
    rows: Sequence[Sequence[str]],
    *,
    header: Sequence[str] = (),
    less_important: Sequence[str] = (),
) -> None:
    """Print columns that fit the terminal; to a pipe or a file, whole and separated by tabs.

    Args:
        rows: Cells of each row; a row may have fewer than others.
        header: Name of each column.
        less_important: Columns to leave out where the terminal is narrow, the first first.
    """
    if is_terminal():
        _print_table(rows, header, less_important)
        return
    for row in [header, *rows] if header else rows:
        print_line("\t".join(row))


def waiting(text: str, *, is_silent: bool = False) -> AbstractContextManager[object]:
    """Return a context that shows a person at a terminal that something is going on.

    Args:
        text: What is going on.
        is_silent: Show nothing.
    """
    if is_silent or not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.text import Text

    # Streams are left alone: a data loader may fork meanwhile.
    return Live(
        Spinner("dots", text=Text(text, "dim"), style="cyan"),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def _print_table(
    rows: Sequence[Sequence[str]], header: Sequence[str], less_important: Sequence[str]
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    shown = _fitting(rows, header, less_important, console.width)
    table = Table.grid(padding=(0, _GAP, 0, 0))
    for row in ([header] if header else []) + [*rows]:
        cells = [row[i] if i < len(row) else "" for i in shown]
        style = "dim" if row is header else ""
        table.add_row(*(Text(cell, style) for cell in cells))
    console.print(table)


def _fitting(
    rows: Sequence[Sequence[str]],
    header: Sequence[str],
    less_important: Sequence[str],
    width: int,
) -> list[int]:
    """Return the numbers of the columns to show."""
    everything = [header, *rows]
    columns = range(max(map(len, everything)))
    widths = [max(len(row[i]) for row in everything if i < len(row)) for i in columns]
    shown = list(columns)
    for name in less_important:
        if sum(widths[i] + _GAP for i in shown) - _GAP <= width:
            break
        shown.remove(header.index(name))
    return shown
