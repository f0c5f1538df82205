"""The display for a person at a terminal: panels and a bar."""

import os
import sys
from typing import Self

from rich.console import Console
from rich.file_proxy import FileProxy
from rich.live import Live
from rich.text import Text

from headway.engine import EvaluationReport, Event, StepReport
from headway.terminal.bar import Bar
from headway.terminal.display import Display
from headway.terminal.facts import EndFacts, StartFacts
from headway.terminal.panels import end_panel, print_commands, print_panel, start_panel
from headway.terminal.progress import (
    Progress,
    rate_unit,
    steps_per_epoch,
    units_per_sample,
)
from headway.terminal.words import event_text

_REFRESH_PER_SECOND = 4


class RichDisplay(Display):
    """Shows a start panel, a bar while training and an end panel.

    Reports only change numbers; a thread of rich draws them a few times a second, so that a
    slow terminal never holds up the training.

    Args:
        console: Where to draw; standard output where None.
    """

    def __init__(self, console: Console | None = None) -> None:
        super().__init__()
        self._console = console or Console(highlight=False)
        self._progress = Progress()
        self._bar = Bar(self._progress)
        self._live: Live | None = None
        self._is_finished = False

    def __enter__(self) -> Self:
        self._draw()
        return self

    def begin(self, facts: StartFacts) -> None:
        """Draw the start panel."""
        super().begin(facts)
        self._bar.unit = rate_unit(facts)
        self._progress.units_per_sample = units_per_sample(facts)
        self._bar.steps_per_epoch = steps_per_epoch(facts)
        print_panel(self._console, start_panel(facts))

    def on_start(self, *, step: int, total_steps: int) -> None:
        """Start the clock and show the bar."""
        self._progress.start(step=step, total_steps=total_steps)
        self._bar.is_training = True
        self._draw()

    def on_progress(self, step: int) -> None:
        """Move the bar."""
        self._progress.step = step

    def on_report(self, report: StepReport) -> None:
        """Change the numbers under the bar."""
        self._progress.take_report(report)

    def on_evaluation(self, report: EvaluationReport) -> None:
        """Change the metrics under the bar."""
        self._progress.take_evaluation(report)

    def on_event(self, event: Event) -> None:
        """Print what happened above the bar."""
        self._is_finished = event.kind == "finished"
        if text := event_text(event):
            self._console.print(Text(text, style="yellow"))

    def on_end(self) -> None:
        """Stop drawing."""
        if self._live is not None:
            # Of a training that was cut short, the bar stays as its last word.
            self._live.transient = self._is_finished or not self._bar.is_training
            self._live.stop()
            self._live = None

    def finish(self, facts: EndFacts) -> None:
        """Draw the end panel and print the next commands."""
        print_panel(self._console, end_panel(facts, self.facts, self._progress.best))
        print_commands(self._console, facts, self.facts)

    def message(self, text: str) -> None:
        """Print one line above the bar."""
        self._console.print(Text(text))

    def _draw(self) -> None:
        if self._live is None:
            self._live = Live(
                self._bar, console=self._console, refresh_per_second=_REFRESH_PER_SECOND
            )
            self._live.start(refresh=True)


def _print_past_rich() -> None:
    """Give a forked process the streams themselves.

    Data loaders fork while a thread draws the bar; the child's copy of its lock may stay
    locked for ever, and a warning printed there would wait for it.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, FileProxy):
            setattr(sys, name, stream.rich_proxied_file)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_print_past_rich)
