import json
from collections.abc import Callable

from headway.doctor.evidence import Budget
from headway.doctor.program import MakeProgram
from headway.doctor.random_search import random_search
from headway.doctor.trial import CONFIRMING
from headway.doctor.workbench import Workbench

MakeMake = Callable[..., MakeProgram]


def test_equal_seeds_draw_equal_settings(digits: MakeMake):
    make = digits(epochs=1, lr=1e-6)
    searches = [
        random_search(Workbench(make), seconds=0.3, seed=seed) for seed in (1, 1, 2)
    ]
    first, same, other = ([repr(r) for r, _ in search.tried] for search in searches)
    common = min(len(first), len(same), len(other))
    assert common > 0
    assert first[:common] == same[:common] != other[:common]


def test_it_finds_a_better_learning_rate_and_proves_it(digits: MakeMake):
    search = random_search(Workbench(digits(lr=1e-6, epochs=3)), seconds=4.0)
    assert len(search.tried) > 2
    assert search.best
    assert search.proof is not None
    assert search.proof.control_results[0].seed == CONFIRMING[0]
    assert search.proof.treated_value > search.proof.control_value


def test_it_stops_when_its_time_is_spent(digits: MakeMake):
    search = random_search(Workbench(digits(epochs=1)), seconds=0.2)
    assert 1 <= search.trainings < 60


def test_without_time_it_finds_nothing(digits: MakeMake):
    search = random_search(Workbench(digits(), budget=Budget(0.0)), seconds=5.0)
    assert (search.tried, search.best, search.proof) == ((), (), None)


def test_all_that_is_tried_is_reported(digits: MakeMake):
    search = random_search(Workbench(digits(epochs=1)), seconds=0.2)
    values = json.loads(json.dumps(search.to_json()))
    assert len(values["tried"]) == len(search.tried)
    assert all(row["remedies"] for row in values["tried"])
