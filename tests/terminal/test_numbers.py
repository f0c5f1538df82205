import math

import pytest

from headway.terminal.numbers import (
    count,
    decimal,
    duration,
    main_first,
    metric,
    percent,
    plural,
    short,
    si,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (842, "842"),
        (999, "999"),
        (1000, "1.00 k"),
        (9_996, "10.0 k"),
        (269_722, "270 k"),
        (999_499, "999 k"),
        (999_501, "1.00 M"),
        (40_551_040, "40.6 M"),
        (2_830_000_000, "2.83 G"),
        (7_000_000_000_000, "7.00 T"),
        (12_345_000_000_000_000, "12,300 T"),
    ],
)
def test_si_keeps_three_digits(value, text):
    assert si(value) == text


def test_counts_have_thousands_separators():
    assert count(1_234_567) == "1,234,567"


def test_one_is_not_plural():
    assert [plural(n, "step") for n in (0, 1, 2000)] == ["0 steps", "1 step", "2,000 steps"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (5e-4, "0.0005"), (1e-5, "1e-5"), (1e9, "1e9"), (0.09812, "0.0981")],
)
def test_settings_are_short(value, text):
    assert short(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.04126, "0.0413"),
        (-2.30258, "-2.3026"),
        (31.416, "31.42"),
        (123.456, "123.5"),
        (56123.4, "56,123"),
        (8.1e-5, "8.1e-5"),
        (3.2e12, "3.2e12"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_measured_numbers_have_about_four_digits(value, text):
    assert decimal(value) == text


@pytest.mark.parametrize("name", ["accuracy", "top5", "exact_match"])
def test_shares_of_samples_are_in_percent(name):
    assert metric(name, 0.98765) == "98.77 %"


@pytest.mark.parametrize("name", ["loss", "f1", "r2", "rmse"])
def test_other_metrics_keep_their_unit(name):
    assert metric(name, 0.98765) == "0.9877"


def test_an_accuracy_that_is_no_number_has_no_percent():
    assert metric("accuracy", math.nan) == "nan"


def test_percent_has_the_decimals_asked_for():
    assert percent(0.1012, 1) == "10.1 %"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1.0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 00 min"),
        (360_000.0, "100 h 00 min"),
    ],
)
def test_durations_have_two_units(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (["loss", "accuracy", "top5"], "accuracy"),
        (["loss", "macro_f1", "f1"], "f1"),
        (["loss", "rmse", "r2"], "r2"),
        (["iou", "loss"], "loss"),
        (["iou"], "iou"),
    ],
)
def test_the_metric_that_says_most_comes_first(names, first):
    assert main_first(names)[0] == first


def test_the_other_metrics_keep_their_order():
    assert main_first(["loss", "rmse", "mae", "r2"]) == ["r2", "loss", "rmse", "mae"]


def test_a_known_monitor_says_most():
    assert main_first(["loss", "accuracy", "iou"], "iou") == ["iou", "loss", "accuracy"]
