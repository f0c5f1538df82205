"""Commands run in this process, in a folder of their own."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from headway.cli import main

# A training that is over at once.
SHORT = ("training.max_steps=2", "machine.threads=1", "machine.allocator=false")


@dataclass
class Answer:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@pytest.fixture
def headway(capsys, monkeypatch) -> Callable[..., Answer]:
    """Return a function that runs a command and returns what it said."""
    monkeypatch.delenv("RANK", raising=False)

    def run(*words: object) -> Answer:
        code = main([str(word) for word in words])
        return Answer(code, *capsys.readouterr())

    return run


@pytest.fixture
def in_tmp_path(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def refused(headway, in_tmp_path) -> Callable[..., None]:
    """Return a function that runs a command which must fail cleanly, with one message.

    In the message "..." stands for anything, and paths start in the working folder.
    """

    def run(expected: str, *words: object, code: int = 2) -> None:
        before = _run_folders(in_tmp_path)
        answer = headway(*words)
        said = answer.err.replace(f"{in_tmp_path}/", "")

        assert _pattern(f"headway: {expected}\n").fullmatch(said), (
            f"{said}is not\n{expected}"
        )
        assert (answer.code, answer.out) == (code, "")
        assert "Traceback" not in answer.err
        assert _run_folders(in_tmp_path) == before

    return run


@pytest.fixture
def refused_training(refused) -> Callable[..., None]:
    """Return `refused` for `headway train DATA`, which is over soon if it works after all."""

    def run(
        expected: str,
        data: str,
        *settings: str,
        model: str = "mlp",
        recipe: str = "default",
    ) -> None:
        choices = ["--model", model, "--recipe", recipe, "--set", *SHORT]
        refused(expected, "train", data, *choices, *settings)

    return run


def _run_folders(folder: Path) -> set[Path]:
    return {*folder.glob("runs/*"), *(path.parent for path in folder.rglob("*.jsonl"))}


def _pattern(expected: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, expected.split("..."))), re.DOTALL)
