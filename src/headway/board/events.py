"""What the events of a run come to."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard, cast

import msgspec

from headway.board.files import Damage, excerpt
from headway.board.numbers import as_count, decode_json, numbers_in
from headway.runs import EVENTS, TELLING_EVENTS

Event = dict[str, Any]
_DECODER = msgspec.json.Decoder()
_MOST_FINDINGS = 1000
# In unix seconds: what is later was never written by a clock.
_LATEST = 1e12
_MOST_DAMAGE = 100
# The watch starts afresh then, and says again what still holds.
_BEGINNING_ANEW = frozenset({"resumed", "rollback"})
_FINDING_FIELDS = ("cause", "severity", "confidence", "layer", "evidence", "remedy")


class EventDigest:
    """Takes lines of events.jsonl and keeps what a table shows; a `Sink` of a cursor.

    Attributes:
        first: Time of the first event, None before it.
        last: Time of the newest event.
        telling: The newest event that says what became of the run.
        best: The newest best evaluation: its step, epoch and values.
        total_steps: Steps that are planned, as the newest start has it.
        step: Step of the newest event that has one.
        findings: What the doctor said, oldest first, as the page gets it.
        damage: The first lines that could not be read.
        num_damaged: How many they are in all.
    """

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget everything."""
        self.first: float | None = None
        self.last = 0.0
        self.telling: Event | None = None
        self.best: dict[str, Any] | None = None
        self._newest_best: Event | None = None
        self.total_steps: int | None = None
        self.step = 0
        self.findings: list[dict[str, Any]] = []
        self._lasting: dict[str, dict[str, Any]] = {}
        self.damage: list[Damage] = []
        self.num_damaged = 0

    def take(self, first: int, lines: bytes) -> None:
        """Add whole lines, the first of which has number `first`."""
        for number, found in enumerate(decode_events(lines), start=first):
            if isinstance(found, bytes):
                self._note(Damage(EVENTS, number, f"no event: {excerpt(found)}"))
            else:
                self._add(found)
        if self._newest_best is not None:
            self.best, self._newest_best = _best(self._newest_best), None

    def skip(self, line: int, start: bytes) -> None:
        """Note a line that is too long."""
        self._note(Damage(EVENTS, line, f"too long for a line: {excerpt(start)}"))

    def _note(self, damage: Damage) -> None:
        self.num_damaged += 1
        if len(self.damage) < _MOST_DAMAGE:
            self.damage.append(damage)

    def _add(self, event: Event) -> None:
        kind = event["event"]
        self.first = event["time"] if self.first is None else self.first
        self.last = max(self.last, event["time"])
        if kind in TELLING_EVENTS:
            self.telling = event
        if kind in _BEGINNING_ANEW:
            self._end_alarms()
        self.step = as_count(event.get("step")) or self.step
        self.total_steps = as_count(event.get("total_steps")) or self.total_steps
        if kind == "best":
            self._newest_best = event
        elif kind == "alarm":
            self._take_alarm(event)
        elif kind == "finding":
            self._keep(_finding(event))

    def _take_alarm(self, event: Event) -> None:
        """Open a span of time, or end the one that is open."""
        alarm = str(event.get("alarm"))
        if not event.get("is_over"):
            self._lasting[alarm] = _finding(event)
            self._keep(self._lasting[alarm])
        elif alarm in self._lasting:
            self._lasting.pop(alarm).update(is_over=True, until=event.get("step"))

    def _end_alarms(self) -> None:
        for finding in self._lasting.values():
            finding.update(is_over=True, until=self.step)
        self._lasting.clear()

    def _keep(self, finding: dict[str, Any]) -> None:
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(finding)

    def count(self, severity: str) -> int:
        """Return how many findings of a severity hold still."""
        return sum(
            finding["severity"] == severity and not finding["is_over"]
            for finding in self.findings
        )


def decode_events(lines: bytes) -> list[Event | bytes]:
    """Return the event of each of whole lines, the line itself where it is damaged."""
    try:
        events = _DECODER.decode_lines(lines)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        events = []
    parts = lines.split(b"\n")[:-1]
    if len(events) != len(parts):
        events = [_decode(part) for part in parts]
    pairs = zip(events, parts, strict=True)
    return [event if _is_event(event) else part for event, part in pairs]


def _decode(line: bytes) -> Any:
    try:
        return decode_json(line)
    except ValueError:
        return None


def _is_event(content: Any) -> TypeGuard[Event]:
    """Return whether it says what happened when and, where that tells, in which process."""
    if not isinstance(content, dict):
        return False
    event = cast(Event, content)
    kind = event.get("event")
    when = event.get("time")
    if not isinstance(kind, str) or not isinstance(when, float | int):
        return False
    if not -_LATEST < when < _LATEST:
        return False
    if kind not in TELLING_EVENTS:
        return True
    return isinstance(event.get("pid"), int) and isinstance(event.get("host"), str)


def _best(event: Event) -> dict[str, Any]:
    values = event.get("values")
    given = cast("dict[str, Any]", values) if isinstance(values, dict) else {}
    where = numbers_in({name: event.get(name) for name in ("step", "epoch")})
    return {"step": None, "epoch": None, **where, "values": numbers_in(given)}


def _finding(event: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: event.get(name) for name in _FINDING_FIELDS}
    where = {"step": event.get("step", 0), "time": event["time"]}
    return {**where, **shown, "is_over": False, "until": None}


def newest_events(lines: bytes, *, most: int, most_frequent: int) -> list[Event]:
    """Return the newest events, oldest first, few of those that come with every epoch.

    Args:
        lines: Whole lines of events.jsonl.
        most: How many.
        most_frequent: How many best evaluations and checkpoints among them.
    """
    kept = list(_from_the_end(lines, most, most_frequent))
    return kept[::-1]


def _from_the_end(lines: bytes, most: int, most_frequent: int) -> Iterator[Event]:
    for event in reversed(decode_events(lines)):
        if most <= 0:
            return
        if isinstance(event, bytes):
            continue
        is_frequent = event["event"] in ("best", "checkpoint")
        if is_frequent and most_frequent <= 0:
            continue
        most, most_frequent = most - 1, most_frequent - is_frequent
        yield event
