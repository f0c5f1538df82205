"""Classification networks of torchvision: torchvision:NAME."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from torch import nn

from headway.errors import ModelError, did_you_mean
from headway.models.check import check_model, image_shape
from headway.models.family import Family, ModelCard
from headway.models.options import PretrainedOptions, defaults, read_options

# These return extra outputs of auxiliary classifiers while they train.
_WITH_AUXILIARY_OUTPUTS = ("googlenet", "inception_v3")


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, PretrainedOptions, options)
    architecture = name.removeprefix("torchvision:")
    _refuse_unknown(architecture)
    channels, height, width = image_shape(name, input_shape)
    if channels != 3:
        raise ModelError(
            f"model {name!r} takes images with 3 channels, but the data has {channels}; "
            "read image files with --set data.channels=3, or use a model that adapts to any "
            "number, such as resnet-20 or those of timm"
        )
    arguments = _size_arguments(name, (height, width))
    make = _pretrained if settings.pretrained else _untrained
    model = make(name, num_outputs, arguments)
    check_model(model, input_shape, num_outputs, name=name)
    return model


def _refuse_unknown(architecture: str) -> None:
    from torchvision import models as zoo

    known = zoo.list_models(module=zoo)
    if architecture not in known:
        raise ModelError(
            f"torchvision has no classification network {architecture!r}."
            f"{did_you_mean(architecture, known)} All names: "
            "https://pytorch.org/vision/stable/models.html"
        )


def _size_arguments(name: str, sides: tuple[int, int]) -> dict[str, Any]:
    """Return the arguments by which networks of a fixed image size learn the size."""
    if name.startswith("torchvision:vit_"):
        if sides[0] != sides[1]:
            raise ModelError(
                f"model {name!r} takes square images, but the data has {sides}"
            )
        return {"image_size": sides[0]}
    if name.startswith("torchvision:maxvit_"):
        return {"input_size": sides}
    return {}


def _untrained(name: str, num_outputs: int, arguments: Mapping[str, Any]) -> nn.Module:
    from torchvision import models as zoo

    architecture = name.removeprefix("torchvision:")
    plain = {"aux_logits": False, "init_weights": True}
    extra = plain if architecture in _WITH_AUXILIARY_OUTPUTS else {}
    try:
        return zoo.get_model(architecture, num_classes=num_outputs, **arguments, **extra)
    except (AssertionError, ValueError) as error:
        raise ModelError(f"model {name!r} does not fit the data: {error}") from error


def _pretrained(name: str, num_outputs: int, arguments: Mapping[str, Any]) -> nn.Module:
    architecture = name.removeprefix("torchvision:")
    model: Any = load_pretrained(name, architecture, arguments)
    if architecture == "inception_v3":
        model.aux_logits, model.AuxLogits = False, None
    _replace_last_layer(model, num_outputs)
    return model


def load_pretrained(
    name: str, architecture: str, arguments: Mapping[str, Any]
) -> nn.Module:
    """Return torchvision's network with the weights that it offers.

    Args:
        name: What messages call the model.
        architecture: torchvision's name of it.
        arguments: Further arguments of its builder.

    Raises:
        ModelError: If the weights cannot be reached or do not fit the arguments.
    """
    from torchvision import models as zoo

    offered: Any = zoo.get_model_weights(architecture)
    weights = offered.DEFAULT
    try:
        return zoo.get_model(architecture, weights=weights, **arguments)
    except ValueError as error:
        raise ModelError(
            f"the pretrained weights of model {name!r} do not fit the data: {error}"
        ) from error
    except Exception as error:
        file = (
            Path(torch.hub.get_dir())
            / "checkpoints"
            / Path(urlparse(weights.url).path).name
        )
        raise ModelError(
            f"the pretrained weights of model {name!r} cannot be loaded: "
            f"{type(error).__name__}: {error}. Without a network, download {weights.url} "
            f"elsewhere and place it at {file}, or train with pretrained = false"
        ) from error


def _replace_last_layer(model: nn.Module, num_outputs: int) -> None:
    """Put a new, untrained last layer of `num_outputs` in place of the old one."""
    layers = [
        (n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)
    ]
    path, last = layers[-1]
    new = (
        nn.Linear(last.in_features, num_outputs)
        if isinstance(last, nn.Linear)
        else nn.Conv2d(last.in_channels, num_outputs, kernel_size=1)
    )
    model.set_submodule(path, new)


FAMILY = Family(
    card=ModelCard(
        name="torchvision:resnet18",
        family="torchvision:NAME",
        description="A classification network of torchvision, for images with 3 channels.",
        reference="https://pytorch.org/vision/stable/models.html",
        options=defaults(PretrainedOptions),
    ),
    pattern=re.compile("torchvision:.*"),
    build=_build,
)
