import io
import json
import math
import os
import pty
import sys
import time
import warnings
from dataclasses import replace

import pytest
from rich.console import Console
from rich.file_proxy import FileProxy

from headway.engine import Event
from headway.terminal import (
    Display,
    JsonDisplay,
    PlainDisplay,
    RichDisplay,
    make_display,
)


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def follow(start_facts, end_facts, step_report, best_report, last_report):
    """Return a function that lets a display follow a whole run."""

    def run(display: Display) -> None:
        with display:
            display.begin(start_facts)
            display.on_event(Event(kind="started", step=0))
            display.on_start(step=0, total_steps=600)
            display.on_event(Event(kind="best", step=230, fields={"values": {}}))
            display.on_evaluation(best_report)
            display.on_progress(235)
            display.on_report(step_report)
            display.on_evaluation(last_report)
            display.on_event(Event(kind="checkpoint", step=240, fields={"file": "a"}))
            display.on_event(
                Event(kind="early_stop", step=240, fields={"evaluations_without_gain": 3})
            )
            display.on_event(Event(kind="finished", step=240))
            display.on_end()
            display.finish(end_facts)

    return run


def test_the_base_display_is_silent(follow, capsys):
    follow(Display())

    assert capsys.readouterr() == ("", "")


def test_every_display_knows_where_the_run_lies(follow, start_facts):
    display = Display()
    follow(display)

    assert display.facts is start_facts


# Plain lines.


def test_plain_lines_begin_with_what_is_trained(follow, stream):
    follow(PlainDisplay(stream))
    lines = stream.getvalue().splitlines()

    assert lines[0] == "run: runs/digits-resnet-20"
    assert lines[4] == "model: resnet-20, 269 k parameters, 2.53 M multiply-adds"


def test_an_evaluation_is_one_line_of_names_and_values(follow, stream):
    follow(PlainDisplay(stream))
    lines = stream.getvalue().splitlines()

    assert [line for line in lines if line.startswith("eval ")] == [
        "eval step=230/600 epoch=23 val/accuracy=0.993 val/loss=0.0322 best=yes",
        "eval step=240/600 epoch=24 val/accuracy=0.986 train_eval/accuracy=1 "
        "val/loss=0.0413 train_eval/loss=0.0007",
    ]


def test_a_remarkable_event_is_one_line(follow, stream):
    follow(PlainDisplay(stream))

    assert [line for line in stream.getvalue().splitlines() if "event" in line] == [
        "event: stopped early at step 240: nothing better in 3 evaluations"
    ]


def test_plain_lines_end_with_what_was_learned(follow, stream):
    follow(PlainDisplay(stream))

    assert stream.getvalue().splitlines()[-8:] == [
        "best: accuracy=0.993 loss=0.0322 (epoch 23)",
        "last: accuracy=0.986 loss=0.0413 (epoch 60)",
        "training data: accuracy=1 loss=0.0007 (epoch 60)",
        "guessing: accuracy=0.1012 loss=2.3019",
        "confused: 8 -> 1  2 of 16 (12.5 %)",
        "time: 27 s for 600 steps, 2,803 images/s",
        "test: headway evaluate runs/digits-resnet-20 digits",
        "export: headway export runs/digits-resnet-20",
    ]


def test_reports_are_two_seconds_apart(monkeypatch, stream, step_report):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    display = PlainDisplay(stream)
    display.on_start(step=0, total_steps=600)
    for tenth in range(1, 51):
        now[0] = tenth / 10
        display.on_report(replace(step_report, step=tenth, epoch=tenth / 10))

    assert stream.getvalue().splitlines() == [
        "train step=20/600 epoch=2 loss=0.2131 lr=0.0981 samples/s=6120 left=58s",
        "train step=40/600 epoch=4 loss=0.2131 lr=0.0981 samples/s=6120 left=56s",
    ]


def test_a_message_is_a_line(stream):
    PlainDisplay(stream).message("hello")

    assert stream.getvalue() == "hello\n"


@pytest.mark.parametrize("display", [PlainDisplay, JsonDisplay])
def test_a_reader_that_leaves_does_not_stop_the_training(follow, display):
    read, write = os.pipe()
    os.close(read)
    broken = os.fdopen(write, "w", buffering=1)

    follow(display(broken))

    with pytest.raises(BrokenPipeError):
        broken.close()


