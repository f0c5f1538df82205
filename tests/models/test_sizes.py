"""What models cost equals what their papers print and what their cards say."""

import re

import pytest
import torch

from headway.measure import multiply_adds, num_parameters
from headway.models import (
    alexnet2012,
    build_model,
    googlenet,
    googlenet2014,
    imagenet_plain34,
    imagenet_resnet34,
    imagenet_resnet50,
    imagenet_resnet101,
    imagenet_resnet152,
    lenet5,
    list_models,
    vgg13,
    vgg16,
    vgg19,
)

IMAGENET = (3, 224, 224)
SIZES = [size for card in list_models() for size in card.sizes]


def mark_slow(size):
    """Building a hundred layers and counting their multiply-adds takes seconds."""
    is_slow = re.search(r"-1\d{2,3}\b", size.name) is not None
    return pytest.param(size, id=size.name, marks=[pytest.mark.slow] if is_slow else [])


def _model(size):
    return build_model(
        size.name, input_shape=size.input_shape, num_outputs=size.num_outputs
    )


@pytest.mark.parametrize("size", [mark_slow(size) for size in SIZES])
def test_the_card_says_what_the_model_costs(size):
    with torch.device("meta"):
        model = _model(size)
        cost = num_parameters(model), multiply_adds(model, size.input_shape)
    assert cost == (size.num_parameters, size.multiply_adds)


def test_every_network_of_images_of_our_own_has_sizes():
    without = {card.family for card in list_models() if not card.sizes}
    names = {"mlp", "FILE.py:FUNCTION", "timm:NAME", "torchvision:NAME"}
    assert names <= without
    assert not [name for name in without if name.startswith(("vgg", "imagenet", "alex"))]


def _millions(builder, **options):
    with torch.device("meta"):
        return round(num_parameters(builder(**options)) / 1e6, 2)


def _billions(builder, **options):
    with torch.device("meta"):
        return round(multiply_adds(builder(**options), IMAGENET) / 1e9, 2)


@pytest.mark.parametrize(
    ("builder", "millions"),
    [(vgg19, 143.67), (vgg16, 138.36), (vgg13, 133.05)],
    ids=["vgg-19", "vgg-16", "vgg-13"],
)
def test_parameters_of_vgg_are_those_of_its_table(builder, millions):
    assert _millions(builder) == millions


@pytest.mark.parametrize(
    ("builder", "billions"),
    [(vgg19, 19.63), (vgg13, 11.31), (imagenet_plain34, 3.64)],
    ids=["vgg-19", "vgg-13", "plain-34"],
)
def test_multiply_adds_are_what_papers_call_flops(builder, billions):
    assert _billions(builder) == billions


@pytest.mark.parametrize(
    ("shortcut", "millions", "billions"),
    [("A", 21.62, 3.64), ("B", 21.80, 3.66), ("C", 22.72, 3.83)],
)
def test_projections_of_resnet_34_cost_little(shortcut, millions, billions):
    assert _millions(imagenet_resnet34, shortcut=shortcut) == millions
    assert _billions(imagenet_resnet34, shortcut=shortcut) == billions


@pytest.mark.parametrize(
    ("builder", "millions", "billions"),
    [
        (imagenet_resnet50, 25.56, 3.86),
        pytest.param(imagenet_resnet101, 44.55, 7.57, marks=pytest.mark.slow),
        pytest.param(imagenet_resnet152, 60.19, 11.28, marks=pytest.mark.slow),
    ],
    ids=["50", "101", "152"],
)
def test_bottleneck_networks_cost_the_papers_numbers_with_the_papers_stride(
    builder, millions, billions
):
    assert _millions(builder, stride_on="1x1") == millions
    assert _billions(builder, stride_on="1x1") == billions


def test_the_stride_on_the_3x3_convolution_costs_more():
    assert _billions(imagenet_resnet50) == 4.09


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shortcut", "millions", "billions"),
    [("A", 57.42, 10.92), ("B", 60.19, 11.28), ("C", 107.34, 20.74)],
)
def test_projections_everywhere_nearly_double_resnet_152(shortcut, millions, billions):
    options = {"shortcut": shortcut, "stride_on": "1x1"}
    assert _millions(imagenet_resnet152, **options) == millions
    assert _billions(imagenet_resnet152, **options) == billions


def test_resnet_152_has_fewer_parameters_than_vgg_16():
    assert _millions(imagenet_resnet152) < _millions(vgg16)


def test_lenet_5_with_the_papers_connections_has_900_weights_less():
    full, partial = (num_parameters(lenet5(connections=c)) for c in ("full", "partial"))
    assert (full, partial) == (61_706, 60_806)


def test_the_two_towers_of_alexnet_have_the_known_number_of_parameters():
    with torch.device("meta"):
        assert num_parameters(alexnet2012()) == 60_965_224


@pytest.mark.parametrize(
    ("builder", "parameters"), [(googlenet, 6_624_904), (googlenet2014, 6_998_552)]
)
def test_googlenet_without_its_heads(builder, parameters):
    with torch.device("meta"):
        assert num_parameters(builder(has_auxiliary=False)) == parameters


def test_googlenet_costs_what_the_paper_adds_up_to():
    """The table's sum is 1.502 G, of which it gives 34 M to the first convolution; 7x7
    weights of 3 channels for 64 maps of 112x112 pixels are 118 M."""
    first = 49 * 3 * 64 * 112 * 112
    with torch.device("meta"):
        total = multiply_adds(googlenet2014(), IMAGENET)
    assert total == pytest.approx(1.502e9 - 34e6 + first, rel=0.005)
