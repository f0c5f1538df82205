"""Closed forms of the numbers of an output."""

import math

import pytest
import torch

from headway.measure.output_numbers import measure_output, rms


def test_moments_and_extremes_of_four_values() -> None:
    seen = measure_output(torch.tensor([[1.0, -3.0], [5.0, 1.0]]), unit_axis=-1)
    assert seen.mean == 1.0
    assert seen.std == pytest.approx(math.sqrt(8.0))
    assert seen.rms == 3.0
    assert seen.max_abs == 5.0
    assert seen.percentiles[2] == 1.0
    assert (seen.num_samples, seen.num_units, seen.shape) == (2, 2, (2, 2))


def test_percentiles_of_a_ramp() -> None:
    ramp = torch.arange(101.0)[:, None]
    seen = measure_output(ramp, unit_axis=-1)
    assert seen.percentiles == pytest.approx((1.0, 25.0, 50.0, 75.0, 99.0))


def test_a_unit_is_dead_that_is_never_above_zero_and_silent_that_is_always_zero() -> None:
    values = torch.tensor([[0.0, -1.0, 2.0, 0.0], [0.0, -2.0, -1.0, 0.0]])
    seen = measure_output(values, unit_axis=-1)
    assert seen.dead_fraction == 0.75
    assert seen.silent_fraction == 0.5
    assert seen.zero_fraction == 0.5


def test_units_of_an_image_are_its_channels() -> None:
    images = torch.zeros(2, 4, 3, 3)
    images[1, 2, 0, 1] = 1.0
    seen = measure_output(images, unit_axis=1)
    assert seen.num_units == 4
    assert seen.dead_fraction == 0.75


@pytest.mark.parametrize(
    ("function", "saturated", "stuck"),
    [("tanh", 0.5, 0.5), ("sigmoid", 0.25, 0.0), ("relu", None, None)],
)
def test_saturation_depends_on_the_function(
    function: str, saturated: float | None, stuck: float | None
) -> None:
    values = torch.tensor([[0.975, 0.5], [0.985, 0.1]])
    seen = measure_output(values, unit_axis=-1, function=function)
    assert (seen.saturated_fraction, seen.stuck_fraction) == (saturated, stuck)


def test_variation_is_the_part_that_differs_between_samples() -> None:
    seen = measure_output(torch.tensor([[4.0], [2.0]]), unit_axis=-1)
    assert seen.variation == pytest.approx(1.0 / math.sqrt(10.0))
    assert measure_output(torch.full((5, 3), 7.0), unit_axis=-1).variation == 0.0


def test_orthogonal_samples_have_full_rank_and_no_correlation() -> None:
    seen = measure_output(3.0 * torch.eye(5), unit_axis=-1)
    assert seen.correlation == pytest.approx(0.0, abs=1e-12)
    assert seen.effective_rank == pytest.approx(1.0)


def test_parallel_samples_have_rank_one() -> None:
    values = torch.tensor([[1.0], [2.0], [5.0]]) * torch.tensor([[1.0, -1.0, 2.0, 0.5]])
    seen = measure_output(values, unit_axis=-1)
    assert seen.correlation == pytest.approx(1.0)
    assert seen.effective_rank == pytest.approx(1.0 / 3.0, rel=1e-3)


def test_two_singular_values_give_the_exponential_of_their_entropy() -> None:
    seen = measure_output(torch.diag(torch.tensor([3.0, 1.0])), unit_axis=-1)
    entropy = -0.75 * math.log(0.75) - 0.25 * math.log(0.25)
    assert seen.effective_rank == pytest.approx(math.exp(entropy) / 2.0)


def test_samples_may_lie_along_the_second_axis() -> None:
    values = torch.randn(7, 3, 4)
    seen = measure_output(values, unit_axis=-1, batch_axis=1)
    assert seen.num_samples == 3


def test_values_that_are_not_finite_are_counted_and_left_out() -> None:
    values = torch.tensor([[1.0, math.inf], [math.nan, 1.0]])
    seen = measure_output(values, unit_axis=-1)
    assert seen.finite_fraction == 0.5
    assert seen.max_abs == 1.0


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_very_small_and_very_large_values_keep_their_numbers(scale: float) -> None:
    values = scale * torch.tensor([[3.0, 0.0], [0.0, -4.0]])
    seen = measure_output(values, unit_axis=-1)
    assert seen.rms == pytest.approx(2.5 * scale, rel=1e-5)
    assert rms(values) == pytest.approx(2.5 * scale, rel=1e-5)


def test_a_scalar_and_a_vector_are_measured() -> None:
    assert measure_output(torch.tensor(2.0), unit_axis=-1).rms == 2.0
    assert measure_output(torch.ones(5), unit_axis=-1).num_samples == 5


def test_of_a_large_output_only_a_part_is_looked_at() -> None:
    large = torch.ones(64, 4, 128, 128)
    large[:, 1] = -1.0
    seen = measure_output(large, unit_axis=1)
    assert (seen.mean, seen.dead_fraction) == (0.5, 0.25)
    assert seen.num_samples == 64


def test_the_root_mean_square_of_a_large_output_is_that_of_all_its_values() -> None:
    large = torch.ones(64, 4, 128, 128)
    large[..., 1::2] = 3.0
    assert measure_output(large, unit_axis=1).rms == pytest.approx(math.sqrt(5.0))


def test_half_precision_does_not_overflow() -> None:
    assert measure_output(
        torch.full((4, 4), 6e4, dtype=torch.float16), unit_axis=-1
    ).rms == pytest.approx(6e4, rel=1e-3)
