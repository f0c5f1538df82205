"""The display for files and pipes: lines of text that grep finds."""

import time
from collections.abc import Mapping
from typing import TextIO

from headway.engine import EvaluationReport, Event, StepReport
from headway.terminal.display import Display
from headway.terminal.facts import EndFacts, StartFacts
from headway.terminal.lines import Lines
from headway.terminal.numbers import main_first, short
from headway.terminal.progress import Progress
from headway.terminal.results import commands, confusions, results, time_text
from headway.terminal.words import event_text, start_rows

# A log that is read later needs no more.
_SECONDS_BETWEEN_REPORTS = 2.0


class PlainDisplay(Display):
    """Writes a line for every evaluation and event, and now and then one between.

    Lines about the run are "label: text"; lines of numbers begin with "train" or "eval" and
    go on with name=value.

    Args:
        stream: Where to write; standard output where None.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._lines = Lines(stream)
        self._progress = Progress()
        self._next_report = 0.0

    def begin(self, facts: StartFacts) -> None:
        """Write what is about to be trained."""
        super().begin(facts)
        for label, text in start_rows(facts):
            self._lines.write(f"{label or 'note'}: {text}")

    def on_start(self, *, step: int, total_steps: int) -> None:
        """Start the clock."""
        self._progress.start(step=step, total_steps=total_steps)
        self._wait()

    def on_report(self, report: StepReport) -> None:
        """Write the numbers of the last steps, unless a line was just written."""
        self._progress.take_report(report)
        if time.monotonic() < self._next_report:
            return
        left = self._progress.seconds_left
        fields = {
            "loss": f"{report.loss:.5g}",
            "lr": short(report.lr),
            "samples/s": f"{report.samples_per_second:.0f}",
            "left": "" if left is None else f"{left:.0f}s",
        }
        self._write("train", report, fields)
        self._wait()

    def on_evaluation(self, report: EvaluationReport) -> None:
        """Write the metrics."""
        self._progress.take_evaluation(report)
        fields = _shown(report.values)
        if report.is_best:
            fields["best"] = "yes"
        self._write("eval", report, fields)
        self._wait()

    def on_event(self, event: Event) -> None:
        """Write what happened."""
        if text := event_text(event):
            self._lines.write(f"event: {text}")

    def finish(self, facts: EndFacts) -> None:
        """Write what was learned."""
        for result in results(facts, self.facts, self._progress.best):
            values = " ".join(
                f"{name}={text}"
                for name, text in _shown(result.values, facts.monitor).items()
            )
            note = f" ({result.note})" if result.note else ""
            self._lines.write(f"{result.label}: {values}{note}")
        for pair in confusions(facts.classes, facts.confusion):
            self._lines.write(f"confused: {pair}")
        self._lines.write(f"time: {time_text(facts, self.facts)}")
        for label, command in commands(facts, self.facts):
            self._lines.write(f"{label}: {command}")

    def message(self, text: str) -> None:
        """Write one line."""
        self._lines.write(text)

    def _write(
        self, kind: str, report: StepReport | EvaluationReport, fields: dict[str, str]
    ) -> None:
        where = f"step={report.step}/{self._progress.total_steps} epoch={report.epoch:.4g}"
        values = " ".join(f"{name}={text}" for name, text in fields.items() if text)
        self._lines.write(f"{kind} {where} {values}")

    def _wait(self) -> None:
        self._next_report = time.monotonic() + _SECONDS_BETWEEN_REPORTS


def _shown(values: Mapping[str, float], monitor: str = "") -> dict[str, str]:
    """Return the metrics as text, the one that says most first."""
    main = main_first((name.rpartition("/")[2] for name in values), monitor)[:1]
    names = sorted(values, key=lambda name: name.rpartition("/")[2] not in main)
    return {name: f"{values[name]:.5g}" for name in names}
