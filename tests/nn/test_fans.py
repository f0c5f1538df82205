import math

import pytest
import torch
from torch import nn

from headway.nn import fans, variance_scaling_

LAYERS = {
    "linear": (nn.Linear(200, 300), (256, 200)),
    "conv1d": (nn.Conv1d(32, 48, 5), (64, 32, 64)),
    "conv2d": (nn.Conv2d(32, 48, 3), (8, 32, 24, 24)),
    "conv3d": (nn.Conv3d(16, 24, 3), (4, 16, 14, 14, 14)),
    "strided": (nn.Conv2d(32, 48, 3, stride=2), (8, 32, 33, 33)),
    "pointwise strided": (nn.Conv2d(64, 96, 1, stride=2), (8, 64, 33, 33)),
    "dilated": (nn.Conv2d(32, 48, 3, dilation=2), (8, 32, 28, 28)),
    "grouped": (nn.Conv2d(64, 96, 3, groups=4), (8, 64, 24, 24)),
    "depthwise": (nn.Conv2d(256, 256, 3, groups=256), (8, 256, 20, 20)),
    "transposed": (nn.ConvTranspose2d(32, 48, 3), (8, 32, 24, 24)),
    "transposed strided": (nn.ConvTranspose2d(64, 96, 4, stride=2), (8, 64, 16, 16)),
    "transposed grouped": (
        nn.ConvTranspose2d(64, 128, 3, stride=2, groups=4),
        (8, 64, 16, 16),
    ),
}
CASES = pytest.mark.parametrize(("layer", "shape"), LAYERS.values(), ids=LAYERS)


def _interior(x):
    """Leave out the border, where fewer products are summed; keep whole strides."""
    return x[(..., *(slice(4, -5) for _ in x.shape[2:]))] if x.ndim > 2 else x


@CASES
def test_weights_of_variance_one_over_fan_in_keep_the_variance_of_the_signal(layer, shape):
    generator = torch.Generator().manual_seed(0)
    variance_scaling_(layer.weight, fans(layer)[0], generator=generator)
    layer.bias.data.zero_()
    y = layer(torch.randn(shape, generator=generator))
    assert _interior(y).var().item() == pytest.approx(1.0, rel=0.06)


@CASES
def test_weights_of_variance_one_over_fan_out_keep_the_variance_of_the_gradient(
    layer, shape
):
    generator = torch.Generator().manual_seed(0)
    variance_scaling_(layer.weight, fans(layer)[1], generator=generator)
    x = torch.zeros(shape, requires_grad=True)
    y = layer(x)
    y.backward(torch.randn(y.shape, generator=generator))
    assert _interior(x.grad).var().item() == pytest.approx(1.0, rel=0.06)


@pytest.mark.parametrize(
    ("layer", "torchs"),
    [
        (nn.Conv2d(64, 96, 3, groups=4), (144, 864)),
        (nn.ConvTranspose2d(64, 96, 3), (864, 576)),
    ],
    ids=["grouped", "transposed"],
)
def test_torch_counts_otherwise_for_grouped_and_transposed_convolutions(layer, torchs):
    assert nn.init._calculate_fan_in_and_fan_out(layer.weight) == torchs
    assert fans(layer) != torchs


def test_a_convolution_sums_kernel_times_channels():
    assert fans(nn.Conv2d(5, 7, (3, 2))) == (30.0, 42.0)


@pytest.mark.parametrize(
    ("layer", "parameter", "expected"),
    [
        (nn.RNN(8, 20), "weight_ih_l0", (8, 20)),
        (nn.GRU(8, 20, num_layers=2), "weight_ih_l1", (20, 20)),
        (nn.LSTM(8, 20, bidirectional=True), "weight_ih_l0_reverse", (8, 20)),
        (nn.LSTMCell(8, 20), "weight_hh", (20, 20)),
        (nn.GRUCell(8, 20), "weight_ih", (8, 20)),
    ],
    ids=["rnn", "gru", "lstm", "lstm cell", "gru cell"],
)
def test_the_fans_of_a_recurrent_layer_are_those_of_one_gate(layer, parameter, expected):
    assert fans(layer, parameter) == expected


def test_a_recurrent_layer_needs_the_name_of_a_weight():
    with pytest.raises(ValueError, match=r"no weight 'weight'; it has \['weight_ih_l0'"):
        fans(nn.LSTM(3, 4))


def test_a_layer_without_weights_is_refused():
    with pytest.raises(TypeError, match=r"fans are known for linear, .* got ReLU"):
        fans(nn.ReLU())


def test_a_layer_without_outputs_is_refused():
    with (
        pytest.warns(UserWarning, match="zero-element"),
        pytest.raises(ValueError, match="at least one input and one output"),
    ):
        fans(nn.Linear(3, 0))


def test_uniform_and_normal_weights_have_the_same_variance():
    generator = torch.Generator().manual_seed(0)
    weight = torch.empty(500, 300)
    for distribution in ("normal", "uniform"):
        variance_scaling_(weight, 400.0, distribution=distribution, generator=generator)
        assert weight.var().item() == pytest.approx(1 / 400, rel=0.02)


def test_glorots_uniform_bound_is_the_root_of_six_over_the_sum_of_fans():
    weight = variance_scaling_(torch.empty(500, 300), 400.0, distribution="uniform")
    assert weight.abs().max().item() == pytest.approx(math.sqrt(6 / 800), rel=1e-3)


def test_a_fan_of_zero_is_refused():
    with pytest.raises(ValueError, match=r"fan must be positive, got 0\.0"):
        variance_scaling_(torch.empty(2, 2), 0.0)
