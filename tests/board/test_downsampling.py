"""Fewer points that keep what matters."""

import numpy as np
import pytest

from headway.board.downsampling import downsample

CURVES = [(n, points) for n in (4, 10, 999, 10_000) for points in (3, 60, 1000)]


def curve(size: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(size)
    return np.arange(float(size)), generator.normal(size=size)


@pytest.mark.parametrize(("size", "points"), CURVES)
def test_there_are_no_more_points_than_asked_for(size: int, points: int):
    assert len(downsample(*curve(size), points).x) <= points


@pytest.mark.parametrize(("size", "points"), CURVES)
def test_the_extremes_are_kept(size: int, points: int):
    x, y = curve(size)
    found = downsample(x, y, points)
    assert (found.low.min(), found.high.max()) == (y.min(), y.max())


@pytest.mark.parametrize(("size", "points"), CURVES)
def test_a_single_outlier_stays_where_it_was(size: int, points: int):
    x, y = np.arange(float(size)), np.zeros(size)
    y[size // 2] = 100.0
    found = downsample(x, y, points)
    place = found.x[found.high.argmax()]
    assert abs(place - size // 2) <= max(1.0, size / (points - 2))


@pytest.mark.parametrize(("size", "points"), CURVES)
def test_first_and_last_point_stay_as_they_are(size: int, points: int):
    x, y = curve(size)
    found = downsample(x, y, points)
    assert (found.x[0], found.y[0], found.x[-1], found.y[-1]) == (x[0], y[0], x[-1], y[-1])


@pytest.mark.parametrize(("size", "points"), CURVES)
def test_each_point_lies_between_its_extremes(size: int, points: int):
    found = downsample(*curve(size), points)
    assert np.all((found.low <= found.y) & (found.y <= found.high))


@pytest.mark.parametrize(("size", "points"), CURVES)
def test_places_rise(size: int, points: int):
    assert np.all(np.diff(downsample(*curve(size), points).x) > 0)


def test_a_line_stays_a_line():
    x = np.arange(10_000.0)
    found = downsample(x, 2 * x + 1, 100)
    np.testing.assert_allclose(found.y, 2 * found.x + 1)


def test_few_points_are_given_back_unchanged():
    x, y = curve(50)
    found = downsample(x, y, 50)
    assert found.x is x
    assert found.y is found.low is found.high is y


def test_numbers_near_the_largest_do_not_overflow():
    y = np.full(1000, 1.7e308)
    assert np.all(downsample(np.arange(1000.0), y, 10).y == 1.7e308)


def test_nothing_gives_nothing():
    assert len(downsample(np.empty(0), np.empty(0), 10).x) == 0
