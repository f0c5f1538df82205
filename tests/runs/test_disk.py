"""What happens when the disk refuses. Tests may run as root, whom no permission stops."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headway.errors import RunError
from headway.runs import ENVIRONMENT, METRICS, Run, RunRecord, new_run_folder
from headway.runs.files import write_error

needs_full_device = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="needs /dev/full, the disk that is always full"
)

LOG_UNTIL_FULL = """
import resource, sys
from pathlib import Path
from headway.errors import RunError
from headway.runs import RunRecord

record = RunRecord.reopen(Path(sys.argv[1]))
record.log(1, {"loss": 1.0})
resource.setrlimit(resource.RLIMIT_FSIZE, (record.metrics_position() + 20,) * 2)
try:
    record.log(2, {"loss": 2.0})
except RunError as error:
    sys.stdout.write(str(error))
"""


@pytest.fixture(scope="module")
def full_disk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return a run whose disk had room for 20 bytes of the second row, and the message."""
    folder = tmp_path_factory.mktemp("full") / "run"
    RunRecord.create(folder, recipe={}, environment={}).close()
    result = subprocess.run(
        [sys.executable, "-c", LOG_UNTIL_FULL, str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    return folder, result.stdout


def test_a_disk_that_fills_up_is_named_with_the_file(full_disk: tuple[Path, str]):
    folder, message = full_disk
    assert message.startswith(f"cannot write {folder / METRICS}: File too large.")


def test_a_disk_that_fills_up_says_what_to_do(full_disk: tuple[Path, str]):
    assert "free some space and continue with `headway resume`" in full_disk[1]


def test_a_disk_that_fills_up_keeps_the_whole_rows_and_no_part_of_the_last(
    full_disk: tuple[Path, str],
):
    folder, _ = full_disk
    assert (folder / METRICS).read_bytes().count(b"\n") == 1
    assert (folder / METRICS).read_bytes().endswith(b'"loss": 1.0}\n')


@needs_full_device
@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("metrics.jsonl", lambda record: record.log(1, {"loss": 1.0})),
        ("events.jsonl", lambda record: record.event("started")),
    ],
    ids=["metrics", "events"],
)
def test_a_full_disk_is_a_run_error(
    record: RunRecord, folder: Path, name: str, write: Callable[[RunRecord], None]
):
    record.close()
    (folder / name).unlink()
    (folder / name).symlink_to("/dev/full")
    full = RunRecord.reopen(folder)
    with pytest.raises(RunError, match=f"cannot write .*{name}: No space left on device"):
        write(full)
    full.close()


@needs_full_device
def test_a_disk_too_full_for_a_new_run_is_a_run_error(tmp_path: Path):
    (tmp_path / "recipe.toml.tmp").symlink_to("/dev/full")
    with pytest.raises(RunError, match=r"recipe\.toml: No space left on device"):
        RunRecord.create(tmp_path, recipe={"seed": 1}, environment={})


@needs_full_device
def test_a_run_that_could_not_be_created_is_not_a_run(tmp_path: Path):
    (tmp_path / "environment.json.tmp").symlink_to("/dev/full")
    with pytest.raises(RunError, match="No space left"):
        RunRecord.create(tmp_path, recipe={"seed": 1}, environment={})
    assert not (tmp_path / ENVIRONMENT).exists()


def test_a_run_folder_below_a_file_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="A file is where a folder is needed"):
        RunRecord.create(tmp_path / "file" / "run", recipe={}, environment={})


def test_a_root_that_is_a_file_is_refused(tmp_path: Path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(
        RunError, match=r"cannot write .*runs: File exists\. A file is where"
    ):
        new_run_folder(tmp_path / "runs", "a")


@pytest.mark.skipif(
    not Path("/proc").exists(), reason="needs /proc, which takes no folders"
)
def test_a_root_that_takes_no_folders_is_refused():
    with pytest.raises(RunError, match="cannot write /proc"):
        new_run_folder("/proc", "a")


def test_a_metrics_file_that_cannot_be_opened_is_refused(record: RunRecord, folder: Path):
    record.close()
    (folder / METRICS).unlink()
    (folder / METRICS).mkdir()
    with pytest.raises(RunError, match=r"cannot write .*metrics\.jsonl: Is a directory"):
        RunRecord.reopen(folder)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.EROFS, "Make the folder writable or choose another one with --out"),
        (errno.EACCES, "Make the folder writable or choose another one with --out"),
        (errno.EDQUOT, "free some space and continue with `headway resume`"),
        (errno.EIO, "Check the disk that holds it"),
    ],
    ids=["read-only", "forbidden", "over quota", "broken"],
)
def test_the_message_says_what_to_do_about_the_fault(code: int, remedy: str):
    error = OSError(code, os.strerror(code))
    message = str(write_error(Path("runs/a"), error))
    assert message.startswith(f"cannot write runs/a: {os.strerror(code)}. ")
    assert remedy in message


def test_rows_of_a_killed_process_are_all_there(tmp_path: Path):
    script = """
import os, sys
from pathlib import Path
from headway.runs import RunRecord
record = RunRecord.create(Path(sys.argv[1]), recipe={}, environment={})
for step in range(100):
    record.log(step, {"loss": 1.0})
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "run")], check=False)
    assert [row["step"] for row in Run(tmp_path / "run").metrics()] == list(range(100))
