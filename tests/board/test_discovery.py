"""Every run below a folder is found, and nothing outside of it."""

import os
import time
from pathlib import Path

import pytest

from headway.board import discovery
from headway.board.discovery import Discovery, Found


def make(root: Path, *paths: str) -> None:
    """Make empty files."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


def find(root: Path) -> Found:
    return Discovery(root).find()


@pytest.mark.parametrize(
    ("files", "id_", "kind", "group"),
    [
        (["a/environment.json"], "a", "run", None),
        (["deep/er/a/environment.json"], "deep/er/a", "run", None),
        (["environment.json"], ".", "run", None),
        (["e/ensemble.json", "e/member-1/environment.json"], "e/member-1", "member", "e"),
        (["s/trials/a/environment.json"], "s/trials/a", "trial", "s"),
        (["trials/a/environment.json"], "trials/a", "trial", "."),
        (
            ["lab/x/finding.json", "lab/x/trials/a/environment.json"],
            "lab/x/trials/a",
            "lab",
            "lab/x",
        ),
        (
            ["lab/x/finding.json", "lab/x/tuning/s/trials/a/environment.json"],
            "lab/x/tuning/s/trials/a",
            "lab",
            "lab/x/tuning/s",
        ),
        (["lab/x/finding.json", "lab/x/a/environment.json"], "lab/x/a", "lab", "lab/x"),
    ],
)
def test_a_run_is_known_by_its_folder_and_what_it_is_part_of(
    tmp_path: Path, files: list[str], id_: str, kind: str, group: str | None
):
    make(tmp_path, *files)
    run = find(tmp_path).runs[id_]
    assert (run.kind, run.group) == (kind, group)


def test_an_older_experiment_is_known_by_its_numbers_and_picture(tmp_path: Path):
    make(tmp_path, "lab/x/numbers/a.json", "lab/x/picture.png")
    assert list(find(tmp_path).experiments) == ["lab/x"]


def test_a_folder_that_is_not_there_has_no_runs(tmp_path: Path):
    assert find(tmp_path / "none").runs == {}


@pytest.mark.parametrize("name", ["checkpoints", "wandb", ".hidden"])
def test_folders_of_programs_are_passed_over(tmp_path: Path, name: str):
    make(tmp_path, f"a/{name}/b/environment.json")
    assert find(tmp_path).runs == {}


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path):
    make(tmp_path, "outside/run/environment.json", "root/a/environment.json")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside")
    assert list(find(tmp_path / "root").runs) == ["a"]


def test_a_link_to_a_file_makes_no_run(tmp_path: Path):
    make(tmp_path, "environment.json", "root/a/recipe.toml")
    (tmp_path / "root/a/environment.json").symlink_to(tmp_path / "environment.json")
    assert find(tmp_path / "root").runs == {}


def test_a_folder_that_became_a_link_is_no_longer_found(tmp_path: Path):
    make(tmp_path, "root/a/environment.json")
    looking = Discovery(tmp_path / "root")
    assert looking.find().runs
    (tmp_path / "root/a").rename(tmp_path / "moved")
    (tmp_path / "root/a").symlink_to(tmp_path / "moved")
    assert looking.find().runs == {}


def test_the_root_may_be_a_link(tmp_path: Path):
    make(tmp_path, "there/a/environment.json")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    assert list(find(tmp_path / "link").runs) == ["a"]


def test_links_in_a_circle_do_no_harm(tmp_path: Path):
    make(tmp_path, "a/environment.json")
    (tmp_path / "a/b").symlink_to(tmp_path)
    assert list(find(tmp_path).runs) == ["a"]


def test_new_runs_are_found_and_old_ones_forgotten(tmp_path: Path):
    make(tmp_path, "a/environment.json")
    looking = Discovery(tmp_path)
    looking.find()
    (tmp_path / "a/environment.json").unlink()
    make(tmp_path, "b/c/environment.json")
    assert list(looking.find().runs) == ["b/c"]


def test_a_folder_that_has_not_changed_for_a_while_is_not_listed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make(tmp_path, "a/environment.json")
    long_ago = time.time() - 100
    for folder in (tmp_path / "a", tmp_path):
        os.utime(folder, (long_ago, long_ago))
    looking = Discovery(tmp_path)
    looking.find()
    monkeypatch.setattr(os, "scandir", None)
    assert list(looking.find().runs) == ["a"]


def test_only_the_runs_asked_for_are_found(tmp_path: Path):
    make(tmp_path, "a/environment.json", "b/environment.json")
    assert list(Discovery(tmp_path, only=["b"]).find().runs) == ["b"]


def test_of_what_is_asked_for_nothing_is_passed_over_and_nothing_else_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make(tmp_path, ".hidden/a/environment.json", "b/c/environment.json", ".hid/a/x")
    listed: list[str] = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (listed.append(path), scan(path))[1])
    assert list(Discovery(tmp_path, only=[".hidden/a"]).find().runs) == [".hidden/a"]
    assert [Path(path).name for path in listed] == [tmp_path.name, ".hidden", "a"]


def test_a_name_that_is_no_text_is_passed_over(tmp_path: Path):
    make(tmp_path, "good/environment.json")
    make(tmp_path, "\udcff/environment.json")
    assert list(find(tmp_path).runs) == ["good"]


def test_very_deep_folders_are_not_looked_into(tmp_path: Path):
    make(tmp_path, "/".join("abcdefgh") + "/environment.json")
    make(tmp_path, "/".join("abcdefghi") + "/environment.json")
    assert list(find(tmp_path).runs) == ["a/b/c/d/e/f/g/h"]


def test_too_many_folders_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(discovery, "_MOST_FOLDERS", 3)
    make(tmp_path, *(f"{number}/environment.json" for number in range(5)))
    found = find(tmp_path)
    assert (len(found.runs), found.is_cut) == (2, True)
