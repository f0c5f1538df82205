import os
import signal
import subprocess
import sys

import pytest

from headway.cli import main

COMMANDS = ["train", "evaluate", "predict", "export", "resume", "tune", "runs", "models"]
HEAVY = ["torch", "torchvision", "polars", "sklearn", "numpy", "rich"]


def headway(*words: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "headway", *words], capture_output=True, text=True, **options
    )


@pytest.fixture
def no_rank(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)


def test_help_names_every_command():
    result = headway("--help")

    assert result.returncode == 0
    assert all(f"• {command}" in result.stdout for command in COMMANDS)


def test_no_words_at_all_show_the_help():
    assert headway().stdout == headway("--help").stdout


@pytest.mark.parametrize("words", [[], *([command] for command in COMMANDS)])
def test_help_loads_nothing_heavy(words):
    program = (
        "import sys\n"
        "from headway.cli import main\n"
        "try: main([*sys.argv[1:], '--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        f"print(*{HEAVY}.__class__(n for n in {HEAVY} if n in sys.modules), file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True
    )

    assert result.stdout.startswith(f"usage: {' '.join(['headway', *words])}")
    assert result.stderr == "\n"


@pytest.mark.usefixtures("no_rank")
def test_a_misspelt_command_gets_a_suggestion(capsys):
    assert main(["trian", "digits"]) == 2
    assert capsys.readouterr().err == (
        "headway: there is no command 'trian'. Did you mean 'train'? Commands: train, "
        "check, fix, evaluate, predict, export, resume, tune, lab, board, report, runs, "
        "models\n"
    )


def test_an_unknown_option_is_bad_input(capsys):
    with pytest.raises(SystemExit) as end:
        main(["train", "digits", "--modle", "mlp"])

    assert end.value.code == 2
    assert "--model NAME" in capsys.readouterr().err


def test_another_process_says_which_it_is(capsys, monkeypatch):
    monkeypatch.setenv("RANK", "3")

    assert main(["trian"]) == 2
    assert capsys.readouterr().err.startswith("headway (process 3): there is no command")


@pytest.mark.skipif(os.name != "posix", reason="needs pipes that break")
def test_a_reader_that_has_seen_enough_is_no_error(tmp_path):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as broken:
        result = subprocess.run(
            [sys.executable, "-m", "headway", "runs", str(tmp_path)],
            stdout=broken,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert (result.returncode, result.stderr) == (128 + signal.SIGPIPE, "")


def test_characters_that_the_terminal_lacks_are_escaped(tmp_path):
    (tmp_path / "größe").mkdir()
    result = headway(
        "runs", str(tmp_path / "größe"), env=os.environ | {"PYTHONIOENCODING": "ascii"}
    )

    assert result.returncode == 0
    assert r"gr\xf6\xdfe" in result.stdout
