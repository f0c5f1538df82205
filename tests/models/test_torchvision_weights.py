"""torchvision's weights in our networks give torchvision's outputs."""

import re

import pytest
import torch
from torchvision import models as zoo

from headway.errors import ModelError
from headway.models import (
    GoogLeNet,
    Vgg,
    alexnet,
    build_model,
    googlenet,
    googlenet2014,
    imagenet_resnet18,
    imagenet_resnet34,
    imagenet_resnet50,
    imagenet_resnet101,
    imagenet_resnet152,
    lenet5,
    load_torchvision_weights,
)
from headway.nn import AuxiliaryOutputs

OUTPUTS = 7


def _vgg(depth, norm):
    return Vgg(depth, OUTPUTS, batch_norm=norm)


def _empty(name):
    with_weights = {"init_weights": False} if name.startswith(("vgg", "google")) else {}
    return zoo.get_model(name, num_classes=OUTPUTS, **with_weights)


def _theirs(name):
    torch.manual_seed(0)
    model = _empty(name)
    generator = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0.0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
    return model


PAIRS = [
    ("googlenet", lambda: googlenet(OUTPUTS), 64),
    ("resnet18", lambda: imagenet_resnet18(OUTPUTS), 64),
]
LARGE_PAIRS = [
    ("alexnet", lambda: alexnet(OUTPUTS), 64),
    *(
        (f"vgg{depth}{'_bn' if norm else ''}", lambda d=depth, n=norm: _vgg(d, n), 32)
        for depth in (11, 13, 16, 19)
        for norm in (False, True)
    ),
    ("resnet34", lambda: imagenet_resnet34(OUTPUTS), 64),
    ("resnet50", lambda: imagenet_resnet50(OUTPUTS), 64),
    ("resnet101", lambda: imagenet_resnet101(OUTPUTS), 64),
    ("resnet152", lambda: imagenet_resnet152(OUTPUTS), 64),
]


@pytest.mark.parametrize(
    ("name", "build", "side"),
    [
        *(pytest.param(*pair, id=pair[0]) for pair in PAIRS),
        *(pytest.param(*pair, id=pair[0], marks=pytest.mark.slow) for pair in LARGE_PAIRS),
    ],
)
def test_outputs_agree_with_torchvision(name, build, side):
    theirs, ours = _theirs(name).eval(), build().eval()
    load_torchvision_weights(ours, theirs.state_dict())
    images = torch.randn(2, 3, side, side)
    expected = theirs(images)
    assert (ours(images) - expected).abs().max() <= 1e-5 * max(1.0, expected.abs().max())


@pytest.mark.parametrize(
    ("name", "build"), [pytest.param(*pair[:2], id=pair[0]) for pair in PAIRS + LARGE_PAIRS]
)
def test_names_and_shapes_are_those_of_torchvision(name, build):
    with torch.device("meta"):
        load_torchvision_weights(build(), _empty(name).state_dict())


def test_auxiliary_outputs_agree_with_torchvision():
    theirs, ours = _theirs("googlenet"), googlenet(OUTPUTS)
    load_torchvision_weights(ours, theirs.state_dict())
    for part in [*theirs.modules(), *ours.modules()]:
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    images = torch.randn(2, 3, 64, 64)
    found, expected = ours(images), theirs(images)
    assert isinstance(found, AuxiliaryOutputs)
    for ours_, theirs_ in zip(
        (found.outputs, *found.auxiliary),
        (expected.logits, expected.aux_logits1, expected.aux_logits2),
        strict=True,
    ):
        torch.testing.assert_close(ours_, theirs_, atol=1e-4, rtol=1e-4)


def test_a_network_that_torchvision_lacks_is_refused():
    with pytest.raises(TypeError, match="torchvision has no network like LeNet5"):
        load_torchvision_weights(lenet5(), {})


def test_weights_of_another_depth_are_refused():
    state = zoo.resnet34().state_dict()
    with pytest.raises(ValueError, match=r"0 missing \(none\), 96 left over \(stage1\.2\."):
        load_torchvision_weights(imagenet_resnet18(), state)


def test_weights_of_the_published_googlenet_are_not_torchvisions():
    with torch.device("meta"):
        model, state = googlenet2014(), googlenet().state_dict()
    with pytest.raises(ValueError, match="these are not the weights of GoogLeNet"):
        load_torchvision_weights(model, state)


def test_weights_for_another_number_of_outputs_are_refused():
    with pytest.raises(
        ValueError, match=r"'classifier.*' has shape \(1000.*, expected \(7"
    ):
        load_torchvision_weights(imagenet_resnet18(7), zoo.resnet18().state_dict())


def _build(name, input_shape=(3, 64, 64), **options):
    return build_model(name, input_shape=input_shape, num_outputs=5, options=options)


@pytest.fixture
def weights_folder(tmp_path, monkeypatch):
    """Let torch look for downloaded weights in an empty folder."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.usefixtures("no_route")
def test_unreachable_weights_say_where_to_place_the_file(weights_folder):
    file = re.escape(str(weights_folder / "resnet18-f37072fd.pth"))
    expected = f"model 'imagenet-resnet-18' cannot be loaded: .*place it at {file}"
    with pytest.raises(ModelError, match=expected):
        _build("imagenet-resnet-18", pretrained=True)


def test_placed_weights_are_loaded_below_a_fresh_last_layer(weights_folder):
    theirs = zoo.resnet18()
    torch.save(theirs.state_dict(), weights_folder / "resnet18-f37072fd.pth")
    model = _build("imagenet-resnet-18", pretrained=True)
    assert torch.equal(model.stage4[1].conv2.weight, theirs.layer4[1].conv2.weight)
    assert model.classifier.weight.shape == (5, 512)


def test_the_images_of_a_pretrained_googlenet_are_brought_to_its_range(weights_folder):
    theirs = zoo.googlenet(init_weights=False)
    torch.save(theirs.state_dict(), weights_folder / "googlenet-1378be20.pth")
    model = _build("googlenet", pretrained=True).eval()
    theirs.transform_input = True
    theirs.eval().fc = torch.nn.Identity()
    model.classifier = torch.nn.Identity()
    images = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(model(images), theirs(images), atol=1e-4, rtol=1e-4)
    assert isinstance(model, GoogLeNet)


def test_pretrained_weights_need_three_channels():
    with pytest.raises(ModelError, match="take images with 3 channels, but the data has 1"):
        _build("imagenet-resnet-18", (1, 64, 64), pretrained=True)


def test_pretrained_weights_need_shortcut_b():
    with pytest.raises(ModelError, match=r"those of shortcut B.*got shortcut 'A'"):
        _build("imagenet-resnet-18", pretrained=True, shortcut="A")
