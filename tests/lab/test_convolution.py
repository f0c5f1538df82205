"""Ways to convolve, and one that turns the kernel round."""

import pytest

from headway.lab import Verdict
from headway.lab.experiments import convolution


@pytest.fixture(autouse=True)
def known_times(monkeypatch):
    """Times that no other program disturbs, as the number of steps of each way."""

    def steps(channels: int, size: int):
        return {"direct": float(size**2), "FFT": 64.0, "overlap-add": 48.0}

    monkeypatch.setattr(convolution, "_milliseconds", steps)


def test_all_ways_give_the_same_convolution(judged):
    assert judged("convolution")[0] is Verdict.REPRODUCED


def test_a_matrix_of_kernels_turned_round_is_found(judged, monkeypatch):
    right = convolution.convolution_matrix

    def turned(*arguments, flip):
        return right(*arguments, flip=True)

    monkeypatch.setattr(convolution, "convolution_matrix", turned)
    assert judged("convolution")[0] is Verdict.NOT_REPRODUCED


@pytest.mark.parametrize("steps", [1.0, 1e6], ids=["faster at 3", "slower at 31"])
def test_times_that_speak_against_the_claim_are_found(judged, monkeypatch, steps):
    times = {"direct": 100.0, "FFT": steps, "overlap-add": 48.0}
    monkeypatch.setattr(convolution, "_milliseconds", lambda channels, size: times)
    assert judged("convolution")[0] is Verdict.NOT_REPRODUCED
