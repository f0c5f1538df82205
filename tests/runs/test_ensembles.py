"""Several runs in one folder."""

from contextlib import closing
from pathlib import Path

import pytest

from headway.errors import RunError
from headway.runs import (
    EnsembleRecord,
    RunRecord,
    find_ensemble,
    is_ensemble,
    is_known,
    list_runs,
    member_folder,
    open_runs,
)


def finish(folder: Path) -> Path:
    record = RunRecord.create(folder, recipe={"seed": 0}, environment={})
    record.event("started")
    record.event("finished")
    record.close()
    return folder


@pytest.fixture
def pair(tmp_path) -> Path:
    """An ensemble of two, both done, beside a run."""
    folder = tmp_path / "runs" / "pair"
    EnsembleRecord(kind="seeds", size=2, recipe={"seed": 0}).write(folder)
    for number in (1, 2):
        finish(member_folder(folder, number))
    finish(tmp_path / "runs" / "alone")
    return folder


def test_a_record_is_read_as_it_was_written(tmp_path):
    record = EnsembleRecord(kind="snapshots", size=3, recipe={"optimizer": {"lr": 0.1}})
    record.write(tmp_path)

    assert EnsembleRecord.read(tmp_path) == record


def test_an_ensemble_is_found_by_path_and_by_name(pair):
    assert find_ensemble(pair) == pair
    assert find_ensemble("pair", root=pair.parent) == pair
    assert find_ensemble("alone", root=pair.parent) is None
    assert is_ensemble(pair)
    assert not is_ensemble(pair.parent / "alone")


def test_runs_and_ensembles_are_known_and_other_words_are_not(pair):
    known = [
        word for word in ("pair", "alone", "digits") if is_known(word, root=pair.parent)
    ]

    assert known == ["pair", "alone"]


def test_an_ensemble_stands_for_its_members(pair):
    found = open_runs(["alone", "pair"], root=pair.parent)

    assert [run.name for run in found] == ["alone", "member-1", "member-2"]


def test_members_are_listed_with_the_other_runs(pair):
    found = {str(run.folder.relative_to(pair.parent)) for run in list_runs(pair.parent)}

    assert found == {"alone", "pair/member-1", "pair/member-2"}


def test_a_member_that_is_not_done_is_named(pair):
    with closing(RunRecord.reopen(member_folder(pair, 2))) as record:
        record.event("interrupted")

    with pytest.raises(
        RunError, match="pair is not trained to its end: member-2 is missing"
    ):
        open_runs([pair])


def test_one_run_is_one_voice(pair):
    with pytest.raises(RunError, match="member-2 is named twice"):
        open_runs([pair / "member-2", pair])
