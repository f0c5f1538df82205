import json
import math

import pytest
import torch

from headway.errors import RunError
from headway.lab.records import Record, Unit, read_record, write_record
from headway.lab.running import run_experiments
from headway.lab.verdict import Verdict


def run(root, **options):
    options = {"seeds": (0, 1, 2), **options}
    return list(run_experiments(["tiny"], root=root, **options))


def test_an_experiment_is_run_judged_and_drawn(tiny, tmp_path):
    tiny()
    (finding,) = run(tmp_path)
    assert finding.verdict is Verdict.REPRODUCED
    assert finding.results.values("treated", "score") == [3.0, 4.0, 5.0]
    assert finding.picture is not None
    assert finding.picture.read_bytes().startswith(b"\x89PNG")


def test_what_has_run_is_read_and_only_new_seeds_run(tiny, tmp_path):
    seen: list[int] = []

    def treated(seed: int) -> float:
        seen.append(seed)
        return 3.0

    tiny(treated=treated)
    run(tmp_path, seeds=(0, 1))
    run(tmp_path, seeds=(0, 1, 2))
    assert seen == [0, 1, 2]
    run(tmp_path, again=True)
    assert seen == [0, 1, 2, 0, 1, 2]


def test_an_exact_experiment_runs_once(tiny, tmp_path):
    tiny(is_exact=True)
    (finding,) = run(tmp_path)
    assert list(finding.results.by_seed) == [0]
    assert finding.verdict is Verdict.REPRODUCED


def test_an_arm_that_breaks_is_told_and_the_others_are_kept(tiny, tmp_path):
    def broken(seed: int) -> float:
        raise ZeroDivisionError("by zero")

    experiment = tiny(control=broken)
    (finding,) = run(tmp_path)
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert "control, seed 2: ZeroDivisionError: by zero" in finding.error
    unit = Unit(experiment="tiny", arm="treated", seed=0)
    assert read_record(tmp_path, experiment, unit) is not None


def test_numbers_survive_the_disk_also_those_that_are_not_finite(tiny, tmp_path):
    experiment = tiny()
    unit = Unit(experiment="tiny", arm="treated", seed=0)
    numbers = {"curve": [1.0, math.inf, -math.inf], "gap": math.nan, "steps": (1, 2)}
    write_record(tmp_path, experiment, unit, Record(numbers=numbers, seconds=1.0))
    found = read_record(tmp_path, experiment, unit)
    assert found is not None
    assert found.numbers["curve"] == [1.0, math.inf, -math.inf]
    assert math.isnan(found.numbers["gap"])
    assert found.numbers["steps"] == [1, 2]


def test_numbers_of_an_experiment_that_has_changed_are_not_used(tiny, tmp_path):
    experiment = tiny()
    unit = Unit(experiment="tiny", arm="treated", seed=0)
    write_record(tmp_path, experiment, unit, Record(numbers={}, seconds=1.0))
    path = tmp_path / "tiny" / "numbers" / "treated-seed-0.json"
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({**kept, "version": "another"}))
    assert read_record(tmp_path, experiment, unit) is None


def test_damaged_numbers_are_named_with_what_to_do(tiny, tmp_path):
    experiment = tiny()
    unit = Unit(experiment="tiny", arm="treated", seed=0)
    write_record(tmp_path, experiment, unit, Record(numbers={}, seconds=1.0))
    path = tmp_path / "tiny" / "numbers" / "treated-seed-0.json"
    path.write_text('{"version"')
    with pytest.raises(RunError, match=r"is damaged .* delete it to run it again"):
        read_record(tmp_path, experiment, unit)


def test_an_arm_has_one_thread(tiny, tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        tiny(treated=lambda seed: 2.5 + torch.get_num_threads())
        (finding,) = run(tmp_path)
    finally:
        torch.set_num_threads(before)
    assert finding.results.values("treated", "score") == [3.5, 3.5, 3.5]


def test_every_unit_that_is_done_is_told(tiny, tmp_path):
    tiny()
    told = []
    run(tmp_path, say=told.append)
    assert [advance.done for advance in told] == [1, 2, 3, 4, 5, 6]
    assert {advance.total for advance in told} == {6}


def test_a_finding_is_kept_beside_its_picture(tiny, tmp_path):
    tiny(control=lambda seed: 3.0 if seed == 1 else 1.0, note="As in the book.")
    run(tmp_path)
    kept = json.loads((tmp_path / "tiny" / "finding.json").read_text())
    assert (kept["name"], kept["verdict"], kept["note"]) == (
        "tiny",
        "INCONCLUSIVE",
        "As in the book.",
    )
    assert kept["seeds"] == [0, 1, 2]
    assert kept["requirements"] == [
        {
            "text": "the treated score is above 2",
            "is_control": False,
            "is_met": True,
            "where": "each",
            "values": [3.0, 4.0, 5.0],
        },
        {
            "text": "that of the control is below 2",
            "is_control": True,
            "is_met": None,
            "where": "each",
            "values": [1.0, 3.0, 1.0],
        },
    ]


def test_an_experiment_that_could_not_run_says_so_in_its_finding(tiny, tmp_path):
    def broken(seed: int) -> float:
        raise ZeroDivisionError("by seed")

    tiny(treated=broken)
    run(tmp_path)
    kept = json.loads((tmp_path / "tiny" / "finding.json").read_text())
    assert kept["error"].endswith("ZeroDivisionError: by seed")
    assert [each["values"] for each in kept["requirements"]] == [[], []]
    assert not (tmp_path / "tiny" / "picture.png").exists()
