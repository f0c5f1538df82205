"""Initialisations for very deep networks, against what they promise over many layers."""

import math

import pytest
import torch
from torch import nn

from headway.nn import delta_orthogonal_, fixup_scale, random_walk_gain


def _generator():
    return torch.Generator().manual_seed(0)


def test_a_delta_orthogonal_convolution_keeps_the_norm_of_every_pixel():
    layer = nn.Conv2d(6, 9, 3, padding=1, bias=False)
    delta_orthogonal_(layer, gain=2.0)
    x = torch.randn(2, 6, 5, 5)
    torch.testing.assert_close(layer(x).norm(dim=1), 2 * x.norm(dim=1))


def test_a_delta_orthogonal_kernel_is_zero_around_its_center():
    layer = nn.Conv1d(4, 4, 5)
    weight = delta_orthogonal_(layer).detach().clone()
    center = weight[:, :, 2].clone()
    torch.testing.assert_close(center @ center.T, torch.eye(4))
    weight[:, :, 2] = 0
    assert not weight.any()


def test_a_flattened_orthogonal_kernel_does_not_keep_norms():
    layer = nn.Conv2d(8, 8, 3, padding=1, padding_mode="circular", bias=False)
    x = torch.randn(2, 8, 6, 6)
    nn.init.orthogonal_(layer.weight)
    stretched = (layer(x).norm(dim=1) / x.norm(dim=1)).std()
    delta_orthogonal_(layer)
    assert (layer(x).norm(dim=1) / x.norm(dim=1)).std() < 1e-5 < 0.1 < stretched


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (nn.Conv2d(8, 4, 3), "no fewer output than input"),
        (nn.Conv2d(4, 4, 2), "odd kernel sizes"),
        (nn.Conv2d(4, 4, 3, groups=2), "one group"),
        (nn.Linear(4, 4), "are for convolutions"),
    ],
    ids=["fewer channels", "even kernel", "groups", "linear"],
)
def test_a_layer_that_cannot_be_delta_orthogonal_is_refused(layer, message):
    with pytest.raises(ValueError, match=message):
        delta_orthogonal_(layer)


def _product(depth, width, fill):
    product = torch.eye(width, dtype=torch.float64)
    for _ in range(depth):
        product = fill(torch.empty(width, width, dtype=torch.float64)) @ product
    return torch.linalg.svdvals(product)


def test_a_product_of_orthogonal_matrices_keeps_its_singular_values_at_one():
    generator = _generator()
    values = _product(50, 32, lambda w: nn.init.orthogonal_(w, generator=generator))
    torch.testing.assert_close(values, torch.ones(32, dtype=torch.float64))


def test_a_product_of_gaussian_matrices_of_variance_one_over_n_does_not():
    generator = _generator()
    values = _product(50, 32, lambda w: w.normal_(0, 32**-0.5, generator=generator))
    assert values[0] > 1e3 * values[8]
    assert values[-1] < 1e-6


def test_orthogonal_matrices_have_no_preferred_sign():
    # Without the sign fix of the QR decomposition the diagonal has a mean of its own.
    generator = _generator()
    diagonals = [
        nn.init.orthogonal_(torch.empty(4, 4), generator=generator).diagonal().clone()
        for _ in range(2000)
    ]
    assert torch.stack(diagonals).mean(0).abs().max() < 4 * 0.5 / math.sqrt(2000)


def _drift(gain, width, activation, depth=150, draws=300):
    """Return the mean change per layer of the log of the mean square, and its error."""
    generator = _generator()
    x = torch.randn(draws, width, 1, dtype=torch.float64, generator=generator)
    start = x.square().mean((1, 2)).log()
    for layer in range(depth):
        weights = torch.randn(draws, width, width, dtype=torch.float64, generator=generator)
        x = gain / math.sqrt(width) * (weights @ (activation(x) if layer else x))
    changes = (x.square().mean((1, 2)).log() - start) / depth
    return changes.mean().item(), changes.std().item() / math.sqrt(draws)


@pytest.mark.parametrize("width", [24.0, 32.0])
def test_random_walk_gains_keep_the_logarithm_of_the_norm_of_relu_layers(width):
    drift, error = _drift(random_walk_gain(width), int(width), torch.relu)
    assert abs(drift) < 4 * error
    drift, error = _drift(math.sqrt(2), int(width), torch.relu)
    assert drift < -0.8 * 2.4 / width


def test_random_walk_gains_keep_the_logarithm_of_the_norm_of_linear_layers():
    drift, error = _drift(random_walk_gain(16.0, gain=1.0), 16, nn.Identity())
    assert abs(drift) < 4 * error
    drift, error = _drift(1.0, 16, nn.Identity())
    assert drift < -0.8 / 16


def test_random_walk_gains_have_the_formulas_of_the_paper():
    assert random_walk_gain(50.0) == math.sqrt(2) * math.exp(1.2 / (50 - 2.4))
    assert random_walk_gain(3.0) == math.sqrt(2) * math.exp(1.2 / (6 - 2.4))
    assert random_walk_gain(50.0, gain=1.0) == math.exp(1 / 100)


@pytest.mark.parametrize(
    ("branches", "layers", "expected"), [(27, 2, 27**-0.5), (16, 3, 0.5), (1, 2, 1.0)]
)
def test_the_scale_of_fixup_falls_with_the_number_of_branches(branches, layers, expected):
    assert fixup_scale(branches, layers) == pytest.approx(expected)


def test_fixup_needs_branches_of_two_layers():
    with pytest.raises(ValueError, match="layers_in_branch=1"):
        fixup_scale(10, 1)
