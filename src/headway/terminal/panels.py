"""The panels before and after a run, for rich."""

from rich.box import ROUNDED
from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from headway.engine import EvaluationReport
from headway.terminal.facts import EndFacts, StartFacts
from headway.terminal.numbers import main_first, metric
from headway.terminal.results import (
    Result,
    commands,
    confusions,
    results,
    time_text,
)
from headway.terminal.words import start_rows

# A wider panel only pulls its text apart.
MAX_WIDTH = 100
ACCENT = "cyan"
GOOD = "green"
_LABEL_WIDTH = 9


def start_panel(facts: StartFacts) -> RenderableType:
    """Return what is about to be trained."""
    return _panel("headway", [(label, Text(text)) for label, text in start_rows(facts)])


def end_panel(
    end: EndFacts, start: StartFacts | None, best: EvaluationReport | None
) -> RenderableType:
    """Return what was learned."""
    found = results(end, start, best)
    rows: list[tuple[str, RenderableType]] = []
    if found:
        rows.append(("result", _metric_table(found, end.monitor)))
    if pairs := confusions(end.classes, end.confusion):
        rows.append(("confused", Text("\n".join(pairs))))
    rows.append(("time", Text(time_text(end, start))))
    if end.folder is not None:
        rows.append(("run", Text(end.folder)))
    return _panel("done", rows)


def print_panel(console: Console, panel: RenderableType) -> None:
    """Print a panel as wide as the terminal, but not wider than text is read well."""
    console.print(panel, width=min(console.width, MAX_WIDTH))


def print_commands(console: Console, end: EndFacts, start: StartFacts | None) -> None:
    """Print the next commands on lines of their own, whole, so that they can be copied."""
    for label, command in commands(end, start):
        line = Text.assemble((f"  {label:{_LABEL_WIDTH}}  ", "dim"), command)
        console.print(line, soft_wrap=True)


def _panel(title: str, rows: list[tuple[str, RenderableType]]) -> RenderableType:
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(style="dim", no_wrap=True, min_width=_LABEL_WIDTH)
    grid.add_column(ratio=1, overflow="fold")
    for label, value in rows:
        grid.add_row(Text(label), value)
    heading = Text(f" {title} ", style=f"bold {ACCENT}")
    return Panel(grid, title=heading, title_align="left", box=ROUNDED, border_style="dim")


def _metric_table(found: list[Result], monitor: str) -> RenderableType:
    names = main_first((name for result in found for name in result.values), monitor)
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(min_width=8)  # the one that gives way where it is narrow
    for _ in names:
        grid.add_column(justify="right", no_wrap=True)
    grid.add_row("", *(Text(name, style="dim") for name in names))
    for result in found:
        style = f"bold {GOOD}" if result.label == "best" else ""
        label = f"{result.label}, {result.note}" if result.note else result.label
        cells = [
            Text(metric(name, result.values[name]) if name in result.values else "", style)
            for name in names
        ]
        grid.add_row(Text(label), *cells)
    return grid
