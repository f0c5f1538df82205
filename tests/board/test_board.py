"""Every answer about real records, growing ones and damaged ones."""

import json
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headway.board import discovery
from headway.board.board import Board
from headway.errors import InputError, RunError
from headway.runs import (
    ENVIRONMENT,
    EVENTS,
    LAYERS,
    METRICS,
    NOTES,
    PREDICTIONS,
    RECIPE,
    RunRecord,
    write_notes,
)

from .records import append, append_event, append_rows, report, write_run

LOSS = "train/loss"


@pytest.fixture
def board(tmp_path: Path) -> Board:
    """Return a board over the run "a" of 20 rows."""
    rows = [report(step, **{LOSS: 1 / step, "lr": 0.1}) for step in range(1, 20)]
    evaluation = report(19, **{"val/accuracy": 0.5, "val/loss": 1.0})
    write_run(tmp_path / "a", rows=[*rows, evaluation])
    return Board(tmp_path)


def row(board: Board, id_: str = "a") -> dict[str, Any]:
    return next(each for each in board.runs()["runs"] if each["id"] == id_)


def curve(board: Board, metric: str = LOSS, **arguments: Any) -> dict[str, Any]:
    return board.series(["a"], [metric], **arguments)["series"][0]


# The table of runs.


def test_a_run_is_described_by_its_row(board: Board):
    found = row(board)
    shown = (
        "name",
        "kind",
        "group",
        "state",
        "step",
        "total_steps",
        "data",
        "model",
        "seed",
    )
    assert [found[name] for name in shown] == [
        *("a", "run", None, "done", 19, 100, "digits", "mlp", 0)
    ]


def test_a_row_has_the_newest_numbers(board: Board):
    found = row(board)
    assert found["values"] == {
        LOSS: 1 / 19,
        "lr": 0.1,
        "val/accuracy": 0.5,
        "val/loss": 1.0,
    }


def test_the_newest_run_comes_first(tmp_path: Path):
    for name in ("b", "a", "c"):
        write_run(tmp_path / name)
    assert [each["id"] for each in Board(tmp_path).runs()["runs"]] == ["c", "a", "b"]


def test_a_row_has_the_settings_that_differ(tmp_path: Path):
    write_run(tmp_path / "a", recipe={"seed": 1})
    write_run(tmp_path / "b", recipe={"seed": 2, "extra": {"x": math.nan}})
    answer = Board(tmp_path).runs()
    assert [each["settings"] for each in answer["runs"]] == [
        {"seed": 2, "extra.x": "nan"},
        {"seed": 1},
    ]
    assert answer["common"]["optimizer.lr"] == 0.1


def test_settings_are_compared_anew_when_a_run_comes(tmp_path: Path):
    write_run(tmp_path / "a")
    board = Board(tmp_path)
    assert row(board)["settings"] == {}
    write_run(tmp_path / "b", recipe={"seed": 2})
    assert row(board)["settings"] == {"seed": 0}


@pytest.mark.parametrize(
    ("task", "names", "monitor"),
    [
        ("auto", {"val/accuracy": 1.0, "val/loss": 1.0}, "val/accuracy"),
        ("loss", {"val/accuracy": 1.0, "val/loss": 1.0}, "val/loss"),
        ("auto", {"val/rmse": 1.0, "val/r2": 1.0}, "val/r2"),
        ("auto", {LOSS: 1.0}, LOSS),
        ("auto", {}, "val/accuracy"),
    ],
)
def test_the_monitored_metric_is_known(
    tmp_path: Path, task: str, names: dict[str, float], monitor: str
):
    write_run(tmp_path / "a", rows=[report(1, **names)], recipe={"task": {"monitor": task}})
    assert row(Board(tmp_path))["monitor"] == monitor


def test_notes_and_tags_are_shown(board: Board, tmp_path: Path):
    board.runs()
    write_notes(tmp_path / "a", note="good", tags=["x"])
    found = row(board)
    assert (found["note"], found["tags"]) == ("good", ["x"])


