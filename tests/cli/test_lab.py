import json

import pytest

from headway.cli.app import main
from headway.lab import running


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_lab_alone_shows_what_there_is(in_folder, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["lab"])
    assert ended.value.code == 0
    assert "{list,run,show,report}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lab", "run"], "name experiments or say --all"),
        (["lab", "run", "degradation", "--all"], "name experiments or say --all"),
        (["lab", "run", "degredation"], "Did you mean 'degradation'"),
        (["lab", "run", "degradation", "--seeds", "0"], "must be at least 1"),
        (["lab", "show", "nothing"], "there is no experiment 'nothing'"),
    ],
)
def test_wrong_words_get_a_sentence(in_folder, capsys, words, message):
    assert main(words) == 2
    assert message in capsys.readouterr().err


def test_an_experiment_that_has_not_run_shows_its_requirements(in_folder, capsys):
    assert main(["lab", "show", "degradation"]) == 0
    said = capsys.readouterr().out
    assert "degradation: NOT RUN" in said
    assert "resnet-56" in said


def test_run_show_and_report_agree(in_folder, capsys):
    name = "parameter-counts"
    assert main(["lab", "run", name, "--json", "--jobs", "1"]) == 0
    ran = json.loads(capsys.readouterr().out)
    assert main(["lab", "show", name, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["verdict"] == ran["verdict"] == "REPRODUCED"
    assert main(["lab", "report", "--markdown", "lab.md"]) == 0
    assert "REPRODUCED" in (in_folder / "lab.md").read_text()
    assert (in_folder / "lab" / f"{name}.png").exists()
    assert "REPRODUCED" in (in_folder / "runs" / "lab" / "report.html").read_text()


def test_two_processes_give_what_one_gives(in_folder, tmp_path):
    name = "parameter-counts"
    alone, together = (
        next(
            iter(
                running.run_experiments(
                    [name], root=tmp_path / str(jobs), seeds=(0,), jobs=jobs
                )
            )
        )
        for jobs in (1, 2)
    )
    assert alone.results == together.results
