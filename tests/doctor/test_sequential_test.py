import math
import random
from collections.abc import Callable

import pytest
from scipy import stats

from headway.doctor.sequential_test import (
    MOST_PAIRS,
    Verdict,
    judge,
    paired_p_value,
    pooled_p_value,
    student_t_tail,
)

Noise = Callable[[random.Random], float]

# What seeds do to a metric: about 0.03, or now and then a failure.
NOISES: dict[str, Noise] = {
    "normal": lambda r: r.gauss(0, 0.03),
    "heavy tails": lambda r: r.gauss(0, 0.03) / math.sqrt(r.gammavariate(1.5, 2) / 3),
    "skewed": lambda r: -r.expovariate(1 / 0.03),
    "some seeds fail": lambda r: r.gauss(0, 0.03) - (0.6 if r.random() < 0.2 else 0.0),
}


def course(noise: Noise, gain: float, r: random.Random) -> tuple[Verdict, int]:
    """Return the verdict of one trial and the pairs that it took."""
    control: list[float] = []
    treated: list[float] = []
    verdict: Verdict = "undecided"
    while verdict == "undecided" and len(control) < MOST_PAIRS:
        # A metric of 200 samples.
        control.append(round(200 * noise(r)) / 200)
        treated.append(round(200 * (noise(r) + gain)) / 200)
        verdict = judge(control, treated).verdict
    return verdict, len(control)


def accepted(noise: Noise, gain: float, trials: int) -> float:
    r = random.Random(0)
    return sum(course(noise, gain, r)[0] == "accepted" for _ in range(trials)) / trials


@pytest.mark.parametrize("df", [1, 2, 3, 4, 7, 10])
def test_the_tail_of_students_t_is_that_of_scipy(df: int):
    for t in (-3.0, 0.0, 0.4, 2.0, 12.0):
        assert student_t_tail(t, df) == pytest.approx(float(stats.t.sf(t, df)), abs=1e-12)


def test_the_p_value_is_that_of_a_paired_t_test():
    before, after = [0.50, 0.40, 0.60, 0.55], [0.62, 0.58, 0.61, 0.70]
    reference = stats.ttest_rel(after, before, alternative="greater").pvalue
    differences = [b - a for a, b in zip(before, after, strict=True)]
    assert paired_p_value(differences) == pytest.approx(float(reference), abs=1e-12)


def test_the_p_value_of_two_samples_is_that_of_students_test():
    before, after = [0.50, 0.40, 0.60], [0.62, 0.58, 0.71]
    reference = stats.ttest_ind(after, before, alternative="greater").pvalue
    assert pooled_p_value(before, after) == pytest.approx(float(reference), abs=1e-12)
    assert pooled_p_value([0.1], [0.9]) == 1.0


def test_arms_that_are_far_apart_need_no_fourth_pair():
    control, treated = [0.10, 0.15, 0.05], [0.62, 0.55, 0.64]
    assert paired_p_value([b - a for a, b in zip(control, treated, strict=True)]) > 0.004
    assert judge(control, treated).verdict == "accepted"


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES.keys())
def test_a_useless_change_is_accepted_in_at_most_one_of_a_hundred_trials(noise: Noise):
    # Three standard errors of 8000 trials at a rate of 1 % are 0.33 %.
    assert accepted(noise, 0.0, 8000) <= 0.0133


@pytest.mark.slow
@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES.keys())
def test_a_useless_change_is_accepted_in_less_than_one_of_a_hundred_trials(noise: Noise):
    assert accepted(noise, 0.0, 200_000) <= 0.01


@pytest.mark.parametrize("name", ["normal", "heavy tails", "skewed"])
def test_a_harmful_change_is_practically_never_accepted(name: str):
    assert accepted(NOISES[name], -0.03, 8000) <= 0.001


def test_a_gain_below_the_noise_of_seeds_is_not_accepted():
    assert accepted(NOISES["normal"], 0.009, 4000) <= 0.04
    tiny = [0.5, 0.5, 0.5]
    assert judge(tiny, [0.509, 0.509, 0.509]).verdict == "rejected"


def test_a_cure_is_accepted_after_three_pairs():
    r = random.Random(0)
    courses = [course(NOISES["normal"], 0.7, r) for _ in range(500)]
    assert all(verdict == "accepted" for verdict, _ in courses)
    assert sum(pairs for _, pairs in courses) / 500 < 3.1


def test_a_gain_of_three_times_the_noise_is_accepted():
    assert accepted(NOISES["normal"], 0.1, 1000) > 0.9


def test_a_cure_of_what_fails_for_half_of_the_seeds_is_accepted_after_eight_pairs():
    control = [0.1, 0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.9]
    treated = [0.94, 0.92, 0.93, 0.92, 0.94, 0.92, 0.93, 0.92]
    assert judge(control, treated).verdict == "accepted"


def test_two_pairs_never_suffice():
    assert judge([0.1, 0.1], [0.99, 0.99]).verdict == "undecided"


def test_a_change_that_hurts_twice_is_given_up():
    assert judge([0.9, 0.9], [0.8, 0.7]).verdict == "rejected"


def test_no_pairs_say_nothing():
    assert judge([], []).verdict == "undecided"


def test_equal_differences_are_no_proof_beyond_the_rounding_of_a_metric():
    assert judge([0.5] * 3, [0.52] * 3).p_value > 0.004