# JSON lines.


def test_each_line_is_one_object_with_its_event(follow, stream):
    follow(JsonDisplay(stream))
    rows = [json.loads(line) for line in stream.getvalue().splitlines()]

    assert [row["event"] for row in rows] == [
        "start",
        "evaluation",
        "report",
        "evaluation",
        "checkpoint",
        "early_stop",
        "end",
    ]


def test_the_start_holds_the_whole_recipe(follow, stream):
    follow(JsonDisplay(stream))
    start = json.loads(stream.getvalue().splitlines()[0])

    assert start["recipe"]["training"]["epochs"] == 60
    assert start["info"]["num_train"] == 1280
    assert start["multiply_adds"] == 2_534_016


def test_the_end_holds_the_outcome(follow, stream):
    follow(JsonDisplay(stream))
    end = json.loads(stream.getvalue().splitlines()[-1])

    assert end["outcome"]["best_values"] == {"val/loss": 0.0322, "val/accuracy": 0.993}
    assert end["confusion"][8][1] == 2


def test_numbers_that_json_lacks_are_strings(stream, step_report):
    JsonDisplay(stream).on_report(replace(step_report, loss=math.nan, grad_norm=math.inf))
    row = json.loads(stream.getvalue())

    assert (row["loss"], row["grad_norm"]) == ("nan", "inf")


def test_a_json_message_is_an_object(stream):
    JsonDisplay(stream).message("hello")

    assert json.loads(stream.getvalue()) == {"event": "message", "text": "hello"}


# Panels and a bar.


def test_a_finished_training_leaves_panels_and_no_bar(follow, make_console):
    console = make_console(80)
    follow(RichDisplay(console))
    text = console.export_text()

    assert text.index(" headway ") < text.index("stopped early") < text.index(" done ")
    assert text.endswith("  export     headway export runs/digits-resnet-20\n")


def test_the_bar_of_a_training_that_is_cut_short_stays(start_facts, step_report):
    stream = io.StringIO()
    display = RichDisplay(Console(file=stream, force_terminal=True, width=80))
    with display:
        display.begin(start_facts)
        display.on_start(step=0, total_steps=600)
        display.on_report(step_report)
    last = stream.getvalue().rpartition("epoch ")[2]

    assert last.startswith("24.0 of 60")
    assert "\x1b[2K" not in last


def test_a_preparation_that_fails_leaves_nothing():
    stream = io.StringIO()
    with (
        pytest.raises(ValueError, match="bad data"),
        RichDisplay(Console(file=stream, force_terminal=True, width=80)),
    ):
        raise ValueError("bad data")

    assert stream.getvalue().endswith("\x1b[1A\x1b[2K")


def test_the_thread_that_draws_ends_with_the_training(follow, make_console):
    display = RichDisplay(make_console(80))
    follow(display)

    assert display._live is None


def test_a_message_stands_above_the_bar(make_console):
    console = make_console(80)
    RichDisplay(console).message("[not] markup")

    assert console.export_text() == "[not] markup\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_worker_prints_past_the_bar(make_console):
    with RichDisplay(make_console(80)):
        assert isinstance(sys.stderr, FileProxy)
        with warnings.catch_warnings():
            # Python warns of forking beside the thread that draws: the reason for this test.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            os._exit(isinstance(sys.stderr, FileProxy) or isinstance(sys.stdout, FileProxy))
        status = os.waitpid(child, 0)[1]

    assert status == 0


# The choice between them.


def test_a_pipe_gets_plain_lines():
    assert isinstance(make_display(), PlainDisplay)


def test_a_program_gets_json():
    assert isinstance(make_display(json=True), JsonDisplay)


def test_quiet_wins_over_json():
    assert type(make_display(quiet=True, json=True)) is Display


@pytest.fixture
def choose(monkeypatch):
    """Return a function that chooses a display while standard output is a terminal."""
    leader, follower = pty.openpty()

    def choose() -> Display:
        with os.fdopen(follower, "w") as file, monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", file)
            return make_display()

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    yield choose
    os.close(leader)


def test_a_person_at_a_terminal_gets_a_bar(choose):
    assert isinstance(choose(), RichDisplay)


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("TERM", "dumb")])
def test_a_terminal_that_nobody_watches_gets_plain_lines(choose, monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    assert isinstance(choose(), PlainDisplay)
