import json

import pytest

from headway.errors import InputError, RunError
from headway.runs import NOTES, Notes, read_notes, write_notes


def test_notes_come_back_as_they_were_written(tmp_path):
    kept = write_notes(tmp_path, note="deeper\nis better", tags=["good", "für später"])

    assert read_notes(tmp_path) == kept
    assert kept == Notes(note="deeper\nis better", tags=("good", "für später"))


def test_spaces_empty_tags_and_repetitions_are_dropped(tmp_path):
    kept = write_notes(tmp_path, note=" text ", tags=[" b ", "", "a", "b", "  "])

    assert kept == Notes(note="text", tags=("b", "a"))


def test_a_run_without_notes_has_an_empty_one(tmp_path):
    assert read_notes(tmp_path) == Notes()


@pytest.mark.parametrize(
    "content",
    ["", "[1]", '{"note": 3}', '{"tags": "abc"}', '{"tags": [1]}', '{"note": "a'],
    ids=["empty", "list", "number", "text for tags", "number for a tag", "torn"],
)
def test_a_damaged_file_counts_as_none(tmp_path, content):
    (tmp_path / NOTES).write_text(content)

    assert read_notes(tmp_path) == Notes()


def test_a_link_out_of_the_folder_is_not_read(tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"note": "secret", "tags": []}))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / NOTES).symlink_to(secret)

    assert read_notes(tmp_path / "run") == Notes()


@pytest.mark.parametrize("name", [NOTES, f"{NOTES}.tmp"])
def test_a_link_out_of_the_folder_is_not_written_through(tmp_path, name):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).symlink_to(victim)

    write_notes(tmp_path / "run", note="mine", tags=[])

    assert victim.read_text() == "precious"
    assert read_notes(tmp_path / "run").note == "mine"


@pytest.mark.parametrize(
    ("note", "tags", "message"),
    [
        ("a" * 10_001, [], "a note is a text of at most 10,000 characters"),
        ("", ["a" * 61], "a tag is a text of at most 60 characters"),
        ("", [str(i) for i in range(51)], "a run has at most 50 tags, got 51"),
        ("", "abc", "tags are a list of words"),
    ],
    ids=["long note", "long tag", "many tags", "text"],
)
def test_what_is_too_long_is_refused(tmp_path, note, tags, message):
    with pytest.raises(InputError, match=message):
        write_notes(tmp_path, note=note, tags=tags)

    assert not (tmp_path / NOTES).exists()


def test_a_folder_that_is_gone_is_an_error(tmp_path):
    with pytest.raises(RunError, match="cannot write"):
        write_notes(tmp_path / "gone", note="", tags=[])
