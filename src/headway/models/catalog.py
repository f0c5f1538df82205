"""The names that models go by."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from headway.errors import ModelError, did_you_mean
from headway.models import cifar, mlp, timm_zoo, torchvision_zoo, user_file
from headway.models.family import Family, ModelCard

_FAMILIES: tuple[Family, ...] = (
    mlp.FAMILY,
    *cifar.FAMILIES,
    user_file.FAMILY,
    timm_zoo.FAMILY,
    torchvision_zoo.FAMILY,
)
# Depths that the paper trained, and the smallest: what a misspelt name is compared with.
_DEPTHS = (8, 20, 32, 44, 56, 110, 1202)


def build_model(
    name: str,
    *,
    input_shape: tuple[int, ...],
    num_outputs: int,
    options: Mapping[str, Any] = {},
) -> nn.Module:
    """Return the model called `name`, with fresh weights drawn from the global generator.

    A model from a user's file or from a library is checked with one tiny forward pass.

    Args:
        name: mlp, plain-N, resnet-N, FILE.py:FUNCTION, timm:NAME or torchvision:NAME; see
            `list_models`.
        input_shape: Shape of one sample: (channels, height, width) for images.
        num_outputs: Width of the last layer.
        options: Options of the model, as `list_models` shows them.

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
    return _family(name).build(
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
    known += [f"{library}:{rest}" for library in ("timm", "torchvision") if rest]
    suggestion = did_you_mean(name, known)
    families = ", ".join(family.card.family for family in _FAMILIES)
    raise ModelError(f"unknown model {name!r}.{suggestion} Known: {families}")
