"""Commands run in this process, in a folder of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from headway.cli import main


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
