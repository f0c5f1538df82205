import math

import pytest

from headway.measure import diagnose_curve

STEPS = range(50)


def symptoms(train: list[float], val: list[float] | None = None) -> list[str]:
    return [found.symptom for found in diagnose_curve(train, val)]


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        ([2.3 * 1.02**t for t in STEPS], ["diverging"]),
        ([2.3] * 40 + [math.nan] * 10, ["diverging"]),
        ([2.3] * 40 + [math.inf] * 10, ["diverging"]),
        ([2.3 + 0.001 * math.sin(t) for t in STEPS], ["stuck"]),
        ([2.3 - 0.004 * t for t in STEPS], ["slow"]),
        ([0.5 + 1.8 * math.exp(-t / 4) for t in STEPS], ["plateau"]),
        ([2.3 * math.exp(-t / 20) for t in STEPS], []),
    ],
    ids=["grows", "nan", "inf", "flat", "slowly", "levels off", "falls"],
)
def test_a_training_curve_gets_the_advice_of_the_lecture(
    train: list[float], expected: list[str]
) -> None:
    assert symptoms(train) == expected


FALLS = [2.3 * math.exp(-t / 20) for t in STEPS]


@pytest.mark.parametrize(
    ("val", "expected"),
    [
        ([1.1 * loss for loss in FALLS], ["improving"]),
        ([0.6 + loss for loss in FALLS], ["gap", "improving"]),
        ([1.0 + abs(t - 20) / 20 for t in STEPS], ["gap", "overfitting"]),
        ([1.0] * 49 + [math.nan], ["overfitting"]),
        ([0.3] * 50, []),
    ],
    ids=["together", "apart", "rises", "nan", "flat"],
)
def test_a_validation_curve_says_when_to_stop(
    val: list[float], expected: list[str]
) -> None:
    assert symptoms(FALLS, val) == expected


def test_the_advice_says_what_to_do_and_by_what_it_was_seen() -> None:
    (found,) = diagnose_curve([0.5 + 1.8 * math.exp(-t / 4) for t in STEPS])
    assert found.advice == "lower the learning rate"
    assert found.evidence == "the loss went from 1.25 over 0.5 to 0.5"


def test_noise_around_a_fall_changes_nothing() -> None:
    noisy = [loss * (1.0 + 0.2 * (-1) ** t) for t, loss in zip(STEPS, FALLS, strict=True)]
    assert symptoms(noisy) == []


def test_a_loss_of_zero_is_a_plateau() -> None:
    assert symptoms([2.0, 0.0, 0.0, 0.0, 0.0]) == ["plateau"]


def test_a_curve_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 5 losses to judge, got 2"):
        diagnose_curve([1.0, 2.0])


def test_curves_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="got 5 training losses and 4 of validation"):
        diagnose_curve([1.0] * 5, [1.0] * 4)
