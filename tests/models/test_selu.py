import pytest
import torch
from torch import nn

from headway.errors import ModelError
from headway.measure import num_parameters
from headway.models import build_model


def _build(name, input_shape=(64,), num_outputs=10, **options):
    return build_model(
        name, input_shape=input_shape, num_outputs=num_outputs, options=options
    )


def test_the_depth_counts_all_linear_layers():
    model = _build("selu-5", width=20)
    assert sum(isinstance(part, nn.Linear) for part in model.modules()) == 5
    assert num_parameters(model) == 65 * 20 + 3 * 21 * 20 + 21 * 10


@pytest.mark.parametrize("drop_prob", [0.0, 0.1], ids=["plain", "alpha dropout"])
def test_activations_keep_mean_zero_and_variance_one_at_depth_50(drop_prob):
    torch.manual_seed(0)
    model = _build("selu-51", drop_prob=drop_prob)
    hidden = model.layers[:-1](torch.randn(512, 64))
    assert hidden.mean().item() == pytest.approx(0.0, abs=0.1)
    assert hidden.std().item() == pytest.approx(1.0, abs=0.1)


def test_hes_weights_would_not_keep_the_variance():
    torch.manual_seed(0)
    model = _build("selu-51")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= 2**0.5
    assert model.layers[:-1](torch.randn(512, 64)).std().item() > 1.3


def test_a_mean_and_variance_elsewhere_return_to_the_fixed_point():
    torch.manual_seed(0)
    model = _build("selu-31")
    hidden = model.layers[:-1](1 + 2 * torch.randn(512, 64))
    assert hidden.std().item() == pytest.approx(1.0, abs=0.15)


def test_alpha_dropout_acts_while_training_only():
    model, x = _build("selu-3", drop_prob=0.5), torch.randn(4, 64)
    assert not torch.equal(model(x), model(x))
    model.eval()
    assert torch.equal(model(x), model(x))


def test_images_are_flattened():
    assert _build("selu-3", (3, 4, 5))(torch.randn(2, 3, 4, 5)).shape == (2, 10)


@pytest.mark.parametrize("name", ["selu-1", "selu-1001"])
def test_a_depth_outside_of_the_range_is_refused(name):
    with pytest.raises(ModelError, match="depth must be between 2 and 1000"):
        _build(name)