def test_a_note_on_a_run_that_was_quiet_for_long_is_shown(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    board.runs()
    later = time.monotonic() + 100
    monkeypatch.setattr(time, "monotonic", lambda: later)
    board.runs()
    write_notes(tmp_path / "a", note="late", tags=[])
    assert row(board)["note"] == "late"


def test_folders_that_were_not_looked_into_are_said(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(discovery, "_MOST_FOLDERS", 1)
    assert "too many folders" in board.runs()["damage"][0]["text"]


def test_only_some_rows_may_be_asked_for(tmp_path: Path):
    for name in "abc":
        write_run(tmp_path / name)
    answer = Board(tmp_path).runs(["b", "gone"])
    assert [each["id"] for each in answer["runs"]] == ["b"]


def test_a_run_is_running_until_its_process_ends(tmp_path: Path):
    writing = RunRecord.create(tmp_path / "a", recipe={}, environment={})
    writing.event("started")
    board = Board(tmp_path)
    assert row(board)["state"] == "running"
    writing.event("finished")
    writing.close()
    assert row(board)["state"] == "done"


def test_a_run_that_was_replaced_by_another_has_a_new_row(board: Board, tmp_path: Path):
    assert row(board)["seed"] == 0
    (tmp_path / "a").rename(tmp_path.parent / f"{tmp_path.name}-gone")
    board.changes()
    write_run(tmp_path / "a", recipe={"seed": 7})
    assert row(board)["seed"] == 7


def test_no_folder_is_an_empty_table(tmp_path: Path):
    assert Board(tmp_path / "none").runs()["runs"] == []


def test_the_root_may_be_a_run(tmp_path: Path):
    write_run(tmp_path / "a", rows=[report(1, **{LOSS: 1.0})])
    board = Board(tmp_path / "a")
    assert (row(board, ".")["name"], len(board.series(["."], [LOSS])["series"])) == ("a", 1)


# What changes.


def test_nothing_has_changed_at_first(board: Board):
    assert board.changes() == {"changed": [], "added": [], "removed": []}


def test_what_happens_between_the_table_and_the_first_look_is_named(
    board: Board, tmp_path: Path
):
    board.runs()
    append_rows(tmp_path / "a", [report(30)])
    write_run(tmp_path / "b")
    assert board.changes() == {"changed": ["a"], "added": ["b"], "removed": []}


def test_a_run_that_did_not_change_is_not_named(board: Board):
    board.changes()
    assert board.changes()["changed"] == []


@pytest.mark.parametrize("name", [METRICS, EVENTS, LAYERS])
def test_a_run_that_grew_is_named(board: Board, tmp_path: Path, name: str):
    append(tmp_path / "a" / name, b'{"step": 98}\n')
    board.changes()
    append(tmp_path / "a" / name, b'{"step": 99}\n')
    assert board.changes()["changed"] == ["a"]


def test_a_change_seen_by_another_question_is_still_named(board: Board, tmp_path: Path):
    board.changes()
    append_rows(tmp_path / "a", [report(30)])
    board.runs()
    assert board.changes()["changed"] == ["a"]


def test_runs_that_come_and_go_are_named(board: Board, tmp_path: Path):
    board.changes()
    write_run(tmp_path / "b")
    (tmp_path / "a").rename(tmp_path.parent / f"{tmp_path.name}-gone")
    assert board.changes() == {"changed": [], "added": ["b"], "removed": ["a"]}


def test_a_run_whose_state_changes_in_silence_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write_run(tmp_path / "a", events=())
    append_event(tmp_path / "a", "started")
    board = Board(tmp_path)
    board.changes()
    later = time.time() + 1000
    monkeypatch.setattr(time, "time", lambda: later)
    assert board.changes()["changed"] == ["a"]
    assert row(board)["state"] == "stopped"


# Curves.


def test_a_curve_has_every_number(board: Board):
    found = curve(board)
    assert (found["x"], found["total"]) == (list(range(1, 20)), 19)
    assert found["y"] == found["low"] == found["high"] == [1 / x for x in range(1, 20)]


@pytest.mark.parametrize(
    ("axis", "places"),
    [("step", [1, 2]), ("epoch", [0.1, 0.2]), ("time", [0, 1]), ("samples", [32, 64])],
)
def test_a_curve_is_drawn_over_what_is_asked_for(
    board: Board, axis: str, places: list[float]
):
    assert curve(board, x=axis)["x"][:2] == pytest.approx(places)


def test_points_of_all_axes_belong_to_the_same_rows(tmp_path: Path):
    write_run(tmp_path / "a", rows=[report(s, **{LOSS: s % 7}) for s in range(1000)])
    board = Board(tmp_path)
    found = [curve(board, x=axis, points=50)["y"] for axis in ("step", "epoch", "time")]
    assert found[0] == found[1] == found[2]


def test_epochs_that_rows_do_not_say_come_from_the_data(tmp_path: Path):
    write_run(tmp_path / "a", rows=[{"step": 5, LOSS: 1.0}, {"step": 10, LOSS: 1.0}])
    assert curve(Board(tmp_path), x="epoch")["x"] == [0.5, 1.0]


def test_numbers_that_are_not_finite_are_listed_apart(tmp_path: Path):
    values = [1.0, math.nan, 2.0, math.inf]
    write_run(tmp_path / "a", rows=[report(i, x=value) for i, value in enumerate(values)])
    found = curve(Board(tmp_path), "x")
    assert (found["x"], found["not_finite"], found["total"]) == ([0, 2], [1, 3], 4)


def test_a_metric_that_never_was_a_number_has_an_empty_curve(tmp_path: Path):
    write_run(tmp_path / "a", rows=[report(1, x=math.nan)])
    found = curve(Board(tmp_path), "x")
    assert (found["x"], found["y"], found["not_finite"]) == ([], [], [1])


def test_steps_that_go_back_are_put_in_order(tmp_path: Path):
    write_run(tmp_path / "a", rows=[report(s, x=float(s)) for s in (1, 2, 3, 2, 3, 4)])
    assert curve(Board(tmp_path), "x")["y"] == [1, 2, 2, 3, 3, 4]


def test_a_run_without_the_metric_is_left_out(board: Board, tmp_path: Path):
    write_run(tmp_path / "b")
    found = board.series(["a", "b"], [LOSS, "none"])["series"]
    assert [(each["run"], each["metric"]) for each in found] == [("a", LOSS)]


def test_a_run_that_is_gone_is_left_out(board: Board):
    assert len(board.series(["gone", "a"], [LOSS])["series"]) == 1


def test_a_new_row_is_a_new_point(board: Board, tmp_path: Path):
    curve(board)
    append_rows(tmp_path / "a", [report(20, **{LOSS: 9.0})])
    assert (curve(board)["x"][-1], curve(board)["y"][-1]) == (20, 9.0)


def test_a_row_still_being_written_is_no_point(board: Board, tmp_path: Path):
    append(tmp_path / "a" / METRICS, b'{"step": 20, "train/loss": 9')
    assert curve(board)["x"][-1] == 19
    append(tmp_path / "a" / METRICS, b".5}\n")
    assert curve(board)["y"][-1] == 9.5


def test_a_resumed_run_takes_its_rows_back(tmp_path: Path):
    writing = RunRecord.create(tmp_path / "a", recipe={}, environment={})
    writing.log(1, {LOSS: 1.0})
    position = writing.metrics_position()
    writing.log(2, {LOSS: 2.0})
    writing.log(3, {LOSS: 3.0})
    board = Board(tmp_path)
    assert curve(board)["x"] == [1, 2, 3]
    writing.rewind_metrics(position)
    for step in (2, 3, 4):
        writing.log(step, {LOSS: 10.0 * step})
    writing.close()
    assert (curve(board)["x"], curve(board)["y"]) == ([1, 2, 3, 4], [1.0, 20.0, 30.0, 40.0])


def test_little_memory_gives_the_same_curves(tmp_path: Path):
    for number in range(6):
        rows = [report(s, **{LOSS: number + s}) for s in range(50)]
        write_run(tmp_path / str(number), rows=rows)
    ids = [str(number) for number in range(6)]
    small, large = Board(tmp_path, memory_bytes=5000), Board(tmp_path)
    for _ in range(2):
        assert small.series(ids, [LOSS]) == large.series(ids, [LOSS])


def test_sparklines_show_the_monitored_metric(board: Board):
    assert board.sparklines(["a"]) == {"lines": {"a": [0.5]}}


def test_a_sparkline_follows_a_run(board: Board, tmp_path: Path):
    assert len(board.sparklines(["a"], LOSS)["lines"]["a"]) == 19
    append_rows(tmp_path / "a", [report(20, **{LOSS: 7.0})])
    board.runs()
    assert board.sparklines(["a"], LOSS)["lines"]["a"][-1] == 7.0


def test_a_table_of_numbers_has_every_one(tmp_path: Path):
    rows = [report(1, x=0.1), {"step": 2, "time": 5.0, "x": math.nan}]
    write_run(tmp_path / "a, b", rows=rows)
    text = "".join(Board(tmp_path).csv(["a, b"], ["x"]))
    assert text.splitlines() == [
        "run,metric,step,epoch,time,value",
        '"a, b",x,1,0.1,1001,0.1',
        '"a, b",x,2,,5,nan',
    ]


def test_a_name_in_a_table_is_no_formula(tmp_path: Path):
    write_run(tmp_path / "=1+1", rows=[report(1, **{"@x": 1.0})])
    text = "".join(Board(tmp_path).csv(["=1+1"], ["@x"]))
    assert text.splitlines()[1].startswith("'=1+1,'@x,")


def test_a_table_of_numbers_is_that_of_one_moment(board: Board, tmp_path: Path):
    pieces = board.csv(["a"], ["lr", LOSS])
    start = next(pieces) + next(pieces)
    append_rows(tmp_path / "a", [report(20, lr=1.0, **{LOSS: 1.0})])
    curve(board)
    assert len((start + "".join(pieces)).splitlines()) == 1 + 2 * 19


# One run.


def test_a_run_has_its_settings_and_metrics(board: Board):
    found = board.run("a")
    assert found["settings"]["model.options.hidden"] == [32]
    assert found["recipe"]["model"]["options"] == {"hidden": [32]}
    assert found["metrics"] == ["lr", LOSS, "val/accuracy", "val/loss"]


def test_the_facts_say_what_is_trained(board: Board):
    facts = dict(board.run("a")["facts"])
    assert (facts["network"], facts["training"]) == ("mlp", "100 steps, batches of 32")


def test_a_stopped_run_says_how_to_go_on(tmp_path: Path):
    folder = write_run(tmp_path / "a b", events=[("started", {}), ("interrupted", {})])
    assert Board(tmp_path).run("a b")["resume"] is None
    (folder / "checkpoints" / "step-000000001.safetensors").touch()
    assert Board(tmp_path).run("a b")["resume"] == f"headway resume '{folder}'"


def test_a_finished_run_is_not_resumed(board: Board, tmp_path: Path):
    (tmp_path / "a" / "checkpoints" / "step-000000001.safetensors").touch()
    assert board.run("a")["resume"] is None


def test_predictions_are_given_as_they_are(board: Board, tmp_path: Path):
    (tmp_path / "a" / PREDICTIONS).write_text('{"part": "val"}')
    assert board.predictions("a") == {"part": "val"}


@pytest.mark.parametrize("ask", [Board.run, Board.layers, Board.predictions, Board.sweep])
@pytest.mark.parametrize("id_", ["none", "..", "../a", "/etc", "", "a/../a"])
def test_what_is_no_run_is_refused(board: Board, ask: Callable[..., Any], id_: str):
    with pytest.raises(RunError, match="there is no"):
        ask(board, id_)


@pytest.mark.parametrize("ask", [Board.layers, Board.predictions])
def test_what_a_run_does_not_have_is_said(board: Board, ask: Callable[..., Any]):
    with pytest.raises(RunError, match="'a'"):
        ask(board, "a")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        pytest.param(lambda b: b.series(["a"], [LOSS], "color"), "x is one of", id="x"),
        pytest.param(
            lambda b: b.series(["a"], [LOSS], "step", 0), "points is", id="points"
        ),
        pytest.param(lambda b: b.layers("a", 0), "times is", id="times"),
    ],
)
def test_a_bad_argument_is_refused(board: Board, ask: Callable[..., Any], message: str):
    with pytest.raises(InputError, match=message):
        ask(board)


