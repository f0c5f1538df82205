"""Reversible residual networks for CIFAR, of Gomez et al. 2017."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

import torch
from jaxtyping import Float
from msgspec import Meta
from torch import Tensor, nn

from headway.errors import ModelError
from headway.models.check import image_shape
from headway.models.family import Family, ModelCard, cifar_sizes
from headway.models.options import defaults, read_options
from headway.models.stages import CifarNetwork, blocks_per_stage, finished, norm_relu, stem
from headway.nn import ReversibleBlock, ReversibleSequence, ShortcutA, initialize_

_CIFAR = (3, 32, 32)
# Convolutions of the n-th blocks of the three stages: two branches of two in each.
_LAYERS = 12
Even = Annotated[int, Meta(ge=2, multiple_of=2)]


class Transition(nn.Module):
    """A reversible block that changes the shape, so that its input is lost and is kept.

    y1 = s(x1) + F(x2), y2 = s(x2) + G(y1), with `ShortcutA` as s.

    Args:
        in_channels: Channels of the input, half of them for each way.
        out_channels: Channels of the output.
        stride: Stride of F and of the shortcuts.

    Reference:
        Gomez et al., "The Reversible Residual Network: Backpropagation Without Storing
        Activations", 2017, section 3.1. arXiv:1707.04585.
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: int) -> None:
        super().__init__()
        before, after = in_channels // 2, out_channels // 2
        self.f = _branch(before, after, stride=stride)
        self.g = _branch(after, after)
        self.shortcut = ShortcutA(before, after, stride=stride)

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return y1 and y2, one after the other along the channels."""
        x1, x2 = x.chunk(2, dim=1)
        y1 = self.shortcut(x1) + self.f(x2)
        return torch.cat((y1, self.shortcut(x2) + self.g(y1)), dim=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class RevNetOptions:
    """Options of `revnet-N`.

    Attributes:
        widths: Channels of the stages, half of them for each way; even numbers that do not
            fall. The paper's revnet-38 has (32, 64, 112).
        drop_prob: Probability that dropout sets a pooled feature to zero.
        zero_init_residual: Whether the last convolution of each reversible branch starts at
            zero, so that the network starts as if it had none; for hundreds of layers.
    """

    widths: tuple[Even, Even, Even] = (32, 64, 128)
    drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0
    zero_init_residual: bool = False


def revnet38(
    num_outputs: int = 10, *, input_shape: tuple[int, int, int] = _CIFAR
) -> CifarNetwork:
    """Return the paper's network of 38 layers, 112 channels wide: 0.46 million parameters."""
    return _revnet(3, (32, 32, 64, 112), num_outputs, input_shape)


def revnet110(
    num_outputs: int = 10, *, input_shape: tuple[int, int, int] = _CIFAR
) -> CifarNetwork:
    """Return the network of 110 layers: 1.73 million parameters."""
    return _revnet(9, (32, 32, 64, 128), num_outputs, input_shape)


def _revnet(
    num_blocks: int,
    widths: Sequence[int],
    num_outputs: int,
    input_shape: tuple[int, int, int],
    *,
    drop_prob: float = 0.0,
) -> CifarNetwork:
    network = CifarNetwork(
        stem(input_shape, widths[0]),
        tuple(_stages(widths, num_blocks)),
        nn.Linear(widths[-1], num_outputs),
        tail=nn.Sequential(*norm_relu(widths[-1])),
        drop_prob=drop_prob,
    )
    initialize_(network, gain=math.sqrt(2.0))
    return network


def _stages(widths: Sequence[int], num_blocks: int) -> Iterator[nn.Module]:
    """Yield the stages; all but the first begin with the block that changes the shape."""
    for index, (before, width) in enumerate(pairwise(widths)):
        half = width // 2
        count = num_blocks - 1 if index else num_blocks
        blocks = (
            ReversibleBlock(_branch(half, half), _branch(half, half)) for _ in range(count)
        )
        sequence = ReversibleSequence(*blocks)
        if index:
            yield nn.Sequential(Transition(before, width, stride=2), sequence)
        else:
            yield sequence


def _branch(in_channels: int, out_channels: int, *, stride: int = 1) -> nn.Sequential:
    """Return norm, ReLU and 3x3 convolution, twice."""
    layers: list[nn.Module] = []
    for width, step in ((in_channels, stride), (out_channels, 1)):
        convolution = nn.Conv2d(width, out_channels, 3, stride=step, padding=1, bias=False)
        layers += [*norm_relu(width), convolution]
    return nn.Sequential(*layers)


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, RevNetOptions, options)
    widths = settings.widths
    if list(widths) != sorted(widths):
        raise ModelError(
            f"option 'widths' of model {name!r}: expected numbers that do not fall, because "
            f"its shortcuts can only add channels, got {list(widths)}"
        )
    depth = int(name.removeprefix("revnet-"))
    network = _revnet(
        blocks_per_stage(name, depth, layers=_LAYERS),
        (widths[0], *widths),
        num_outputs,
        image_shape(name, input_shape),
        drop_prob=settings.drop_prob,
    )
    return finished(network, zero_init_residual=settings.zero_init_residual)


FAMILY = Family(
    card=ModelCard(
        name="revnet-110",
        family="revnet-N",
        description=(
            "Reversible residual network of N = 12n + 2 layers (14, 26, 38, ... 1202) for "
            "images of any size: computes activations back instead of keeping them."
        ),
        reference=(
            'Gomez et al., "The Reversible Residual Network: Backpropagation Without Storing '
            'Activations", 2017. arXiv:1707.04585.'
        ),
        options=defaults(RevNetOptions),
        sizes=cifar_sizes(
            {
                "revnet-110": (1_729_162, 253_330_688),
                "revnet-1202": (19_422_474, 2_829_681_920),
            }
        ),
    ),
    pattern=re.compile(r"revnet-\d+"),
    build=_build,
)
