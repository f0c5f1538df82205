import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from headway.runs import describe_environment


def git(*arguments: str) -> None:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with one committed file, and work in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    # A git hook that runs these tests sets them, and they lead to the outer repository.
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "model.py").write_text("x = 1\n")
    git("init")
    git("add", ".")
    git("commit", "--message", "first")
    return tmp_path


def test_the_description_is_json():
    description = describe_environment()
    assert json.loads(json.dumps(description)) == description


def test_the_description_names_the_versions_it_runs_with():
    description = describe_environment()
    assert description["python"] == sys.version.split()[0]
    assert description["headway"] == metadata.version("headway")
    assert description["packages"]["torch"] == metadata.version("torch")


def test_the_description_names_processor_and_cores():
    cpu = describe_environment()["cpu"]
    assert cpu["model"]
    assert 1 <= cpu["usable_cores"] <= cpu["cores"]


def test_the_description_holds_the_command():
    assert describe_environment()["command"] == sys.orig_argv


def test_a_committed_tree_is_clean(repository: Path):
    found = describe_environment()["git"]
    assert len(found["commit"]) == 40
    assert found["is_dirty"] is False


def test_a_changed_file_makes_the_tree_dirty(repository: Path):
    (repository / "model.py").write_text("x = 2\n")
    assert describe_environment()["git"]["is_dirty"] is True


def test_outside_a_repository_there_is_no_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert describe_environment()["git"] is None


def test_without_the_git_program_there_is_no_git(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    assert describe_environment()["git"] is None


def test_an_uninstalled_headway_has_no_version(monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", missing)
    assert describe_environment()["headway"] == "unknown"


def test_importing_the_run_record_loads_nothing_heavy():
    script = (
        "import sys, headway.runs; "
        "heavy = {'torch', 'numpy', 'tensorboard', 'wandb', 'mlflow'} & set(sys.modules); "
        "print(*heavy)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, check=True
    )
    assert result.stdout.split() == []