# Damage.


RUN = "s/trials/a"


def every_answer(board: Board) -> dict[str, Any]:
    """Ask everything, and return it after a trip through JSON."""
    answers = {
        "runs": board.runs(),
        "changes": board.changes(),
        "sweeps": board.sweeps(),
        "lab": board.lab(),
        "run": board.run(RUN),
        "series": board.series([RUN], [LOSS], "epoch"),
        "sparklines": board.sparklines([RUN]),
        "csv": "".join(board.csv([RUN], [])),
        "sweep": board.sweep("s"),
    }
    json.dumps(answers, allow_nan=False)  # raises for the numbers that JSON lacks
    return json.loads(msgspec.json.encode(answers))


GARBAGE = [
    pytest.param(b"", id="empty"),
    pytest.param(b"\0\0\0\n", id="zeros"),
    pytest.param(b"\xff\xfe\n", id="no text"),
    pytest.param(b"[1, 2]\n", id="list"),
    pytest.param(b"{}\n", id="empty object"),
    pytest.param(b"[" * 100_000 + b"\n", id="nested"),
    pytest.param(b'{"schema_version": "x", "created": [], "data": 3}\n', id="odd"),
    pytest.param(b'{"schema_version": 99}\n', id="newer"),
    pytest.param(b'{"step": true, "event": "best", "time": 1, "values": 5}\n', id="row"),
    pytest.param(b'{"step": 1e300, "time": -1e300, "train/loss": 1.7e308}\n', id="large"),
]


