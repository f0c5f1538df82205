"""Weights of torchvision's networks for our own of the same shape."""

import re
from collections.abc import Mapping
from typing import ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from headway.errors import ModelError
from headway.models.torchvision_zoo import load_pretrained


@runtime_checkable
class TorchvisionTwin(Protocol):
    """A network that torchvision has too, under other names of its layers.

    Attributes:
        torchvision_names: Pairs of a regular expression and what replaces its first match
            in each name of torchvision, in turn.
        output_layers: Our modules that hold a layer whose width is the number of outputs.
        own_buffers: Buffers of ours that torchvision's network does not have.
    """

    torchvision_names: ClassVar[tuple[tuple[str, str], ...]]
    output_layers: ClassVar[tuple[str, ...]]
    own_buffers: ClassVar[tuple[str, ...]]


def load_torchvision_weights(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Copy the weights of torchvision's network into ours, which then computes the same.

    Args:
        model: `AlexNet`, `Vgg`, `GoogLeNet` or `ImageNetNetwork` of the shape that
            torchvision has.
        state: `state_dict()` of torchvision's network, with the same number of outputs.

    Raises:
        TypeError: If torchvision has no such network.
        ValueError: If a weight is missing, left over or of another shape.

    Example:
        >>> import torchvision
        >>> from headway.models import imagenet_resnet18
        >>> model, theirs = imagenet_resnet18(), torchvision.models.resnet18()
        >>> load_torchvision_weights(model.eval(), theirs.eval().state_dict())
        >>> images = torch.rand(1, 3, 64, 64)
        >>> torch.allclose(model(images), theirs(images), atol=1e-5)
        True
    """
    _load(model, _renamed(model, state))


def load_pretrained_(model: nn.Module, name: str, architecture: str) -> nn.Module:
    """Give `model` the weights that torchvision offers; return the same `model`.

    Output layers of another width than that of the weights keep their fresh start, and so
    do auxiliary heads, which torchvision does not offer trained.

    Args:
        model: Our network.
        name: What messages call it.
        architecture: torchvision's name of it.

    Raises:
        ModelError: If the weights cannot be reached or take another number of channels.
    """
    channels = next(iter(model.parameters())).shape[1]
    if channels != 3:
        raise ModelError(
            f"the pretrained weights of model {name!r} take images with 3 channels, but the "
            f"data has {channels}; read image files with --set data.channels=3, or train "
            "with pretrained = false"
        )
    state = _renamed(model, load_pretrained(name, architecture, {}).state_dict())
    layers = tuple(f"{layer}." for layer in _twin(model).output_layers)
    for key, value in model.state_dict().items():
        fits = key in state and state[key].shape == value.shape
        if key.startswith(layers) and not fits:
            state[key] = value
    _load(model, state)
    return model


def _twin(model: nn.Module) -> TorchvisionTwin:
    if not isinstance(model, TorchvisionTwin):
        raise TypeError(f"torchvision has no network like {type(model).__name__}")
    return model


def _renamed(model: nn.Module, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    twin = _twin(model)
    renamed: dict[str, Tensor] = {}
    for name, value in state.items():
        for pattern, replacement in twin.torchvision_names:
            name = re.sub(pattern, replacement, name, count=1)
        renamed[name] = value
    return renamed


def _load(model: nn.Module, state: dict[str, Tensor]) -> None:
    own = model.state_dict()
    expected = own.keys() - set(_twin(model).own_buffers)
    missing, extra = expected - state.keys(), state.keys() - expected
    if missing or extra:
        raise ValueError(
            f"these are not the weights of {type(model).__name__} as it was built: "
            f"{len(missing)} missing ({_some(missing)}), {len(extra)} left over "
            f"({_some(extra)}); build both networks with the same depth and options"
        )
    wrong = [name for name in sorted(expected) if own[name].shape != state[name].shape]
    if wrong:
        name = wrong[0]
        raise ValueError(
            f"weight {name!r} has shape {tuple(state[name].shape)}, expected "
            f"{tuple(own[name].shape)}; build both networks with the same number of "
            "channels and outputs"
        )
    with torch.no_grad():
        for name in expected:
            own[name].copy_(state[name])


def _some(names: set[str]) -> str:
    return ", ".join(sorted(names)[:3]) or "none"
