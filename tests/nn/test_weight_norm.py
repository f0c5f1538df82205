import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from headway.nn import initialize_weight_norm_


def _over_the_batch(x):
    return x.movedim(1, 0).flatten(1)


def test_the_weight_is_a_gain_times_a_direction():
    layer = weight_norm(nn.Linear(3, 4))
    gain, direction = layer.parametrizations.weight.parameters()
    expected = gain * direction / direction.norm(dim=1, keepdim=True)
    torch.testing.assert_close(layer.weight, expected)
    assert gain.shape == (4, 1)


def test_the_gradient_of_the_direction_is_orthogonal_to_it():
    torch.manual_seed(0)
    layer = weight_norm(nn.Linear(3, 4)).double()
    layer(torch.randn(5, 3).double()).square().sum().backward()
    direction = layer.parametrizations.weight.original1
    products = (direction * direction.grad).sum(1)
    assert direction.grad.norm() > 1e-3
    torch.testing.assert_close(products, torch.zeros(4).double(), atol=1e-12, rtol=0)


def test_a_step_along_the_gradient_lengthens_the_direction():
    layer = weight_norm(nn.Linear(3, 4))
    layer(torch.randn(5, 3)).square().sum().backward()
    direction = layer.parametrizations.weight.original1
    moved = direction - 0.5 * direction.grad
    assert (moved.norm(dim=1) >= direction.norm(dim=1)).all()


NETWORKS = {
    "linear": (
        lambda: [weight_norm(nn.Linear(3, 4)), nn.Tanh(), weight_norm(nn.Linear(4, 2))],
        (64, 3),
    ),
    "convolution": (
        lambda: [
            weight_norm(nn.Conv2d(3, 4, 3)),
            nn.ReLU(),
            weight_norm(nn.Conv2d(4, 2, 3)),
        ],
        (8, 3, 9, 9),
    ),
    "trained": (lambda: [_with_bias(weight_norm(nn.Linear(3, 2)))], (64, 3)),
}


def _with_bias(layer):
    nn.init.constant_(layer.bias, 3.0)
    return layer


@pytest.mark.parametrize(("make", "shape"), NETWORKS.values(), ids=NETWORKS.keys())
def test_the_start_gives_every_layer_mean_0_and_variance_1(make, shape):
    torch.manual_seed(0)
    model, x = nn.Sequential(*make()).double(), 5 + 2 * torch.randn(shape).double()
    initialize_weight_norm_(model, x)
    for layer in model:
        x = layer(x)
        if hasattr(layer, "parametrizations"):
            values = _over_the_batch(x)
            zeros = torch.zeros(len(values)).double()
            torch.testing.assert_close(values.mean(1), zeros, atol=1e-9, rtol=0)
            torch.testing.assert_close(values.std(1, correction=0), zeros + 1)


def test_the_direction_stays():
    layer = weight_norm(nn.Linear(3, 4))
    before = layer.parametrizations.weight.original1.clone()
    initialize_weight_norm_(layer, torch.randn(20, 3))
    assert torch.equal(layer.parametrizations.weight.original1, before)


def test_without_a_bias_the_variance_is_still_1():
    layer = weight_norm(nn.Linear(3, 4, bias=False))
    y = initialize_weight_norm_(layer, torch.randn(20, 3))(torch.randn(20, 3))
    assert y.isfinite().all()


def test_no_hook_stays():
    layer = initialize_weight_norm_(weight_norm(nn.Linear(3, 4)), torch.randn(20, 3))
    assert not layer._forward_hooks


def test_a_model_without_weight_norm_is_refused():
    with pytest.raises(ValueError, match="no weight-normalized layer"):
        initialize_weight_norm_(nn.Linear(3, 4), torch.randn(20, 3))


def test_an_output_that_does_not_vary_is_refused():
    with pytest.raises(ValueError, match="does not vary over the batch"):
        initialize_weight_norm_(weight_norm(nn.Linear(3, 4)), torch.ones(20, 3))
