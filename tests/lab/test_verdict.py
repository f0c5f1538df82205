import math

import pytest

from headway.lab.experiment import Requirement, Results
from headway.lab.verdict import Verdict, check, judge

from .conftest import make_experiment


def results_of(treated: list[float], control: list[float]) -> Results:
    pairs = zip(treated, control, strict=True)
    return Results(
        {
            seed: {"treated": {"score": t}, "control": {"score": c}}
            for seed, (t, c) in enumerate(pairs)
        }
    )


@pytest.mark.parametrize(
    ("treated", "control", "verdict"),
    [
        ([3, 3, 3], [1, 1, 1], Verdict.REPRODUCED),
        ([1, 1, 1], [1, 1, 1], Verdict.NOT_REPRODUCED),
        ([3, 1, 3], [1, 1, 1], Verdict.INCONCLUSIVE),
        ([3, 3, 3], [3, 3, 3], Verdict.INCONCLUSIVE),
        ([1, 1, 1], [3, 3, 3], Verdict.INCONCLUSIVE),
        ([3, 3], [1, 1], Verdict.INCONCLUSIVE),
        ([math.nan] * 3, [1, 1, 1], Verdict.NOT_REPRODUCED),
    ],
    ids=[
        "all holds",
        "claim fails everywhere",
        "seeds disagree",
        "control like treatment",
        "control like treatment though the claim fails",
        "too few seeds",
        "an arm gave no number",
    ],
)
def test_the_verdict_follows_from_claim_and_control(treated, control, verdict):
    assert judge(make_experiment(), results_of(treated, control))[0] is verdict


def test_one_seed_is_enough_where_all_seeds_give_the_same():
    experiment = make_experiment(is_exact=True)
    assert judge(experiment, results_of([3], [1]))[0] is Verdict.REPRODUCED


@pytest.mark.parametrize(
    ("where", "values", "is_met"),
    [
        ("mean", [0.0, 0.0, 9.0], True),
        ("mean", [0.0, 0.0, 1.0], False),
        ("most", [3.0, 3.0, 3.0, 0.0], True),
        ("most", [3.0, 3.0, 0.0, 0.0], None),
        ("most", [0.0, 0.0, 0.0, 0.0], False),
        ("each", [3.0, 3.0, 3.0, 0.0], None),
    ],
)
def test_a_requirement_may_ask_for_each_seed_most_or_the_mean(where, values, is_met):
    requirement = Requirement(
        text="x is above 1", value=lambda arms: arms["a"]["x"], above=1.0, where=where
    )
    results = Results({seed: {"a": {"x": value}} for seed, value in enumerate(values)})
    assert check(requirement, results).is_met is is_met


def test_a_number_between_two_bounds_meets_both():
    requirement = Requirement(
        text="x lies in 1..2", value=lambda arms: 0.0, above=1, below=2
    )
    assert requirement.is_met_by(1.5)
    assert not requirement.is_met_by(1.0)
    assert not requirement.is_met_by(2.0)
    assert not requirement.is_met_by(math.nan)
