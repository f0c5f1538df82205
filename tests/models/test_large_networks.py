"""AlexNet, VGG, network in network, GoogLeNet, BN-Inception and the ImageNet ResNets."""

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from headway.errors import ModelError
from headway.measure import multiply_adds, num_parameters
from headway.models import (
    AlexNet,
    GoogLeNet,
    Vgg,
    bn_inception,
    build_model,
    googlenet,
    googlenet2014,
    imagenet_plain34,
    imagenet_resnet34,
    imagenet_resnet50,
    nin,
    prelu_net,
    vgg11,
    vgg13,
    vgg16,
    vgg19,
)
from headway.models.prelu_net import PyramidPool
from headway.nn import AuxiliaryOutputs, Bottleneck, ShortcutA, ShortcutB, ShortcutC
from headway.tasks import Classification

SMALLEST = {
    "alexnet": 63,
    "alexnet-2012": 63,
    "vgg-11": 32,
    "prelu-net-a": 15,
    "googlenet": 15,
    "googlenet-2014": 31,
    "nin": 1,
    "bn-inception": 1,
    "imagenet-plain-18": 1,
    "imagenet-resnet-18": 1,
}


def _build(name, input_shape=(3, 64, 64), num_outputs=4, **options):
    with torch.device("meta"):
        return build_model(
            name, input_shape=input_shape, num_outputs=num_outputs, options=options
        )


@pytest.mark.parametrize("name", SMALLEST)
def test_the_smallest_image_is_taken_with_any_number_of_channels(name):
    shape = (5, SMALLEST[name], SMALLEST[name])
    assert _build(name, shape).eval()(torch.empty(2, *shape, device="meta")).shape == (2, 4)


@pytest.mark.parametrize("name", [name for name, side in SMALLEST.items() if side > 1])
def test_an_image_below_the_smallest_is_refused(name):
    side = SMALLEST[name] - 1
    expected = f"{name!r} takes images of at least {side + 1} x {side + 1} pixels, but the "
    with pytest.raises(ModelError, match=f"{expected}data has 200 x {side}; use a network"):
        _build(name, (3, 200, side))


@pytest.mark.parametrize("name", [name for name, side in SMALLEST.items() if side > 1])
def test_below_the_smallest_image_the_network_would_fail(name):
    model, side = _build(name).eval(), SMALLEST[name] - 1
    with pytest.raises(RuntimeError, match=r"too small|smaller than kernel"):
        model(torch.empty(2, 3, side, side, device="meta"))


@pytest.mark.parametrize(
    ("name", "input_shape"),
    [("vgg-16", (13,)), ("imagenet-resnet-50", (3, 64)), ("nin", (7,))],
)
def test_data_without_pixels_is_refused(name, input_shape):
    with pytest.raises(ModelError, match="takes images of shape"):
        _build(name, input_shape)


def _widths(module):
    return [m.out_channels for m in module.modules() if isinstance(m, nn.Conv2d)]


def test_channels_of_vgg_double_but_for_the_last_block():
    with torch.device("meta"):
        assert _widths(vgg13()) == [64, 64, 128, 128, 256, 256, 512, 512, 512, 512]


@pytest.mark.parametrize(
    ("builder", "depth"), [(vgg11, 11), (vgg13, 13), (vgg16, 16), (vgg19, 19)]
)
def test_vgg_n_has_n_layers_with_weights(builder, depth):
    with torch.device("meta"):
        model = builder()
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == depth


def test_a_vgg_of_another_depth_is_refused():
    with pytest.raises(ValueError, match="depth must be 11, 13, 16 or 19, got 12"):
        Vgg(12)


