import json
import time
from pathlib import Path

import pytest

from headway.errors import RunError
from headway.runs import ENVIRONMENT, RunRecord, list_runs, new_run_folder, open_run


def make_run(folder: Path, **environment: object) -> Path:
    RunRecord.create(folder, recipe={}, environment=environment).close()
    return folder


@pytest.fixture
def minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock at one minute, so that two names collide."""
    now = time.strptime("2026-11-21 09:12", "%Y-%m-%d %H:%M")
    strftime = time.strftime
    monkeypatch.setattr(
        "headway.runs.folders.time.strftime", lambda form, when=now: strftime(form, when)
    )


@pytest.mark.usefixtures("minute")
def test_a_new_folder_is_named_by_time_and_label(tmp_path: Path):
    folder = new_run_folder(tmp_path, "digits-resnet-20")
    assert folder == tmp_path / "2026-11-21-0912-digits-resnet-20"


@pytest.mark.usefixtures("minute")
def test_folders_of_one_minute_are_numbered(tmp_path: Path):
    names = [new_run_folder(tmp_path, "a").name for _ in range(3)]
    assert names == ["2026-11-21-0912-a", "2026-11-21-0912-a-2", "2026-11-21-0912-a-3"]


def test_a_new_folder_exists_so_that_no_other_process_takes_it(tmp_path: Path):
    assert new_run_folder(tmp_path / "deep" / "runs", "a").is_dir()


@pytest.mark.usefixtures("minute")
@pytest.mark.parametrize(
    ("label", "slug"),
    [
        ("my_file.py:build_model", "my_file.py-build_model"),
        ("../data/cats & dogs/", "data-cats-dogs"),
        ("::", "run"),
        ("x" * 300, "x" * 80),
    ],
    ids=["function", "path", "nothing left", "long"],
)
def test_characters_foreign_to_file_names_are_replaced(
    tmp_path: Path, label: str, slug: str
):
    assert new_run_folder(tmp_path, label).name == f"2026-11-21-0912-{slug}"


def test_a_run_opens_by_its_path(tmp_path: Path):
    folder = make_run(tmp_path / "elsewhere" / "first")
    assert open_run(folder).folder == folder


def test_a_run_opens_by_its_name_below_the_root(tmp_path: Path):
    folder = make_run(tmp_path / "first")
    assert open_run("first", root=tmp_path).folder == folder


def test_a_name_below_the_root_wins_over_a_folder_that_is_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    make_run(tmp_path / "runs" / "digits")
    assert open_run("digits").folder == Path("runs/digits")


def test_an_unknown_name_gets_the_closest_one(tmp_path: Path):
    make_run(tmp_path / "2026-11-21-0912-digits")
    with pytest.raises(
        RunError, match=r"there is no run .* Did you mean '2026-11-21-0912-digits'\?"
    ):
        open_run("2026-11-21-0912-digts", root=tmp_path)


def test_an_unknown_path_gets_the_closest_one(tmp_path: Path):
    folder = make_run(tmp_path / "baseline")
    with pytest.raises(RunError, match=rf"Did you mean '{folder}'\?"):
        open_run(tmp_path / "baselin")


def test_an_unknown_name_without_any_run_says_where_it_looked(tmp_path: Path):
    with pytest.raises(RunError, match=f"neither at that path nor in {tmp_path / 'none'}"):
        open_run("first", root=tmp_path / "none")


@pytest.mark.parametrize("name", ["notes", "by path"])
def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, name: str):
    (tmp_path / "notes").mkdir()
    wanted = tmp_path / "notes" if name == "by path" else name
    with pytest.raises(
        RunError, match=r"notes is not a run: it holds no environment\.json"
    ):
        open_run(wanted, root=tmp_path)


def test_a_run_of_a_newer_headway_is_refused(tmp_path: Path):
    folder = make_run(tmp_path / "first", schema_version=2, headway="9.0")
    with pytest.raises(
        RunError,
        match=r"written by a newer headway \(9\.0\): its record has version 2, this",
    ):
        open_run(folder)


def test_runs_are_listed_newest_first(tmp_path: Path):
    for name, created in [("b", 2.0), ("a", 3.0), ("c", 1.0)]:
        make_run(tmp_path / name, created=created)
    assert [run.name for run in list_runs(tmp_path)] == ["a", "b", "c"]


def test_other_files_and_folders_are_not_listed(tmp_path: Path):
    make_run(tmp_path / "first")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes.txt").write_text("")
    assert [run.name for run in list_runs(tmp_path)] == ["first"]


def test_a_missing_root_has_no_runs(tmp_path: Path):
    assert list_runs(tmp_path / "none") == []


def test_an_unreadable_run_is_left_out_with_a_warning(tmp_path: Path):
    make_run(tmp_path / "first")
    newer = make_run(tmp_path / "newer")
    (newer / ENVIRONMENT).write_text(json.dumps({"schema_version": 2}))
    with pytest.warns(UserWarning, match="left out of the list of runs: .*newer headway"):
        assert [run.name for run in list_runs(tmp_path)] == ["first"]
