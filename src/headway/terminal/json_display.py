"""The display for programs: one JSON object a line."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TextIO

from headway.engine import EvaluationReport, Event, StepReport
from headway.runs import encode_line
from headway.terminal.display import Display
from headway.terminal.facts import EndFacts, StartFacts
from headway.terminal.lines import Lines

# These say what "start", "evaluation" and "end" say with more detail.
_TOLD_OTHERWISE = frozenset({"started", "resumed", "best", "finished"})


class JsonDisplay(Display):
    """Writes what happens as objects with an "event": start, report, evaluation, end and more.

    Numbers that JSON lacks are written as the strings "nan", "inf" and "-inf".

    Args:
        stream: Where to write; standard output where None.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._lines = Lines(stream)

    def begin(self, facts: StartFacts) -> None:
        """Write a "start" with everything that is known."""
        super().begin(facts)
        self._write("start", asdict(facts))

    def on_report(self, report: StepReport) -> None:
        """Write a "report"."""
        self._write("report", asdict(report))

    def on_evaluation(self, report: EvaluationReport) -> None:
        """Write an "evaluation"."""
        self._write("evaluation", asdict(report))

    def on_event(self, event: Event) -> None:
        """Write the event under its own kind."""
        if event.kind not in _TOLD_OTHERWISE:
            self._write(event.kind, {"step": event.step, **event.fields})

    def finish(self, facts: EndFacts) -> None:
        """Write an "end" with the outcome."""
        self._write("end", asdict(facts))

    def message(self, text: str) -> None:
        """Write a "message"."""
        self._write("message", {"text": text})

    def _write(self, event: str, fields: Mapping[str, Any]) -> None:
        self._lines.write(encode_line({"event": event, **fields}).decode().rstrip())
