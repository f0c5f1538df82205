import pytest
import torch
from safetensors.torch import save_file

from headway.errors import ModelError
from headway.models import build_model

timm = pytest.importorskip("timm")


def _build(name, input_shape=(3, 32, 32), num_outputs=7, **options):
    return build_model(
        f"timm:{name}", input_shape=input_shape, num_outputs=num_outputs, options=options
    )


def test_the_last_layer_has_the_outputs():
    assert _build("resnet18").fc.out_features == 7


@pytest.mark.parametrize("channels", [1, 5])
def test_the_first_layer_has_the_channels(channels):
    assert _build("resnet18", (channels, 32, 32)).conv1.in_channels == channels


def test_a_name_may_carry_a_tag_of_weights():
    assert _build("resnet18.a1_in1k").fc.out_features == 7


def test_a_transformer_of_a_fixed_size_gets_the_size_of_the_images():
    model = _build("vit_tiny_patch16_224", (1, 32, 48))
    assert model.patch_embed.img_size == (32, 48)


def test_images_too_small_for_the_network_are_refused():
    with pytest.raises(ModelError, match="timm:vit_tiny_patch16_224'"):
        _build("vit_tiny_patch16_224", (3, 8, 8))


def test_an_unknown_model_gets_a_suggestion():
    with pytest.raises(
        ModelError, match=r"timm has no model 'resnet19'. Did you mean 'resnet"
    ):
        _build("resnet19")


def test_an_unknown_tag_lists_the_tags():
    with pytest.raises(
        ModelError, match=r"no weights 'a1' for 'resnet18'.*resnet18.a1_in1k"
    ):
        _build("resnet18.a1")


def test_a_model_of_the_hub_outside_timm_is_refused():
    with pytest.raises(ModelError, match="timm has no model 'hf-hub:someone/net'"):
        _build("hf-hub:someone/net")


def test_a_model_without_weights_says_so():
    with pytest.raises(ModelError, match="timm has no pretrained weights"):
        _build("darknet17", pretrained=True)


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    """Let the Hugging Face hub look for downloaded weights in an empty folder."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("no_route")
def test_unreachable_weights_say_what_to_place_where(hub_cache):
    message = (
        r"cannot be downloaded.*run `hf download timm/resnet18.a1_in1k` elsewhere and copy "
        f"the folder models--timm--resnet18.a1_in1k of its cache to {hub_cache}"
    )
    with pytest.raises(ModelError, match=message):
        _build("resnet18", pretrained=True)


@pytest.mark.usefixtures("no_route")
def test_placed_weights_are_loaded_under_a_new_last_layer(hub_cache):
    original = timm.create_model("tinynet_e")
    folder = hub_cache / "models--timm--tinynet_e.in1k"
    snapshot = folder / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(snapshot.name)
    save_file(original.state_dict(), snapshot / "model.safetensors")
    model = _build("tinynet_e", pretrained=True)
    assert torch.equal(model.conv_stem.weight, original.conv_stem.weight)
    assert model.classifier.out_features == 7
