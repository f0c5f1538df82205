import math

import pytest
import torch
from torch import nn

from headway.measure import num_parameters
from headway.models import Mlp, build_model
from headway.nn import Maxout, SmartReLU


def _build(input_shape, num_outputs=3, **options):
    return build_model(
        "mlp", input_shape=input_shape, num_outputs=num_outputs, options=options
    )


def test_parameters_are_weights_and_biases_of_each_layer():
    model = _build((13,), hidden=[20, 10])
    assert num_parameters(model) == 13 * 20 + 20 + 20 * 10 + 10 + 10 * 3 + 3


def test_batch_norm_takes_the_place_of_the_bias():
    model = _build((13,), hidden=[20], norm="batch")
    assert num_parameters(model) == 13 * 20 + 2 * 20 + 20 * 3 + 3


def test_layer_norm_keeps_the_bias():
    model = _build((13,), hidden=[20], norm="layer")
    assert num_parameters(model) == 13 * 20 + 20 + 2 * 20 + 20 * 3 + 3


@pytest.mark.parametrize(
    ("norm", "kind"), [("batch", nn.BatchNorm1d), ("layer", nn.LayerNorm)]
)
def test_the_norm_stands_between_the_linear_map_and_the_activation(norm, kind):
    layers = _build((13,), norm=norm).layers
    assert [type(layer) for layer in layers] == [nn.Linear, kind, nn.ReLU] * 2 + [nn.Linear]


def test_layer_norm_does_not_look_at_other_samples():
    model, x = _build((8,), norm="layer"), torch.randn(4, 8)
    torch.testing.assert_close(model(x)[:1], model(x[:1]))


def test_no_hidden_layer_gives_a_linear_model():
    model = Mlp(4, 2, hidden=())
    x = torch.randn(5, 4)
    torch.testing.assert_close(model(x), x @ model.layers[0].weight.T)


def test_images_are_flattened():
    assert _build((3, 4, 5))(torch.randn(2, 3, 4, 5)).shape == (2, 3)


def test_the_default_is_two_hidden_layers_of_256():
    layers = [m for m in _build((8,)).modules() if isinstance(m, nn.Linear)]
    assert [layer.out_features for layer in layers] == [256, 256, 3]


@pytest.mark.parametrize(
    ("activation", "kind"),
    [
        ("relu", nn.ReLU),
        ("leaky_relu", nn.LeakyReLU),
        ("gelu", nn.GELU),
        ("tanh", nn.Tanh),
        ("sigmoid", nn.Sigmoid),
        ("prelu", nn.PReLU),
        ("silu", nn.SiLU),
        ("elu", nn.ELU),
        ("selu", nn.SELU),
        ("smart_relu", SmartReLU),
        ("maxout", Maxout),
    ],
)
def test_the_option_picks_the_activation(activation, kind):
    model = _build((8,), activation=activation)
    assert sum(type(part) is kind for part in model.modules()) == 2


@pytest.mark.parametrize(
    ("activation", "gain"), [("relu", math.sqrt(2.0)), ("tanh", 1.0), ("maxout", 1.0)]
)
def test_the_start_suits_the_activation(activation, gain):
    weight = _build((512,), hidden=[512], activation=activation).layers[0].weight
    assert weight.std().item() == pytest.approx(gain / math.sqrt(512), rel=0.01)


def test_dropout_acts_while_training():
    model, x = _build((8,), drop_prob=0.5), torch.randn(4, 8)
    assert not torch.equal(model(x), model(x))


def test_dropout_of_the_inputs_comes_first():
    layers = _build((8,), drop_prob=0.5, input_drop_prob=0.2).layers
    assert [layer.p for layer in layers if isinstance(layer, nn.Dropout)] == [0.2, 0.5, 0.5]
    assert isinstance(layers[0], nn.Dropout)


def test_dropout_is_absent_by_default():
    assert not any(isinstance(part, nn.Dropout) for part in _build((8,)).modules())
