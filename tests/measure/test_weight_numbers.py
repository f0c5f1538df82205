"""Closed forms of the numbers of a weight, and units that are twins."""

import math

import pytest
import torch
from torch import Tensor, nn

from headway.measure.describe import weight_of
from headway.measure.weight_numbers import WeightRecord, fans_of


def record(weight: Tensor, bias: Tensor | None = None) -> WeightRecord:
    return WeightRecord(
        name="w", weight=weight, bias=bias, unit_axis=0, fans=fans_of(tuple(weight.shape))
    )


def test_moments_norm_and_bias() -> None:
    weight, bias = torch.tensor([[3.0, -1.0], [1.0, 1.0]]), torch.tensor([-2.0, 1.0])
    seen = record(weight, bias).numbers()
    assert seen.mean == 1.0
    assert seen.std == pytest.approx(math.sqrt(2.0))
    assert seen.norm == pytest.approx(math.sqrt(12.0))
    assert seen.max_abs == 3.0
    assert (seen.bias_mean, seen.bias_max_abs) == (-0.5, 2.0)
    assert seen.grad_norm is None
    assert seen.relative_grad is None


@pytest.mark.parametrize(
    ("module", "fan_in", "fan_out"),
    [
        (nn.Linear(6, 4), 6, 4),
        (nn.Conv2d(3, 8, 5), 75, 200),
        (nn.Conv2d(4, 8, 3, groups=2), 18, 36),
        (nn.ConvTranspose2d(3, 8, 2), 12, 32),
    ],
    ids=["linear", "convolution", "grouped", "transposed"],
)
def test_fans_and_the_scales_that_follow(
    module: nn.Module, fan_in: int, fan_out: int
) -> None:
    kind = "linear" if isinstance(module, nn.Linear) else "convolution"
    found = weight_of(module, kind, "layer")
    assert found is not None
    seen = found.numbers()
    assert (seen.name, seen.fan_in, seen.fan_out) == ("layer.weight", fan_in, fan_out)
    assert seen.he_std == pytest.approx(math.sqrt(2.0 / fan_in))
    assert seen.xavier_std == pytest.approx(math.sqrt(2.0 / (fan_in + fan_out)))


def test_equal_rows_are_duplicates_and_with_equal_gradients_twins() -> None:
    weight = torch.tensor([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0], [1.0, 2.0]])
    seen = record(weight)
    assert seen.numbers().duplicate_fraction == 0.75
    assert seen.numbers().twin_fraction == 0.0
    seen.take_gradient(torch.tensor([[5.0, 0.0], [9.0, 9.0], [5.0, 0.0], [0.0, 5.0]]))
    assert seen.numbers().twin_fraction == 0.5
    assert seen.numbers().grad_norm == pytest.approx(math.sqrt(5 * 5 * 3 + 81 * 2))


def test_units_with_other_biases_are_no_duplicates() -> None:
    seen = record(torch.ones(3, 2), torch.tensor([0.0, 1.0, 2.0])).numbers()
    assert seen.duplicate_fraction == 0.0


def test_random_weights_have_no_duplicates() -> None:
    weight = torch.randn(2000, 50, generator=torch.Generator().manual_seed(0))
    assert record(weight).numbers().duplicate_fraction == 0.0


def test_units_of_a_transposed_convolution_lie_along_the_second_axis() -> None:
    module = nn.ConvTranspose1d(3, 4, 2)
    nn.init.constant_(module.bias, 0.0)
    with torch.no_grad():
        module.weight.copy_(torch.randn(3, 1, 2).expand(3, 4, 2))
    found = weight_of(module, "convolution", "")
    assert found is not None
    assert found.numbers().duplicate_fraction == 1.0


def test_a_layer_without_parameters_has_no_weight() -> None:
    assert weight_of(nn.Identity(), "other", "") is None
    assert weight_of(nn.LazyLinear(3), "linear", "") is None
