"""Small networks of the lab's own, called as models by the name `lab:FUNCTION`."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from headway.models.mlp import Activation, Mlp
from headway.nn import (
    FractionalMaxPool,
    Inception,
    Maxout,
    Recurrent,
    VanillaRNN,
    conv_norm_relu,
    conv_relu,
    initialize_,
    prune_,
)
from headway.nn.recurrent.vanilla import RecurrentActivation


class _PixelRNN(nn.Module):
    """A recurrent network without gates that reads an image a few pixels at a time.

    Its recurrent weights start as a multiple of the identity.

    Args:
        in_features: Pixels of an image.
        num_outputs: Width of the answer, given after the last step.
        hidden_size: Numbers in the state.
        steps: Parts into which the pixels are cut.
        scale: Multiple of the identity.
        activation: Nonlinearity of the state.
    """

    def __init__(
        self,
        in_features: int,
        num_outputs: int,
        *,
        hidden_size: int,
        steps: int,
        scale: float,
        activation: RecurrentActivation,
    ) -> None:
        super().__init__()
        self.steps = steps
        cell = partial(VanillaRNN, activation=activation)
        self.recurrent = Recurrent(
            cell, in_features // steps, hidden_size, batch_first=True
        )
        with torch.no_grad():
            for name, parameter in self.recurrent.named_parameters():
                if name.endswith("weight_hh"):
                    parameter.copy_(scale * torch.eye(hidden_size))
        self.head = nn.Linear(hidden_size, num_outputs)

    def forward(self, x: Float[Tensor, "batch *sample"]) -> Float[Tensor, "batch outputs"]:
        parts = x.flatten(1).unflatten(1, (self.steps, -1))
        outputs, _ = self.recurrent(parts)
        return self.head(outputs[:, -1])


def rnn_on_pixels(
    *,
    input_shape: tuple[int, ...],
    num_outputs: int,
    hidden_size: int = 32,
    steps: int = 32,
    scale: float = 1.0,
    activation: RecurrentActivation = "relu",
) -> nn.Module:
    """Return a recurrent network without gates that reads an image a few pixels a step."""
    return _PixelRNN(
        math.prod(input_shape),
        num_outputs,
        hidden_size=hidden_size,
        steps=steps,
        scale=scale,
        activation=activation,
    )


def convnet(
    *,
    input_shape: tuple[int, int, int],
    num_outputs: int,
    channels: int = 16,
    activation: str = "ReLU",
) -> nn.Module:
    """Return a network of two convolutions and two linear layers.

    Args:
        input_shape: Channels, height and width of an image.
        num_outputs: Width of the answer.
        channels: Filters of the first convolution; the second has twice as many.
        activation: Name of a nonlinearity of torch.nn.
    """
    make: type[nn.Module] = getattr(nn, activation)
    in_channels, height, width = input_shape
    pixels = (height // 4) * (width // 4)
    return nn.Sequential(
        nn.Conv2d(in_channels, channels, 3, padding=1),
        make(),
        nn.MaxPool2d(2),
        nn.Conv2d(channels, 2 * channels, 3, padding=1),
        make(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(2 * channels * pixels, 4 * channels),
        make(),
        nn.Linear(4 * channels, num_outputs),
    )


def maxout_mlp(
    *,
    input_shape: tuple[int, ...],
    num_outputs: int,
    width: int = 32,
    num_pieces: int = 2,
) -> nn.Module:
    """Return a perceptron of two hidden layers of maxout units.

    Args:
        input_shape: Shape of an input.
        num_outputs: Width of the answer.
        width: Units of a hidden layer.
        num_pieces: Affine maps of a unit.
    """
    return nn.Sequential(
        nn.Flatten(),
        Maxout(math.prod(input_shape), width, num_pieces=num_pieces),
        Maxout(width, width, num_pieces=num_pieces),
        nn.Linear(width, num_outputs),
    )


def zeroed_mlp(
    *,
    input_shape: tuple[int, ...],
    num_outputs: int,
    hidden: Sequence[int] = (64, 64),
    activation: Activation = "relu",
    zero_layers: Sequence[int] = (),
) -> nn.Module:
    """Return a perceptron of which some linear layers start at zero.

    Args:
        input_shape: Shape of a sample.
        num_outputs: Width of the answer.
        hidden: Widths of the hidden layers.
        activation: Nonlinearity after each of them.
        zero_layers: Numbers of the layers that start at zero; the first is 0.
    """
    model = Mlp(
        math.prod(input_shape), num_outputs, hidden=tuple(hidden), activation=activation
    )
    linears = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    for number in zero_layers:
        nn.init.zeros_(linears[number].weight)
    return model


_UNITS = {"none": conv_relu, "batch": conv_norm_relu}


def inception(
    *,
    input_shape: tuple[int, ...],
    num_outputs: int,
    norm: Literal["none", "batch"] = "none",
    activation: Literal["relu", "sigmoid"] = "relu",
    num_blocks: int = 4,
) -> nn.Module:
    """Return a small network of Inception blocks, with or without batch norm."""
    unit = _UNITS[norm]
    blocks = [
        Inception(32, (8, 12, 6, 6), reduced=(12, 6), large_kernel=3, unit=unit)
        for _ in range(num_blocks)
    ]
    network = nn.Sequential(
        unit(input_shape[0], 32, 3),
        *blocks,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, num_outputs),
    )
    if activation == "sigmoid":
        _replace_relus(network)
    initialize_(network, gain=1.0 if activation == "sigmoid" else math.sqrt(2.0))
    return network


def _replace_relus(network: nn.Module) -> None:
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.ReLU):
                setattr(module, name, nn.Sigmoid())


def one_unit(*, input_shape: tuple[int, ...], num_outputs: int) -> nn.Module:
    """Return a linear unit without bias whose weights start at zero."""
    unit = nn.Linear(math.prod(input_shape), num_outputs, bias=False)
    nn.init.zeros_(unit.weight)
    return unit


def multiplied_mlp(
    *, input_shape: tuple[int, ...], num_outputs: int, factor: float = 1.0
) -> nn.Module:
    """Return a perceptron of 64 units whose first weights are multiplied by `factor`.

    Those of the last layer are a tenth of He's, so that it starts from guessing.
    """
    model = Mlp(math.prod(input_shape), num_outputs, hidden=(64,))
    with torch.no_grad():
        model.layers[-1].weight.mul_(0.1)  # pyright: ignore
        for parameter in model.parameters():
            parameter.mul_(factor)
    return model


def pooled_convnet(
    *,
    input_shape: tuple[int, int, int],
    num_outputs: int,
    channels: int = 16,
    fractional: bool = True,
) -> nn.Module:
    """Return a network whose convolutions are followed by poolings.

    Args:
        input_shape: Channels, height and width of an image.
        num_outputs: Width of the answer.
        channels: Filters of the first convolution; each other one has as many more.
        fractional: Whether there are three fractional poolings by the root of 2, or two
            poolings by 2.
    """
    layers: list[nn.Module] = []
    width = input_shape[0]
    for number in range(1, 4 if fractional else 3):
        layers += [nn.Conv2d(width, number * channels, 3, padding=1), nn.ReLU()]
        layers += [FractionalMaxPool() if fractional else nn.MaxPool2d(2)]
        width = number * channels
    tail = (nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * width, num_outputs))
    return nn.Sequential(*layers, *tail)


def pruned_mlp(
    *, input_shape: tuple[int, ...], num_outputs: int, hidden: Sequence[int], start: str
) -> nn.Module:
    """Return a perceptron with the weights and pruning masks of a file.

    Args:
        input_shape: Shape of a sample.
        num_outputs: Width of the answer.
        hidden: Widths of the hidden layers.
        start: File with the state of a network after `headway.nn.prune_`.
    """
    model = Mlp(math.prod(input_shape), num_outputs, hidden=tuple(hidden))
    prune_(model, 0.0)
    model.load_state_dict(torch.load(start, weights_only=True))
    return model
