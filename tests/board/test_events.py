"""What the events of a run come to."""

import pytest

from headway.board.events import EventDigest, newest_events
from headway.runs import encode_line

FINDING = {
    "cause": "lr_high",
    "severity": "error",
    "confidence": 0.9,
    "layer": "stem.0",
    "evidence": "The loss rises.",
    "remedy": "Lower optimizer.lr.",
}


def line(kind: str, **fields: object) -> bytes:
    return encode_line({"event": kind, "time": 1.0, "pid": 1, "host": "h", **fields})


def digest(*lines: bytes) -> EventDigest:
    found = EventDigest()
    found.take(1, b"".join(lines))
    return found


def test_a_finding_is_kept_with_its_step_and_time():
    found = digest(line("finding", step=3, **FINDING)).findings
    assert found == [{"step": 3, "time": 1.0, **FINDING, "is_over": False, "until": None}]


def test_an_alarm_that_is_over_has_an_end():
    found = digest(
        line("alarm", alarm="diverging", step=10, is_over=False, **FINDING),
        line("alarm", alarm="dead", step=15, is_over=False, **FINDING),
        line("alarm", alarm="diverging", step=30, is_over=True, **FINDING),
    )
    spans = [(each["step"], each["is_over"], each["until"]) for each in found.findings]
    assert spans == [(10, True, 30), (15, False, None)]


def test_findings_that_are_over_are_not_counted():
    found = digest(
        line("finding", **FINDING),
        line("alarm", alarm="dead", is_over=False, **FINDING),
        line("alarm", alarm="dead", is_over=True, **FINDING),
    )
    assert (found.count("error"), found.count("warning")) == (1, 0)


@pytest.mark.parametrize("kind", ["resumed", "rollback"])
def test_an_alarm_ends_where_the_training_begins_anew(kind: str):
    found = digest(
        line("alarm", alarm="dead", step=10, is_over=False, **FINDING),
        line("checkpoint", step=40),
        line(kind, step=5),
    )
    ends = [(each["is_over"], each["until"]) for each in found.findings]
    assert (ends, found.step) == ([(True, 40)], 5)


def test_an_end_without_a_beginning_is_nothing():
    assert digest(line("alarm", alarm="dead", is_over=True)).findings == []


def test_the_newest_best_evaluation_is_kept():
    found = digest(
        line("best", step=1, epoch=1.0, values={"val/loss": 2.0}),
        line("best", step=2, epoch=2.0, values={"val/loss": "nan", "odd": [1]}),
        line("checkpoint", step=3),
    )
    assert found.best == {"step": 2.0, "epoch": 2.0, "values": {"val/loss": "nan"}}


@pytest.mark.parametrize("values", [None, 3, [1], "text"])
def test_a_best_evaluation_with_odd_values_does_no_harm(values: object):
    found = digest(line("best", step="x", values=values))
    assert found.best == {"step": None, "epoch": None, "values": {}}


@pytest.mark.parametrize(
    "damaged",
    [
        b'{"event": "star\n',
        b"\n",
        b"[1]\n",
        b'{"time": 1}\n',
        b'{"event": "started", "time": 1}\n',
        b'{"event": "best"}\n',
        b"[" * 10_000 + b"\n",
    ],
)
def test_a_damaged_event_is_named_and_the_others_are_read(damaged: bytes):
    found = digest(line("started"), damaged, line("finished"))
    assert found.telling is not None
    assert (found.telling["event"], found.damage[0].line) == ("finished", 2)


def test_the_first_and_the_last_event_are_known():
    found = digest(line("started", time=5.0), line("checkpoint", time=9.0))
    assert (found.first, found.last) == (5.0, 9.0)


def test_a_new_file_forgets_the_old_one():
    found = digest(line("finding", **FINDING), line("finished"))
    found.restart()
    assert (found.findings, found.telling, found.first) == ([], None, None)


def test_the_newest_events_come_oldest_first():
    lines = b"".join(line("rollback", step=step) for step in range(10))
    found = newest_events(lines, most=3, most_frequent=1)
    assert [event["step"] for event in found] == [7, 8, 9]


def test_few_are_kept_of_events_that_come_with_every_epoch():
    lines = b"".join(line("best", step=step) for step in range(10))
    found = newest_events(line("started") + lines, most=100, most_frequent=2)
    assert [event.get("step") for event in found] == [None, 8, 9]
