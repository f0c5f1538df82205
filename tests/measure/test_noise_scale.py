"""The noise scale next to its definition."""

import math

import pytest
import torch

from headway.measure import gradient_noise_scale, noise_scale
from headway.measure.noise_scale import NoiseScale


def test_two_batch_sizes_give_signal_and_noise() -> None:
    # E |g_B|^2 = signal + noise / B
    signal, noise = 3.0, 40.0
    found = noise_scale(
        signal + noise / 4, signal + noise / 32, small_size=4, large_size=32
    )
    assert found.signal == pytest.approx(signal)
    assert found.noise == pytest.approx(noise)
    assert found.batch_size == pytest.approx(40.0 / 3.0)


def test_gradients_of_known_mean_and_variance_give_them_back() -> None:
    generator = torch.Generator().manual_seed(0)
    samples = 2.0 + 3.0 * torch.randn(400, 16, 5, generator=generator, dtype=torch.float64)
    w = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    # The gradient of w . x is x: |mean|^2 = 5 * 4, trace of the covariance = 5 * 9.
    found = gradient_noise_scale(
        lambda batch: (batch @ w).mean(), list(samples), [w], batch_size=16
    )
    assert found.signal == pytest.approx(20.0, rel=0.05)
    assert found.noise == pytest.approx(45.0, rel=0.1)
    assert w.grad is None


def test_equal_batches_have_no_noise() -> None:
    w = torch.ones(2, dtype=torch.float64, requires_grad=True)
    batches = [torch.ones(4, 2, dtype=torch.float64)] * 3
    found = gradient_noise_scale(lambda b: (b @ w).mean(), batches, [w], batch_size=4)
    assert (found.signal, found.noise) == (2.0, 0.0)


def test_without_signal_no_batch_is_large_enough() -> None:
    assert NoiseScale(signal=-0.1, noise=2.0).batch_size == math.inf


def test_sizes_and_batches_are_checked() -> None:
    with pytest.raises(ValueError, match="got 4 and 8"):
        noise_scale(1.0, 1.0, small_size=8, large_size=4)
    with pytest.raises(ValueError, match="at least 2 batches are needed, got 1"):
        gradient_noise_scale(lambda b: b, [torch.ones(1)], [], batch_size=1)
