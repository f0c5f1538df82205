import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from headway.doctor.cache import ArmCache
from headway.doctor.evidence import Budget
from headway.doctor.program import MakeProgram, Program
from headway.doctor.remedies.batches import SetBatchSize
from headway.doctor.remedies.rates import ScaleLearningRate, SetLearningRate
from headway.doctor.workbench import Workbench

MakeMake = Callable[..., MakeProgram]
RATE = (SetLearningRate(lr=0.05),)


def counted(make: MakeProgram) -> tuple[MakeProgram, list[int]]:
    """Return the maker and the seeds that it is asked for."""
    seeds: list[int] = []

    def make_counted(seed: int) -> Program:
        seeds.append(seed)
        return make(seed)

    return make_counted, seeds


def test_an_arm_is_trained_once(digits: MakeMake):
    make, seeds = counted(digits(epochs=1))
    bench = Workbench(make)
    assert bench.run(RATE, 1) == bench.run((SetLearningRate(lr=0.05),), 1)
    assert seeds == [1]
    assert bench.trainings == 1


def test_a_killed_experiment_goes_on_where_it_was(digits: MakeMake, tmp_path: Path):
    first = Workbench(digits(epochs=1), cache=ArmCache(tmp_path, source="a"))
    result = first.run(RATE, 1)
    make, seeds = counted(digits(epochs=1))
    second = Workbench(make, cache=ArmCache(tmp_path, source="a"))
    assert second.run(RATE, 1) == result
    assert seeds == []
    assert second.seconds == first.seconds > 0


def test_each_finished_arm_is_one_line(digits: MakeMake, tmp_path: Path):
    bench = Workbench(digits(epochs=1), cache=ArmCache(tmp_path))
    bench.run(RATE, 1)
    bench.run((), 1)
    rows = [json.loads(line) for line in (tmp_path / "arms.jsonl").read_text().splitlines()]
    assert [row["remedies"] for row in rows] == [
        ["SetLearningRate(lr=0.05, warmup_steps=0)"],
        [],
    ]
    assert [row["result"]["seed"] for row in rows] == [1, 1]


def test_a_torn_last_line_is_trained_again(digits: MakeMake, tmp_path: Path):
    result = Workbench(digits(epochs=1), cache=ArmCache(tmp_path)).run(RATE, 1)
    path = tmp_path / "arms.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    make, seeds = counted(digits(epochs=1))
    again = Workbench(make, cache=ArmCache(tmp_path)).run(RATE, 1)
    assert result is not None
    assert again is not None
    assert replace(again, seconds=result.seconds) == result
    assert seeds == [1]


@pytest.mark.parametrize("change", ["source", "seed", "remedies"])
def test_what_another_arm_came_to_is_not_taken(
    digits: MakeMake, tmp_path: Path, change: str
):
    Workbench(digits(epochs=1), cache=ArmCache(tmp_path, source="a")).run(RATE, 1)
    make, seeds = counted(digits(epochs=1))
    source = "b" if change == "source" else "a"
    bench = Workbench(make, cache=ArmCache(tmp_path, source=source))
    bench.run(() if change == "remedies" else RATE, 2 if change == "seed" else 1)
    assert len(seeds) == 1


def test_a_nan_of_a_result_comes_back(digits: MakeMake, tmp_path: Path):
    diverging = (SetLearningRate(lr=1e20),)
    first = Workbench(digits(), cache=ArmCache(tmp_path)).run(diverging, 0)
    second = Workbench(digits(), cache=ArmCache(tmp_path)).run(diverging, 0)
    assert first is not None
    assert str(first) == str(second)


def test_without_time_there_is_no_result(digits: MakeMake):
    assert Workbench(digits(), budget=Budget(0.0)).run((), 0) is None


def test_a_remedy_that_does_not_fit_gives_no_result(digits: MakeMake):
    assert Workbench(digits()).run((SetBatchSize(batch_size=32),), 0) is None


def test_those_that_do_not_fit_are_left_out(digits: MakeMake):
    scaled = ScaleLearningRate(factor=0.5)
    kept = Workbench(digits()).fitting((SetBatchSize(batch_size=32), scaled))
    assert kept == (scaled,)


def test_a_long_program_is_trained_in_part_by_every_arm(digits: MakeMake):
    bench = Workbench(digits(epochs=10_000), budget=Budget(60))
    bench.pace(0.2)
    first, second = bench.run((), 0), bench.run(RATE, 1)
    assert first is not None
    assert second is not None
    assert first.is_finished
    assert 0 < bench.fraction < 0.1
    assert first.steps == second.steps < 10_000


def test_the_pace_of_a_killed_experiment_is_kept(digits: MakeMake, tmp_path: Path):
    first = Workbench(digits(epochs=10_000), cache=ArmCache(tmp_path))
    first.pace(0.2)
    make, seeds = counted(digits(epochs=10_000))
    second = Workbench(make, cache=ArmCache(tmp_path))
    second.pace(5.0)
    assert second.fraction == first.fraction
    assert second.run((), 0) == first.run((), 0)
    assert seeds == []


def test_where_the_program_ends_early_a_treated_one_sets_the_pace(digits: MakeMake):
    bench = Workbench(digits(epochs=10_000, lr=1e20), budget=Budget(60))
    bench.pace(0.2)
    assert bench.fraction == 1.0
    result = bench.run(RATE, 1)
    assert result is not None
    assert result.is_finished
    assert 0 < bench.fraction < 0.1


def test_steps_can_be_limited(digits: MakeMake):
    result = Workbench(digits(), max_steps=20).run((), 0)
    assert result is not None
    assert result.steps == 20