@pytest.mark.parametrize("name", [METRICS, EVENTS, ENVIRONMENT, RECIPE, NOTES])
@pytest.mark.parametrize("content", GARBAGE)
def test_a_damaged_file_breaks_no_answer(tmp_path: Path, name: str, content: bytes):
    folder = write_run(tmp_path / RUN, rows=[report(1, **{LOSS: 1.0})])
    (folder / name).write_bytes(content * 2)
    answers = every_answer(Board(tmp_path))
    assert [each["id"] for each in answers["runs"]["runs"]] == [RUN]


@pytest.mark.parametrize("name", [METRICS, EVENTS, ENVIRONMENT, RECIPE, NOTES])
@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_breaks_no_answer(tmp_path: Path, name: str, make):
    folder = write_run(tmp_path / RUN, rows=[report(1, **{LOSS: 1.0})])
    (folder / name).unlink(missing_ok=True)
    make(folder / name)
    write_run(tmp_path / "b", rows=[report(1, **{LOSS: 1.0})])
    board = Board(tmp_path)
    ids = [each["id"] for each in board.runs()["runs"]]
    assert "b" in ids
    assert len(board.series(["b", *ids], [LOSS])["series"]) >= 1


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        pytest.param(METRICS, b"bad\n", 21, id="metrics"),
        pytest.param(EVENTS, b"bad\n", 3, id="events"),
        pytest.param(RECIPE, b"= 1\n", 0, id="recipe"),
        pytest.param(ENVIRONMENT, b"}", 0, id="environment"),
    ],
)
def test_damage_is_named_by_its_file_and_line(
    board: Board, tmp_path: Path, name: str, content: bytes, line: int
):
    append(tmp_path / "a" / name, content)
    found = board.runs()["damage"]
    assert [(each["run"], each["file"], each["line"]) for each in found] == [
        ("a", name, line)
    ]
    assert [(each["file"], each["line"]) for each in board.run("a")["damage"]] == [
        (name, line)
    ]
    assert row(board)["damage"] == 1


