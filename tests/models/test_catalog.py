import subprocess
import sys

import pytest
import torch

from headway.errors import ModelError
from headway.models import build_model, list_models

FAMILIES = [
    "mlp",
    "plain-N",
    "resnet-N",
    "preresnet-N",
    "wide-resnet-N-K",
    "fixup-resnet-N",
    "revnet-N",
    "lenet-5",
    "alexnet",
    "alexnet-2012",
    "nin",
    "vgg-N, vgg-N-bn",
    "prelu-net-X",
    "googlenet",
    "googlenet-2014",
    "bn-inception",
    "imagenet-plain-N",
    "imagenet-resnet-N",
    "selu-N",
    "vanilla-cnn-N",
    "rnn",
    "ugrnn",
    "gru",
    "lstm",
    "FILE.py:FUNCTION",
    "timm:NAME",
    "torchvision:NAME",
]


def _build(name, input_shape=(3, 8, 8), num_outputs=4, **options):
    return build_model(
        name, input_shape=input_shape, num_outputs=num_outputs, options=options
    )


def test_every_family_is_listed():
    assert [card.family for card in list_models()] == FAMILIES


@pytest.mark.parametrize("card", list_models(), ids=lambda card: card.family)
def test_every_card_says_what_the_model_is(card):
    assert card.description.endswith(".")


@pytest.mark.parametrize(
    "card",
    [card for card in list_models() if "FILE" not in card.family],
    ids=lambda card: card.family,
)
def test_the_example_of_every_card_builds_with_the_options_of_the_card(card):
    shape = (20,) if "embedding_size" in card.options else (3, 64, 64)
    with torch.device("meta"):
        assert _build(card.name, shape, **card.options) is not None


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("resnet20", "resnet-20"),
        ("MLP", "mlp"),
        ("plane-20", "plain-20"),
        ("torchvison:resnet18", "torchvision:resnet18"),
        ("tim:resnet18", "timm:resnet18"),
    ],
)
def test_an_unknown_name_gets_a_suggestion(name, suggestion):
    with pytest.raises(
        ModelError, match=f"unknown model '{name}'. Did you mean '{suggestion}'"
    ):
        _build(name)


def test_an_unknown_name_lists_the_families():
    with pytest.raises(
        ModelError, match=r"Known: mlp, plain-N, resnet-N, .*FILE.py:FUNCTION"
    ):
        _build("zzz")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mlp", "hidden, activation, norm, drop_prob, input_drop_prob"),
        ("plain-20", "width, drop_prob"),
        ("resnet-20", "width, drop_prob, shortcut, final_survival, zero_init_residual"),
        ("timm:resnet18", "pretrained"),
        ("torchvision:resnet18", "pretrained"),
    ],
)
def test_an_unknown_option_lists_the_options(name, options):
    with pytest.raises(ModelError, match=f"'{name}': its options are {options}."):
        _build(name, depth=3)


def test_an_unknown_option_gets_a_suggestion():
    with pytest.raises(ModelError, match="Did you mean 'shortcut'"):
        _build("resnet-20", shortcuts="A")


@pytest.mark.parametrize(
    ("name", "option", "value", "expected"),
    [
        ("resnet-20", "shortcut", "D", "expected A or B or C, got 'D'"),
        ("resnet-20", "width", 0, "expected a whole number >= 1, got 0"),
        ("resnet-20", "width", "16", "expected a whole number, got '16'"),
        ("resnet-20", "drop_prob", 1.0, "expected a number < 1.0, got 1.0"),
        ("mlp", "hidden", 256, r"expected a list \[...\], got 256"),
        ("mlp", "hidden", [256, 0], "expected a whole number >= 1, got"),
        ("mlp", "activation", "rellu", "got 'rellu'. Did you mean 'relu'"),
        ("timm:resnet18", "pretrained", "yes", "expected true or false, got 'yes'"),
    ],
)
def test_a_bad_value_of_an_option_is_refused(name, option, value, expected):
    with pytest.raises(ModelError, match=f"option '{option}' of model.*{expected}"):
        _build(name, **{option: value})


@pytest.mark.parametrize(
    ("input_shape", "num_outputs"), [((3, 0, 8), 4), ((), 4), ((3, 8, 8), 0)], ids=str
)
def test_empty_samples_and_outputs_are_refused(input_shape, num_outputs):
    with pytest.raises(ModelError, match="positive sizes and at least one output"):
        _build("mlp", input_shape, num_outputs)


def test_importing_the_models_loads_neither_torchvision_nor_timm():
    code = (
        "import sys, headway.models; "
        "sys.exit(', '.join({'torchvision', 'timm'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == ""
