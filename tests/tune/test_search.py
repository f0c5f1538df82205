"""Points of a search, at random and on a grid."""

import math

import pytest

from headway.tune import (
    Choice,
    LogUniform,
    Uniform,
    grid_points,
    grid_search,
    moving_average,
    random_points,
    random_search,
)

PLANE = {"matters": Uniform(0.0, 1.0), "does not": Uniform(0.0, 1.0)}
WIDTH = 0.05


def test_a_grid_is_every_combination():
    space = {"a": LogUniform(1e-4, 1e-2), "b": Choice(("x", "y"))}
    found = [(f"{point['a']:.4g}", point["b"]) for point in grid_points(space, points=3)]

    assert found == [(a, b) for a in ("0.0001", "0.001", "0.01") for b in ("x", "y")]


def test_one_point_of_a_grid_is_the_middle():
    assert LogUniform(1e-4, 1e-2).grid(1) == pytest.approx([1e-3])
    assert Uniform(0.0, 4.0).grid(1) == [2.0]


def test_random_points_follow_from_the_seed_and_more_begin_with_the_same():
    few = random_points(PLANE, count=3, seed=1)

    assert random_points(PLANE, count=8, seed=1)[:3] == few
    assert random_points(PLANE, count=3, seed=2) != few


def test_every_size_of_number_is_as_likely_as_the_others():
    points = random_points({"lr": LogUniform(1e-4, 1e-1)}, count=3000, seed=0)
    decades = [math.floor(math.log10(point["lr"])) for point in points]

    for decade in (-4, -3, -2):
        # Three standard deviations of a share of one third.
        assert decades.count(decade) / 3000 == pytest.approx(1 / 3, abs=0.026)


def test_the_best_comes_first_and_a_failure_last():
    def objective(settings) -> float:
        return -math.inf if settings["x"] == 1 else settings["x"]

    found = grid_search(objective, {"x": Choice((2, 1, 3))}, points=1)

    assert [point.settings["x"] for point in found] == [3, 2, 1]


def test_where_one_of_two_settings_matters_random_points_find_it_more_often_than_a_grid():
    """Nine points: a grid tries 3 values of each setting, random search 9.

    A peak of width w at a random place is found by one of 9 random values with the
    probability 1 - (1 - w)^9 and by 3 fixed values with at most 3 w.
    """
    trials = 2000
    places = random_points({"peak": Uniform(0.0, 1.0 - WIDTH)}, count=trials, seed=7)

    def share_found(search) -> float:
        hits = 0
        for number, place in enumerate(places):
            low = place["peak"]
            response = lambda s, low=low: float(low <= s["matters"] < low + WIDTH)  # noqa: E731
            hits += search(response, number)[0].score
        return hits / trials

    at_random = share_found(lambda f, seed: random_search(f, PLANE, count=9, seed=seed))
    on_grid = share_found(lambda f, seed: grid_search(f, PLANE, points=3))

    expected = 1.0 - (1.0 - WIDTH) ** 9
    assert at_random == pytest.approx(expected, abs=3 * math.sqrt(expected / trials))
    assert on_grid <= 3 * WIDTH
    assert at_random > 2 * on_grid


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LogUniform(0.0, 1.0), "expected 0 < low < high, got 0.0 and 1.0"),
        (lambda: Uniform(1.0, 1.0), "expected low < high, got 1.0 and 1.0"),
        (lambda: Choice(()), "values must hold at least one value, got none"),
        (lambda: moving_average([1.0], 0), "window must be at least 1, got 0"),
    ],
    ids=["log", "uniform", "choice", "window"],
)
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_moving_average_is_the_mean_of_what_came_before():
    values = [1.0, 2.0, 4.0, 8.0]

    assert moving_average(values, 3) == pytest.approx([1.0, 1.5, 7 / 3, 14 / 3])
    assert moving_average(values, 1) == tuple(values)
