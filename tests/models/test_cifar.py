import math

import pytest
import torch
from torch import nn

from headway.errors import ModelError
from headway.measure import multiply_adds, num_parameters
from headway.models import build_model
from headway.nn import ShortcutA, ShortcutB, ShortcutC

# Parameters and multiply-adds in millions: He et al. 2015, table 6, worked out exactly.
TABLE = {
    20: (269_722, 40.6),
    32: (464_154, 68.9),
    44: (658_586, 97.2),
    56: (853_018, 125.5),
    110: (1_727_962, 252.9),
    1202: (19_421_274, 2830.0),
}


def _build(name, input_shape=(3, 32, 32), num_outputs=10, **options):
    return build_model(
        name, input_shape=input_shape, num_outputs=num_outputs, options=options
    )


@pytest.fixture(scope="module")
def meta_networks():
    """Networks of every depth without memory for their weights."""
    with torch.device("meta"):
        return {depth: _build(f"resnet-{depth}") for depth in TABLE}


@pytest.mark.parametrize("depth", TABLE)
def test_parameters_equal_the_table(meta_networks, depth):
    assert num_parameters(meta_networks[depth]) == TABLE[depth][0]


@pytest.mark.parametrize("depth", TABLE)
def test_multiply_adds_equal_the_table(meta_networks, depth):
    millions = multiply_adds(meta_networks[depth], (3, 32, 32)) / 1e6
    digits = 1 if depth < 1000 else -1
    assert round(millions, digits) == TABLE[depth][1]


def test_a_plain_network_has_the_parameters_of_the_residual_one_with_shortcut_a():
    plain, residual = _build("plain-20"), _build("resnet-20")
    assert plain.state_dict().keys() == residual.state_dict().keys()


def _projection(in_channels, out_channels):
    return in_channels * out_channels + 2 * out_channels


def test_shortcut_b_adds_two_projections():
    extra = num_parameters(_build("resnet-20", shortcut="B")) - TABLE[20][0]
    assert extra == _projection(16, 32) + _projection(32, 64)


def test_shortcut_c_adds_a_projection_to_every_block():
    extra = num_parameters(_build("resnet-20", shortcut="C")) - TABLE[20][0]
    inside = 3 * _projection(16, 16) + 2 * _projection(32, 32) + 2 * _projection(64, 64)
    assert extra == inside + _projection(16, 32) + _projection(32, 64)


@pytest.mark.parametrize(
    ("option", "shortcut"), [("A", ShortcutA), ("B", ShortcutB), ("C", ShortcutC)]
)
def test_the_option_picks_the_shortcut(option, shortcut):
    assert type(_build("resnet-8", shortcut=option).stage2[0].shortcut) is shortcut


def test_the_width_scales_every_stage():
    assert _build("resnet-8", width=8).classifier.in_features == 32


def test_a_name_of_n_layers_has_n_layers_with_weights():
    layers = [
        m for m in _build("plain-14").modules() if isinstance(m, nn.Conv2d | nn.Linear)
    ]
    assert len(layers) == 14


@pytest.mark.parametrize("shortcut", ["A", "B", "C"])
@pytest.mark.parametrize(
    "input_shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (5, 31, 17), (3, 224, 224)]
)
def test_a_residual_network_takes_images_of_any_size(input_shape, shortcut):
    model = _build("resnet-8", input_shape, 7, shortcut=shortcut)
    assert model(torch.randn(2, *input_shape)).shape == (2, 7)


@pytest.mark.parametrize("input_shape", [(1, 8, 8), (3, 32, 32), (3, 224, 224)])
def test_a_plain_network_takes_images_of_any_size(input_shape):
    assert _build("plain-8", input_shape, 7)(torch.randn(2, *input_shape)).shape == (2, 7)


@pytest.mark.parametrize(
    ("side", "stage_side"), [(8, 8), (64, 64), (65, 17), (224, 56)], ids=str
)
def test_the_stem_divides_only_sides_above_64(side, stage_side):
    with torch.device("meta"):
        stem = _build("resnet-8", (3, side, side)).stem
        assert stem(torch.empty(1, 3, side, side)).shape[-2:] == (stage_side, stage_side)


def test_the_stages_halve_the_sides_and_double_the_channels():
    model = _build("resnet-8")
    x = model.stem(torch.randn(1, 3, 32, 32))
    shapes = [
        (x := stage(x)).shape[1:] for stage in (model.stage1, model.stage2, model.stage3)
    ]
    assert shapes == [(16, 32, 32), (32, 16, 16), (64, 8, 8)]


def test_the_stages_are_sequences_of_blocks():
    model = _build("resnet-20")
    stages = (model.stage1, model.stage2, model.stage3)
    assert [(type(stage), len(stage)) for stage in stages] == [(nn.Sequential, 3)] * 3


def test_every_convolution_starts_with_the_weights_of_he():
    model = _build("resnet-20")
    for layer in (m for m in model.modules() if isinstance(m, nn.Conv2d)):
        std = math.sqrt(2 / math.prod(layer.weight.shape[1:]))
        tolerance = 5 / math.sqrt(2 * layer.weight.numel())
        assert layer.weight.std().item() == pytest.approx(std, rel=tolerance)


def test_the_classifier_starts_with_zero_biases():
    assert not _build("resnet-8").classifier.bias.any()


def test_the_same_seed_gives_the_same_weights():
    outputs = []
    for _ in range(2):
        torch.manual_seed(3)
        outputs.append(_build("resnet-8").eval()(torch.ones(1, 3, 8, 8)))
    assert torch.equal(*outputs)


def test_dropout_acts_while_training():
    model = _build("resnet-8", drop_prob=0.5)
    for part in (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)):
        part.eval()
    x = torch.randn(4, 3, 8, 8)
    assert not torch.equal(model(x), model(x))


def test_channels_last_gives_the_same_outputs():
    model, x = _build("resnet-8").eval(), torch.randn(2, 3, 16, 16)
    expected = model(x)
    model = model.to(memory_format=torch.channels_last)
    actual = model(x.to(memory_format=torch.channels_last))
    torch.testing.assert_close(actual, expected)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("resnet-18", "resnet-14 or resnet-20"),
        ("plain-21", "plain-20 or plain-26"),
        ("resnet-2", "resnet-8 or resnet-14"),
        ("resnet-1208", "Nearest: resnet-1202"),
    ],
)
def test_a_depth_that_does_not_exist_is_refused_with_the_nearest(name, nearest):
    with pytest.raises(ModelError, match=nearest):
        _build(name)


def test_tabular_data_is_refused():
    with pytest.raises(ModelError, match=r"samples of shape \(13,\); use the model 'mlp'"):
        _build("resnet-20", (13,))
