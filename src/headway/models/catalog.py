"""The names that models go by."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from headway.data import InputKind
from headway.errors import ModelError, did_you_mean
from headway.models import (
    cifar,
    fixup_resnet,
    imagenet_resnet,
    lenet,
    mlp,
    preresnet,
    revnet,
    selu,
    timm_zoo,
    torchvision_zoo,
    user_file,
    vanilla_cnn,
    vgg,
    wide_resnet,
)
from headway.models.alexnet import FAMILIES as ALEXNETS
from headway.models.bn_inception import FAMILY as BN_INCEPTION
from headway.models.family import Family, ModelCard
from headway.models.googlenet import FAMILIES as GOOGLENETS
from headway.models.nin import FAMILY as NIN
from headway.models.prelu_net import FAMILY as PRELU_NET
from headway.models.recurrent import FAMILIES as RECURRENT

_FAMILIES: tuple[Family, ...] = (
    mlp.FAMILY,
    *cifar.FAMILIES,
    preresnet.FAMILY,
    wide_resnet.FAMILY,
    fixup_resnet.FAMILY,
    revnet.FAMILY,
    lenet.FAMILY,
    *ALEXNETS,
    NIN,
    vgg.FAMILY,
    PRELU_NET,
    *GOOGLENETS,
    BN_INCEPTION,
    *imagenet_resnet.FAMILIES,
    selu.FAMILY,
    vanilla_cnn.FAMILY,
    *RECURRENT,
    user_file.FAMILY,
    timm_zoo.FAMILY,
    torchvision_zoo.FAMILY,
)
# Depths that the paper trained, and the smallest: what a misspelt name is compared with.
_DEPTHS = (8, 20, 32, 44, 56, 110, 1202)
_NUM_FITTING = 5


def build_model(
    name: str,
    *,
    input_shape: tuple[int, ...],
    num_outputs: int,
    options: Mapping[str, Any] = {},
    input_kind: InputKind | None = None,
) -> nn.Module:
    """Return the model called `name`, with fresh weights drawn from the global generator.

    A model from a user's file or from a library is checked with one tiny forward pass.

    Args:
        name: mlp, resnet-N, vgg-N, gru, FILE.py:FUNCTION, timm:NAME, torchvision:NAME or
            another; see `list_models`.
        input_shape: Shape of one sample: (channels, height, width) for images, (steps,) for
            tokens, (steps, channels) for sequences of numbers.
        num_outputs: Width of the last layer.
        options: Options of the model, as `list_models` shows them.
        input_kind: Kind of the data; None where the model is known to take it.

    Raises:
        ModelError: If the name or an option is unknown, or the model does not fit the data.

    Example:
        >>> model = build_model("resnet-20", input_shape=(3, 32, 32), num_outputs=10)
        >>> sum(parameter.numel() for parameter in model.parameters())
        269722
    """
    if num_outputs < 1 or not input_shape or min(input_shape) < 1:
        raise ModelError(
            f"model {name!r} needs a sample shape of positive sizes and at least one "
            f"output, got input_shape {input_shape} and num_outputs {num_outputs}"
        )
    family = _family(name)
    if input_kind is not None and input_kind not in family.input_kinds:
        fitting = [one.card.name for one in _FAMILIES if input_kind in one.input_kinds]
        raise ModelError(
            f"model {name!r} is for {' and '.join(family.input_kinds)} data, and the data is "
            f"of kind {input_kind}; take for example {', '.join(fitting[:_NUM_FITTING])}"
        )
    return family.build(
        name, input_shape=input_shape, num_outputs=num_outputs, options=options
    )


def list_models() -> list[ModelCard]:
    """Return one card per family of models, with the name of an example.

    Example:
        >>> [card.family for card in list_models()][:3]
        ['mlp', 'plain-N', 'resnet-N']
    """
    return [family.card for family in _FAMILIES]


def _family(name: str) -> Family:
    for family in _FAMILIES:
        if family.pattern.fullmatch(name):
            return family
    rest = name.partition(":")[2]
    known = [family.card.name for family in _FAMILIES]
    known += [f"{kind}-{depth}" for kind in ("plain", "resnet") for depth in _DEPTHS]
    known += [size.name for family in _FAMILIES for size in family.card.sizes]
    known += [f"{library}:{rest}" for library in ("timm", "torchvision") if rest]
    suggestion = did_you_mean(name, known)
    families = ", ".join(family.card.family for family in _FAMILIES)
    raise ModelError(f"unknown model {name!r}.{suggestion} Known: {families}")
