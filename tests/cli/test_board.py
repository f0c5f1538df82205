"""The commands that show runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from headway.runs import EnsembleRecord, RunRecord, member_folder


def make_run(folder: Path) -> Path:
    record = RunRecord.create(folder, recipe={"seed": 0}, environment={})
    record.event("started", step=0)
    record.log(1, {"train/loss": 1.0})
    record.close()
    return folder


def title_of(path: Path) -> str:
    return re.search("<title>(.*?)</title>", path.read_text())[1]


def test_the_report_of_a_run_lies_in_its_folder(headway, in_tmp_path):
    folder = make_run(in_tmp_path / "runs" / "first")

    answer = headway("report", "first")

    assert answer.lines == ["runs/first/report.html"]
    assert title_of(folder / "report.html") == "first"


def test_a_report_goes_where_it_is_asked_for(headway, in_tmp_path):
    make_run(in_tmp_path / "runs" / "first")

    answer = headway("report", "runs/first", "--out", "new/page.html")

    assert answer.lines == ["new/page.html"]
    assert title_of(in_tmp_path / "new" / "page.html") == "first"


def test_several_runs_are_compared_in_one_report(headway, in_tmp_path):
    for name in ("first", "second"):
        make_run(in_tmp_path / "runs" / name)

    answer = headway("report", "first", "second", "first")

    assert answer.lines == ["report.html"]
    assert title_of(in_tmp_path / "report.html") == "first, second"


def test_an_ensemble_stands_for_its_members(headway, in_tmp_path):
    folder = in_tmp_path / "runs" / "ensemble"
    EnsembleRecord(kind="seeds", size=3, recipe={}).write(folder)
    for number in (1, 2):
        make_run(member_folder(folder, number))

    headway("report", "ensemble")

    assert title_of(in_tmp_path / "report.html") == "member-1, member-2"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "a run is missing: headway report RUN [RUN ...]"),
        (("nothing",), "there is no run 'nothing'..."),
    ],
    ids=["no run", "unknown run"],
)
def test_a_report_of_nothing_is_refused(refused, words, message):
    refused(message, "report", *words)


def test_an_ensemble_without_members_is_refused(refused, in_tmp_path):
    EnsembleRecord(kind="seeds", size=3, recipe={}).write(in_tmp_path / "runs" / "e")

    refused("runs/e has no members yet: headway resume runs/e", "report", "e")


def test_a_board_of_a_file_is_refused(refused, in_tmp_path):
    (in_tmp_path / "file").touch()

    refused("file is a file, not a folder of runs", "board", "file")


@pytest.mark.parametrize("module", ["headway.board", "headway.board.app"])
def test_the_board_never_loads_torch(module):
    program = f"import sys, {module}; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_help_loads_neither_numpy_nor_a_server():
    program = (
        "import sys; from headway.cli.app import main\n"
        "try: main(['board', '--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'starlette', 'uvicorn')))"
    )

    assert subprocess.run([sys.executable, "-c", program], stdout=-3).returncode == 0
