import re

import pytest

from headway.errors import InputError
from headway.lab import NAMES, load_experiment, names_of


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_says_what_it_claims_who_does_and_when_it_counts(name):
    experiment = load_experiment(name)
    assert experiment.name == name
    assert re.fullmatch(r"[A-Z0-9].*\.", experiment.claim)
    assert re.search(r"\b(1[89]|20)\d\d\b", experiment.source), "a source has a year"
    assert len(experiment.arms) >= 1
    assert any(not each.is_control for each in experiment.requirements)
    for requirement in experiment.requirements:
        assert requirement.above is not None or requirement.below is not None


def test_names_are_told_apart():
    assert len(set(NAMES)) == len(NAMES)


def test_full_experiments_are_left_out_unless_asked_for():
    quick = names_of(full=False)
    assert set(quick) <= set(names_of(full=True)) == set(NAMES)
    assert all(load_experiment(name).scale == "quick" for name in quick)


def test_an_unknown_name_gets_the_nearest_one():
    with pytest.raises(InputError, match="Did you mean 'degradation'"):
        load_experiment("degredation")
