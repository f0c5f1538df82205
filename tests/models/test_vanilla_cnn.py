import math

import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

from headway.errors import ModelError
from headway.models import build_model

Q = 0.0259


def _build(name, input_shape=(3, 8, 8), num_outputs=10, **options):
    torch.manual_seed(0)
    return build_model(
        name, input_shape=input_shape, num_outputs=num_outputs, options=options
    )


def _variances(model, x):
    """Return the mean square of the pre-activations of each convolution."""
    found = []
    for layer in model.layers:
        x = layer(x)
        if isinstance(layer, nn.Conv2d):
            found.append(x.square().mean().item())
    return found


def test_the_depth_counts_the_convolutions():
    model = _build("vanilla-cnn-7", width=8)
    assert sum(isinstance(part, nn.Conv2d) for part in model.modules()) == 7


@pytest.mark.parametrize(("side", "last"), [(6, 6), (8, 8), (28, 7), (32, 8), (33, 5)])
def test_sides_are_halved_until_none_exceeds_eight(side, last):
    model = _build("vanilla-cnn-6", (3, side, side), width=8)
    assert model.layers(torch.randn(1, 3, side, side)).shape == (1, 8, last, last)


def test_the_signal_keeps_its_variance_through_100_layers():
    model = _build("vanilla-cnn-100", width=32)
    variances = _variances(model, torch.randn(8, 3, 8, 8) * math.sqrt(Q * 32 / 3))
    assert min(variances) > 0.6 * Q
    assert max(variances) < 1.6 * Q


def _layer_gradients(model):
    x = torch.randn(4, 3, 8, 8) * math.sqrt(Q * 32 / 3)
    signals = []
    for layer in model.layers:
        x = layer(x)
        if isinstance(layer, nn.Conv2d):
            x.retain_grad()
            signals.append(x)
    x.backward(torch.randn_like(x))
    return [signal.grad.norm().item() for signal in signals]


def test_the_gradient_keeps_its_norm_through_100_layers():
    gradients = _layer_gradients(_build("vanilla-cnn-100", width=32))
    assert 0.5 < gradients[0] / gradients[-1] < 2.0


def test_the_start_of_torch_lets_signal_and_gradient_die():
    model = _build("vanilla-cnn-100", width=32)
    for layer in model.layers:
        if isinstance(layer, nn.Conv2d):
            layer.reset_parameters()
            layer.bias.data.zero_()
    assert _variances(model, torch.randn(8, 3, 8, 8))[-1] < 1e-12
    gradients = _layer_gradients(model)
    assert gradients[0] / gradients[-1] < 1e-12


def test_two_images_keep_their_angle_through_100_layers():
    model = _build("vanilla-cnn-100", width=32)
    x = torch.randn(2, 3, 8, 8) * math.sqrt(Q * 32 / 3)
    similar = [
        F.cosine_similarity(*layers.flatten(1), dim=0).item()
        for layers in (x, model.layers(x))
    ]
    assert abs(similar[1] - similar[0]) < 0.2


@pytest.mark.slow
def test_a_plain_network_of_50_layers_learns_the_digits():
    features, classes = load_digits(return_X_y=True)
    x = torch.from_numpy(features).float().view(-1, 1, 8, 8) / 16 - 0.3
    targets = torch.from_numpy(classes).long()
    model = _build("vanilla-cnn-50", (1, 8, 8), width=16)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for step in range(150):
        rows = torch.arange(128) + 128 * (step % 14)
        loss = F.cross_entropy(model(x[rows]), targets[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (model(x).argmax(1) == targets).float().mean() > 0.6


def test_more_channels_than_width_are_refused():
    with pytest.raises(ModelError, match="needs a width of at least 12"):
        _build("vanilla-cnn-8", (12, 8, 8), width=8)


@pytest.mark.parametrize("name", ["vanilla-cnn-3", "vanilla-cnn-10001"])
def test_a_depth_outside_of_the_range_is_refused(name):
    with pytest.raises(ModelError, match="depth must be between 4 and 10000"):
        _build(name)
