"""The `headway` command: which command was asked for, and how it ended.

Exit codes: 0 done, 1 `check` found errors or `fix` no cure, 2 bad input, 3 diverged, 128 +
signal stopped after saving, 1 any other error that headway knows of.
"""

import contextlib
import io
import os
import signal
import sys
import warnings
from collections.abc import Generator, Sequence
from typing import TextIO

import tyro

from headway.cli import board, doctor, lab, listing, networks, training
from headway.errors import (
    DivergenceError,
    HeadwayError,
    InputError,
    Interrupted,
    did_you_mean,
)

_COMMANDS = {
    "train": training.train,
    "check": doctor.check,
    "fix": doctor.fix,
    "evaluate": networks.evaluate,
    "predict": networks.predict,
    "export": networks.export,
    "resume": training.resume,
    "tune": training.tune,
    "lab": lab.describe,
    "board": board.board,
    "report": board.report,
    "runs": listing.runs,
    "models": listing.models,
}
_SIGPIPE = 13  # Windows has no name for it
_DESCRIPTION = "Trains deep networks and makes sure they train."
_LAB = "Published claims about training deep networks, put to the test."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: Words after the program's name; those of this process where None.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    with _plain_output():
        try:
            code = _run(words or ["--help"])
            sys.stdout.flush()
        except HeadwayError as error:
            return _report(error)
        except KeyboardInterrupt:
            return 128 + signal.SIGINT
        except BrokenPipeError:  # the reader has seen enough, as in `headway runs | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 128 + _SIGPIPE
    return code


def _run(words: list[str]) -> int:
    if words[0] not in _COMMANDS and not words[0].startswith("-"):
        raise InputError(
            f"there is no command {words[0]!r}.{did_you_mean(words[0], _COMMANDS)} "
            f"Commands: {', '.join(_COMMANDS)}"
        )
    is_lab = words[0] == "lab"
    code: int | None = tyro.extras.subcommand_cli_from_dict(
        lab.COMMANDS if is_lab else _COMMANDS,
        prog="headway lab" if is_lab else "headway",
        description=_LAB if is_lab else _DESCRIPTION,
        args=words[1:] or ["--help"] if is_lab else words,
        config=(tyro.conf.FlagCreatePairsOff, tyro.conf.HelptextFromCommentsOff),
    )
    return code or 0


def _report(error: HeadwayError) -> int:
    """Say what went wrong and return the exit code that stands for it."""
    rank = os.environ.get("RANK", "0")
    is_first = rank == "0"
    if is_first or not isinstance(error, Interrupted):
        name = "headway" if is_first else f"headway (process {rank})"
        lines = [f"{name}: {error}", *getattr(error, "__notes__", ())]
        sys.stderr.write("\n".join(lines) + "\n")
    if isinstance(error, Interrupted):
        return 128 + error.signal
    if isinstance(error, InputError):
        return 2
    return 3 if isinstance(error, DivergenceError) else 1


@contextlib.contextmanager
def _plain_output() -> Generator[None]:
    """Print warnings as one line, and characters that the terminal lacks as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        yield


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    (file or sys.stderr).write(f"headway: warning: {message}\n")
