"""What the messages for users' mistakes are made of."""

import pytest

from headway.errors import did_you_mean


@pytest.mark.parametrize("typed", ["ADAM", "Adm", "adam "])
def test_a_misspelt_name_finds_its_neighbor_in_any_case(typed):
    assert did_you_mean(typed, ["sgd", "adam"]) == " Did you mean 'adam'?"


def test_a_name_with_capitals_is_suggested_as_it_is_written():
    assert did_you_mean("price", ["Price", "rooms"]) == " Did you mean 'Price'?"


def test_a_far_name_suggests_nothing():
    assert did_you_mean("xyz", ["sgd", "adam"]) == ""
