import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headway.errors import RunError
from headway.runs import ENVIRONMENT, METRICS, RECIPE, Run, RunRecord, state_after
from headway.runs.lines import encode_line

HERE = socket.gethostname()


def write_event(folder: Path, **fields: object) -> None:
    with (folder / "events.jsonl").open("ab") as file:
        file.write(encode_line(fields))


@pytest.fixture(scope="module")
def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_torn_last_line_is_ignored(record: RunRecord, folder: Path):
    record.log(1, {})
    with (folder / METRICS).open("ab") as file:
        file.write(b'{"step": 2, "time": 1.0}')
    assert [row["step"] for row in Run(folder).metrics()] == [1]


def test_a_torn_last_line_does_not_count_as_damaged(record: RunRecord, folder: Path):
    (folder / METRICS).write_bytes(b'{"step": 2')
    assert Run(folder).damaged_lines == 0


def test_a_damaged_middle_line_is_skipped(record: RunRecord, folder: Path):
    record.log(1, {})
    with (folder / METRICS).open("ab") as file:
        file.write(b'{"step": 2, "time\n')
    record.log(3, {})
    assert [row["step"] for row in Run(folder).metrics()] == [1, 3]


def test_damaged_lines_of_both_files_are_counted(record: RunRecord, folder: Path):
    (folder / METRICS).write_bytes(b'bad\n{"step": 1}\nworse\n')
    (folder / "events.jsonl").write_bytes(b"\0\0\n")
    assert Run(folder).damaged_lines == 3


def test_a_damaged_event_is_skipped(record: RunRecord, folder: Path):
    record.event("started")
    with (folder / "events.jsonl").open("ab") as file:
        file.write(b"oops\n")
    record.event("finished")
    assert [event["event"] for event in Run(folder).events()] == ["started", "finished"]


def test_the_recipe_is_read_back(record: RunRecord, folder: Path):
    assert Run(folder).recipe["optimizer"] == {"lr": 0.1, "milestones": [80, 120]}


def test_the_environment_is_read_back(record: RunRecord, folder: Path):
    assert Run(folder).environment["headway"] == "0.1.0"


def test_a_damaged_recipe_is_refused_by_its_path(record: RunRecord, folder: Path):
    (folder / RECIPE).write_text("lr = = 1")
    with pytest.raises(RunError, match=r"recipe\.toml is damaged, it is not TOML"):
        _ = Run(folder).recipe


def test_a_missing_recipe_is_refused_by_its_path(record: RunRecord, folder: Path):
    (folder / RECIPE).unlink()
    with pytest.raises(RunError, match=r"cannot read .*recipe\.toml"):
        _ = Run(folder).recipe


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param('{"schema_ver', "is damaged, it is not JSON", id="torn"),
        pytest.param("[1]", "is damaged: expected a JSON object", id="no object"),
        pytest.param("{}", "has no schema_version", id="no version"),
    ],
)
def test_a_damaged_environment_is_refused(
    record: RunRecord, folder: Path, content: str, message: str
):
    (folder / ENVIRONMENT).write_text(content)
    with pytest.raises(RunError, match=message):
        _ = Run(folder).environment


def test_an_unreadable_environment_is_refused(record: RunRecord, folder: Path):
    (folder / ENVIRONMENT).unlink()
    (folder / ENVIRONMENT).mkdir()
    with pytest.raises(RunError, match=r"cannot read .*environment\.json: Is a directory"):
        _ = Run(folder).environment


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        (["started"], "running"),
        (["started", "interrupted", "resumed"], "running"),
        (["started", "checkpoint", "best", "early_stop"], "running"),
        (["started", "finished"], "done"),
        (["started", "finished", "evaluated"], "done"),
        (["started", "rollback", "diverged"], "diverged"),
        (["started", "interrupted"], "stopped"),
        (["started", "failed"], "failed"),
        ([], "stopped"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_the_last_telling_event_decides_the_state(
    record: RunRecord, folder: Path, kinds: list[str], state: str
):
    for kind in kinds:
        record.event(kind)
    assert Run(folder).state == state


def test_a_run_whose_process_died_is_stopped(
    record: RunRecord, folder: Path, dead_pid: int
):
    write_event(folder, event="started", time=time.time(), pid=dead_pid, host=HERE)
    assert Run(folder).state == "stopped"


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="start times come from /proc")
def test_a_run_whose_pid_now_belongs_to_a_later_process_is_stopped(
    record: RunRecord, folder: Path
):
    write_event(
        folder, event="started", time=time.time() - 86400, pid=os.getpid(), host=HERE
    )
    assert Run(folder).state == "stopped"


def test_a_run_of_another_host_that_still_writes_is_running(
    record: RunRecord, folder: Path
):
    write_event(folder, event="started", time=time.time() - 9999, pid=1, host="elsewhere")
    record.log(1, {})
    assert Run(folder).state == "running"


def test_a_run_of_another_host_that_just_started_is_running(
    record: RunRecord, folder: Path
):
    write_event(folder, event="started", time=time.time(), pid=1, host="elsewhere")
    assert Run(folder).state == "running"


def test_a_run_of_another_host_that_fell_silent_is_stopped(record: RunRecord, folder: Path):
    long_ago = time.time() - 301
    write_event(folder, event="started", time=long_ago, pid=1, host="elsewhere")
    os.utime(folder / METRICS, (long_ago, long_ago))
    assert Run(folder).state == "stopped"


def test_a_run_without_a_best_event_has_no_best(record: RunRecord, folder: Path):
    assert Run(folder).best is None


def test_the_newest_best_event_is_the_best(record: RunRecord, folder: Path):
    record.event("best", step=10, values={"val/accuracy": 0.8})
    record.event("best", step=20, values={"val/accuracy": 0.9})
    record.event("checkpoint", step=30)
    best = Run(folder).best
    assert best is not None
    assert (best["step"], best["values"]) == (20, {"val/accuracy": 0.9})


def test_the_name_of_a_run_is_that_of_its_folder(
    record: RunRecord, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(folder)
    assert Run(Path()).name == "first"


def test_the_summary_holds_the_newest_number_of_each_metric(
    record: RunRecord, folder: Path
):
    record.log(10, {"train/loss": 2.0, "epoch": 0})
    record.log(10, {"val/accuracy": 0.5})
    record.log(20, {"train/loss": 1.0, "epoch": 1})
    summary = Run(folder).summary()
    assert (summary["step"], summary["values"]) == (
        20,
        {"train/loss": 1.0, "epoch": 1, "val/accuracy": 0.5},
    )


def test_the_summary_of_a_run_before_its_first_step_is_at_step_0(
    record: RunRecord, folder: Path
):
    assert Run(folder).summary()["step"] == 0


def test_the_summary_states_name_and_state(record: RunRecord, folder: Path):
    record.event("started")
    record.event("finished", step=5)
    summary = Run(folder).summary()
    assert (summary["name"], summary["state"]) == ("first", "done")


def test_the_summary_was_updated_after_it_was_created(record: RunRecord, folder: Path):
    record.event("started")
    summary = Run(folder).summary()
    assert summary["created"] <= summary["updated"]


def test_a_run_without_a_telling_event_is_stopped():
    assert state_after(None, updated=time.time()) == "stopped"


def test_a_silent_run_of_another_host_may_have_written_since_its_start():
    start = {"event": "started", "time": 0.0, "pid": 1, "host": "elsewhere"}
    states = [state_after(start, updated=time.time() - ago) for ago in (1, 301)]
    assert states == ["running", "stopped"]
