import pytest
import torch
from torch import nn

from headway.errors import ModelError
from headway.models import build_model


def _build(name, input_shape=(3, 32, 32), num_outputs=7, **options):
    return build_model(
        f"torchvision:{name}",
        input_shape=input_shape,
        num_outputs=num_outputs,
        options=options,
    )


def test_the_last_layer_has_the_outputs():
    assert _build("resnet18").fc.out_features == 7


def test_a_vision_transformer_gets_the_size_of_the_images():
    assert _build("vit_b_32", (3, 64, 64)).image_size == 64


def test_a_vision_transformer_refuses_images_that_are_not_square():
    with pytest.raises(
        ModelError, match=r"takes square images, but the data has \(32, 64\)"
    ):
        _build("vit_b_32", (3, 32, 64))


@pytest.mark.parametrize("name", ["vit_b_16", "maxvit_t"])
def test_an_image_size_that_the_network_cannot_divide_is_refused(name):
    with pytest.raises(
        ModelError, match=f"'torchvision:{name}' does not fit the data: .*divisible"
    ):
        _build(name, (3, 28, 28))


def test_auxiliary_outputs_are_left_out():
    model = _build("googlenet").train()
    assert isinstance(model(torch.randn(2, 3, 32, 32)), torch.Tensor)


def test_images_of_one_channel_are_refused():
    with pytest.raises(
        ModelError, match="takes images with 3 channels, but the data has 1"
    ):
        _build("resnet18", (1, 32, 32))


def test_images_too_small_for_the_network_are_refused():
    with pytest.raises(
        ModelError, match=r"'torchvision:alexnet' fails on .* \(2, 3, 8, 8\)"
    ):
        _build("alexnet", (3, 8, 8))


def test_an_unknown_network_gets_a_suggestion():
    with pytest.raises(
        ModelError, match=r"no classification network 'resnet19'. Did you mean"
    ):
        _build("resnet19")


def test_a_detection_network_is_refused():
    with pytest.raises(ModelError, match="no classification network 'fasterrcnn"):
        _build("fasterrcnn_resnet50_fpn")


@pytest.fixture
def weights_folder(tmp_path, monkeypatch):
    """Let torch look for downloaded weights in an empty folder."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.usefixtures("no_route")
def test_unreachable_weights_say_where_to_place_the_file(weights_folder):
    file = weights_folder / "resnet18-f37072fd.pth"
    with pytest.raises(ModelError, match=f"cannot be loaded: URLError.*place it at {file}"):
        _build("resnet18", pretrained=True)


@pytest.mark.parametrize(
    ("name", "file", "last", "kind"),
    [
        ("squeezenet1_1", "squeezenet1_1-b8a52dc0.pth", "classifier.1", nn.Conv2d),
        (
            "mobilenet_v3_small",
            "mobilenet_v3_small-047dcff4.pth",
            "classifier.3",
            nn.Linear,
        ),
    ],
    ids=["convolution", "linear"],
)
def test_placed_weights_are_loaded_under_a_new_last_layer(
    weights_folder, name, file, last, kind
):
    from torchvision import models as zoo

    original = zoo.get_model(name)
    torch.save(original.state_dict(), weights_folder / file)
    model = _build(name, pretrained=True)
    first, placed = (next(m.parameters()) for m in (model, original))
    assert torch.equal(first, placed)
    assert isinstance(model.get_submodule(last), kind)


def test_pretrained_weights_of_another_image_size_are_refused(weights_folder):
    with pytest.raises(ModelError, match="'image_size' expected value 224 but got 64"):
        _build("vit_b_32", (3, 64, 64), pretrained=True)