def test_the_towers_of_alexnet_2012_do_not_see_each_other_in_layers_2_4_and_5():
    model = _build("alexnet-2012")
    groups = [m.groups for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert isinstance(model, AlexNet)
    assert groups == [1, 2, 1, 2, 2]


def test_response_normalization_is_the_papers_sum_of_five_channels():
    norm = next(
        m for m in _build("alexnet-2012").modules() if "Response" in type(m).__name__
    )
    x = torch.randn(1, 7, 1, 1, generator=torch.Generator().manual_seed(0)) * 20
    middle = x[0, 3] / (2.0 + 1e-4 * x[0, 1:6].square().sum()) ** 0.75
    torch.testing.assert_close(norm(x)[0, 3], middle)


def test_a_1x1_convolution_is_a_linear_layer_on_every_pixel():
    torch.manual_seed(0)
    conv, x = nn.Conv2d(3, 4, 1), torch.randn(2, 3, 5, 5)
    linear = x.permute(0, 2, 3, 1) @ conv.weight[:, :, 0, 0].T + conv.bias
    torch.testing.assert_close(conv(x), linear.permute(0, 3, 1, 2))


def test_the_outputs_of_a_network_in_network_are_averages_of_its_last_maps():
    model, x = nin(3).eval(), torch.rand(1, 3, 8, 8)
    maps = []
    model.block3.register_forward_hook(lambda module, inputs, output: maps.append(output))
    torch.testing.assert_close(model(x), maps[0].mean(dim=(2, 3)))
    assert not any(isinstance(m, nn.Linear) for m in model.modules())


def test_googlenet_returns_auxiliary_outputs_while_it_trains():
    model, x = googlenet(4), torch.randn(2, 3, 32, 32)
    found = model(x)
    assert isinstance(found, AuxiliaryOutputs)
    assert [a.shape for a in found.auxiliary] == [(2, 4), (2, 4)]
    assert found.weight == 0.3
    assert isinstance(model.eval()(x), torch.Tensor)


def test_googlenet_without_heads_returns_its_outputs_alone():
    model = googlenet(4, has_auxiliary=False)
    assert isinstance(model(torch.randn(2, 3, 32, 32)), torch.Tensor)


def test_the_heads_of_googlenet_learn_from_the_task():
    model, targets = googlenet(4), torch.tensor([0, 3])
    Classification(4).loss(model(torch.randn(2, 3, 32, 32)), targets).backward()
    assert model.aux1.fc2.weight.grad.abs().sum() > 0
    assert model.aux2.fc2.weight.grad.abs().sum() > 0


def test_googlenet_has_22_layers_with_weights():
    """Along the longest way from the image to the outputs, heads aside."""
    with torch.device("meta"):
        model = googlenet2014(has_auxiliary=False)
    blocks = [m for m in model.modules() if type(m).__name__ == "Inception"]
    stem = [m for m in model.stem.modules() if isinstance(m, nn.Conv2d)]
    assert len(stem) + 2 * len(blocks) + 1 == 22


def test_the_published_googlenet_has_5x5_convolutions_and_torchvisions_has_not():
    with torch.device("meta"):
        kernels = [
            {m.kernel_size[0] for m in builder().modules() if isinstance(m, nn.Conv2d)}
            for builder in (googlenet2014, googlenet)
        ]
    assert kernels == [{1, 3, 5, 7}, {1, 3, 7}]


@pytest.mark.parametrize(
    ("builder", "expected"),
    [
        (googlenet, [(480, 14, 14), (528, 14, 14), (1024, 7, 7)]),
        (googlenet2014, [(480, 14, 14), (528, 14, 14), (1024, 7, 7)]),
    ],
)
def test_the_features_of_googlenet_have_the_shapes_of_its_table(builder, expected):
    with torch.device("meta"):
        model, x = builder().eval(), torch.empty(1, 3, 224, 224)
        before = model.early[:3](model.stem(x))
        middle = model.middle(model.early[3](before))
        shapes = [t.shape[1:] for t in (before, middle, model.late(middle))]
    assert isinstance(model, GoogLeNet)
    assert shapes == expected


def test_the_features_of_bn_inception_have_the_shapes_of_its_table():
    with torch.device("meta"):
        model, x = bn_inception().eval(), torch.empty(1, 3, 224, 224)
        shapes = [(x := part(x)).shape[1:] for part in list(model.children())[:4]]
    assert shapes == [(192, 28, 28), (576, 14, 14), (1024, 7, 7), (1024, 7, 7)]


def test_plain_34_has_the_layers_of_resnet_34_without_projections():
    with torch.device("meta"):
        plain, residual = imagenet_plain34(), imagenet_resnet34(shortcut="A")
    assert plain.state_dict().keys() == residual.state_dict().keys()


def test_resnet_50_is_made_of_16_bottlenecks():
    with torch.device("meta"):
        blocks = [m for m in imagenet_resnet50().modules() if isinstance(m, Bottleneck)]
    assert len(blocks) == 16
    assert len({block.conv3.out_channels for block in blocks}) == 4


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_a_name_of_n_layers_has_n_layers_with_weights(depth):
    model = _build(f"imagenet-resnet-{depth}", shortcut="A")
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == depth


@pytest.mark.parametrize(
    ("option", "shortcut"), [("A", ShortcutA), ("B", ShortcutB), ("C", ShortcutC)]
)
def test_the_option_picks_the_shortcut(option, shortcut):
    block = _build("imagenet-resnet-18", shortcut=option).stage2[0]
    assert type(block.shortcut) is shortcut


def test_the_option_picks_the_place_of_the_stride():
    block = _build("imagenet-resnet-50", stride_on="1x1").stage2[0]
    assert (block.conv1.stride, block.conv2.stride) == ((2, 2), (1, 1))


def test_a_depth_that_was_not_published_gets_a_suggestion():
    with pytest.raises(ModelError, match="Did you mean 'imagenet-resnet-"):
        _build("imagenet-resnet-35")


def test_a_small_network_of_ours_learns_through_its_auxiliary_heads():
    """Eight images by heart in a few steps: the heads do not stand in the way."""
    torch.manual_seed(0)
    model, images = googlenet(2, drop_prob=0.0), torch.randn(8, 3, 32, 32)
    task, targets = Classification(2), torch.arange(8) % 2
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    losses = []
    for _ in range(6):
        optimizer.zero_grad()
        loss = task.loss(model(images), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert num_parameters(model) > 1e6


def test_the_pyramid_is_adaptive_max_pooling_at_four_sizes():
    x = torch.randn(2, 3, 14, 9)
    levels = [nn.functional.adaptive_max_pool2d(x, n).flatten(1) for n in (7, 3, 2, 1)]
    assert torch.equal(PyramidPool()(x), torch.cat(levels, dim=1))


def test_the_gradient_of_the_pyramid_is_that_of_finite_differences():
    torch.manual_seed(0)
    x = torch.randn(1, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    assert gradcheck(PyramidPool((3, 1)), (x,))


@pytest.mark.parametrize(("model", "depth"), [("A", 19), ("B", 22), ("C", 22)])
def test_prelu_nets_have_the_depth_of_the_papers_table(model, depth):
    with torch.device("meta"):
        layers = prelu_net(model=model).modules()
    assert sum(isinstance(m, nn.Conv2d | nn.Linear) for m in layers) == depth


@pytest.mark.parametrize(("model", "complexity"), [("A", 1.90), ("B", 2.32), ("C", 5.30)])
def test_prelu_nets_cost_what_the_paper_prints(model, complexity):
    """In 10**10 multiply-adds, within a hundredth."""
    with torch.device("meta"):
        cost = multiply_adds(prelu_net(model=model), (3, 224, 224))
    assert cost / 1e10 == pytest.approx(complexity, rel=0.01)


@pytest.mark.slow  # its linear layers hold a gigabyte
def test_prelu_nets_start_with_slopes_of_a_quarter_and_weights_that_suit_them():
    layers = list(prelu_net(4).features.children())
    assert layers[1].weight.eq(0.25).all()
    std = (2 / (1 + 0.25**2) / (9 * 512)) ** 0.5
    assert layers[-2].weight.std().item() == pytest.approx(std, rel=0.01)