def test_damage_in_the_middle_is_named_once_all_was_read(tmp_path: Path):
    folder = write_run(tmp_path / "a")
    append(folder / METRICS, b"bad\n")
    append_rows(folder, [report(step, **{LOSS: 1.0}) for step in range(500)])
    board = Board(tmp_path)
    board.run("a")
    assert [each["line"] for each in board.runs()["damage"]] == [1]


def test_damage_that_was_mended_is_no_longer_named(board: Board, tmp_path: Path):
    path = tmp_path / "a" / ENVIRONMENT
    whole = path.read_bytes()
    path.write_bytes(b"{")
    assert board.runs()["damage"]
    path.write_bytes(whole)
    assert board.runs()["damage"] == []


def test_a_missing_recipe_is_named(board: Board, tmp_path: Path):
    board.runs()
    (tmp_path / "a" / RECIPE).unlink()
    assert [each["file"] for each in board.runs()["damage"]] == [RECIPE]


@pytest.mark.parametrize("name", [METRICS, EVENTS, RECIPE, NOTES, LAYERS, PREDICTIONS])
def test_a_link_out_of_the_folder_is_not_read(tmp_path: Path, name: str):
    secret = tmp_path / "secret"
    secret.write_text(
        '{"step": 1, "secret": 1, "note": "secret", "tags": []}\nsecret = 1\n'
    )
    folder = write_run(tmp_path / "root" / "a")
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(secret)
    board = Board(tmp_path / "root")
    answers = [board.runs(), board.run("a"), board.series(["a"], ["secret"])]
    for ask in (board.layers, board.predictions):
        with pytest.raises(RunError):
            ask("a")
    assert "secret" not in json.dumps(answers).replace(str(tmp_path), "")
