import json
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from headway.errors import RunError
from headway.runs import METRICS, Run, RunRecord


def steps(folder: Path) -> list[float]:
    return [row["step"] for row in Run(folder).metrics()]


def test_a_new_record_holds_the_whole_recipe_as_toml(record: RunRecord, folder: Path):
    assert tomllib.loads((folder / "recipe.toml").read_text()) == {
        "name": "digits",
        "seed": 3,
        "optimizer": {"lr": 0.1, "milestones": [80, 120]},
    }


def test_a_new_record_states_its_schema_version(record: RunRecord, folder: Path):
    assert json.loads((folder / "environment.json").read_text())["schema_version"] == 1


def test_a_new_record_has_a_folder_for_checkpoints(record: RunRecord, folder: Path):
    assert (folder / "checkpoints").is_dir()


def test_no_temporary_file_stays_behind(record: RunRecord, folder: Path):
    assert not list(folder.glob("*.tmp"))


def test_a_folder_with_a_run_is_refused(record: RunRecord, folder: Path):
    with pytest.raises(
        RunError, match=r"already holds a run\. Continue it with `headway resume"
    ):
        RunRecord.create(folder, recipe={}, environment={})


def test_an_existing_folder_with_other_files_is_accepted(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("keep")
    RunRecord.create(tmp_path, recipe={}, environment={}).close()
    assert (tmp_path / "notes.txt").read_text() == "keep"


def test_a_folder_whose_creation_was_killed_before_the_end_is_accepted(tmp_path: Path):
    (tmp_path / "recipe.toml").write_text("half")
    RunRecord.create(tmp_path, recipe={"seed": 1}, environment={}).close()
    assert Run(tmp_path).recipe == {"seed": 1}


def test_a_discarded_record_leaves_nothing(record: RunRecord, folder: Path):
    (folder / "tensorboard").mkdir()
    record.discard()
    assert not folder.exists()


def test_a_discarded_record_leaves_what_was_there_before(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("keep")
    RunRecord.create(tmp_path, recipe={}, environment={}).discard()
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_logged_numbers_are_on_disk_at_once(record: RunRecord, folder: Path):
    record.log(5, {"train/loss": 0.25})
    row = json.loads((folder / METRICS).read_text())
    assert (row["step"], row["train/loss"]) == (5, 0.25)


def test_a_row_carries_the_time_it_was_written(
    record: RunRecord, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("headway.runs.record.time.time", lambda: 1234.5)
    record.log(1, {})
    assert next(Run(folder).metrics())["time"] == 1234.5


def test_events_carry_what_belongs_to_them(record: RunRecord, folder: Path):
    record.event("checkpoint", step=7, path=Path("checkpoints/7"), values={"val/loss": 0.5})
    event = Run(folder).events()[0]
    assert (event["event"], event["step"], event["path"], event["values"]) == (
        "checkpoint",
        7,
        "checkpoints/7",
        {"val/loss": 0.5},
    )


def test_reopening_appends_to_what_is_there(record: RunRecord, folder: Path):
    record.log(1, {})
    with closing(RunRecord.reopen(folder)) as again:
        again.log(2, {})
    assert steps(folder) == [1, 2]


def test_reopening_cuts_a_torn_last_line(record: RunRecord, folder: Path):
    record.log(1, {})
    with (folder / METRICS).open("ab") as file:
        file.write(b'{"step": 2, "ti')
    with closing(RunRecord.reopen(folder)) as again:
        again.log(3, {})
    assert steps(folder) == [1, 3]
    assert Run(folder).damaged_lines == 0


def test_reopening_cuts_a_torn_line_longer_than_one_read(record: RunRecord, folder: Path):
    record.log(1, {})
    whole = (folder / METRICS).stat().st_size
    with (folder / METRICS).open("ab") as file:
        file.write(b"\0" * 200_000)
    RunRecord.reopen(folder).close()
    assert (folder / METRICS).stat().st_size == whole


def test_reopening_a_file_with_nothing_but_a_torn_line_empties_it(
    record: RunRecord, folder: Path
):
    (folder / METRICS).write_bytes(b'{"step": 1')
    RunRecord.reopen(folder).close()
    assert (folder / METRICS).read_bytes() == b""


def test_reopening_a_folder_that_is_no_run_is_refused(tmp_path: Path):
    with pytest.raises(RunError, match=r"is not a run: it holds no environment\.json"):
        RunRecord.reopen(tmp_path)


def test_rewinding_drops_the_rows_after_the_position(record: RunRecord, folder: Path):
    record.log(1, {"loss": 1.0})
    position = record.metrics_position()
    record.log(2, {"loss": 2.0})
    record.rewind_metrics(position)
    record.log(2, {"loss": 2.0})
    assert steps(folder) == [1, 2]


def test_rewinding_to_the_end_changes_nothing(record: RunRecord, folder: Path):
    record.log(1, {})
    before = (folder / METRICS).read_bytes()
    record.rewind_metrics(record.metrics_position())
    assert (folder / METRICS).read_bytes() == before


def test_rewinding_into_a_line_keeps_only_the_whole_lines_before(
    record: RunRecord, folder: Path
):
    record.log(1, {})
    position = record.metrics_position()
    record.log(2, {})
    record.rewind_metrics(position + 3)
    assert steps(folder) == [1]


def test_rewinding_past_the_end_warns_that_rows_are_missing(record: RunRecord):
    record.log(1, {})
    with pytest.warns(UserWarning, match="lost its last 10 bytes"):
        record.rewind_metrics(record.metrics_position() + 10)


def test_rewinding_past_the_end_adds_nothing(record: RunRecord, folder: Path):
    record.log(1, {})
    size = record.metrics_position()
    with pytest.warns(UserWarning, match="rows are missing"):
        record.rewind_metrics(size + 10)
    assert (folder / METRICS).stat().st_size == size


def test_flushing_keeps_the_record_usable(record: RunRecord, folder: Path):
    record.log(1, {})
    record.flush()
    record.log(2, {})
    assert steps(folder) == [1, 2]


def test_closing_twice_does_nothing(record: RunRecord):
    record.close()
    record.close()
