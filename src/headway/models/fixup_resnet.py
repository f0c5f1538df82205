"""Residual networks for CIFAR without normalisation, of Zhang et al. 2019."""

import math
import re
from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from headway.models.check import image_shape
from headway.models.cifar import PlainOptions
from headway.models.family import Family, ModelCard, cifar_sizes
from headway.models.options import defaults, read_options
from headway.models.stages import CifarNetwork, blocks_per_stage, stages, stem
from headway.nn import FixupBlock, initialize_, initialize_fixup_

_CIFAR = (3, 32, 32)


class ScalarBias(nn.Module):
    """Add one learned number, which starts at zero, to every element."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return x + bias."""
        return x + self.bias


def fixup_resnet110(
    num_outputs: int = 10, *, input_shape: tuple[int, int, int] = _CIFAR
) -> CifarNetwork:
    """Return the network of 110 layers: 1.72 million parameters."""
    return _fixup_resnet(110, num_outputs, input_shape, PlainOptions())


def _fixup_resnet(
    depth: int, num_outputs: int, input_shape: tuple[int, int, int], options: PlainOptions
) -> CifarNetwork:
    num_blocks = blocks_per_stage(f"fixup-resnet-{depth}", depth, layers=6)
    width = options.width
    widths = (width, width, 2 * width, 4 * width)
    network = CifarNetwork(
        stem(input_shape, width, ScalarBias(), nn.ReLU(inplace=True)),
        tuple(stages(widths, num_blocks=num_blocks, block=FixupBlock)),
        nn.Sequential(ScalarBias(), nn.Linear(4 * width, num_outputs)),
        drop_prob=options.drop_prob,
    )
    initialize_(network, gain=math.sqrt(2.0))
    initialize_fixup_(network)
    return network


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, PlainOptions, options)
    shape = image_shape(name, input_shape)
    depth = int(name.removeprefix("fixup-resnet-"))
    return _fixup_resnet(depth, num_outputs, shape, settings)


FAMILY = Family(
    card=ModelCard(
        name="fixup-resnet-20",
        family="fixup-resnet-N",
        description="resnet-N without batch norm, started by Fixup; N = 6n + 2.",
        reference=(
            'Zhang et al., "Fixup Initialization: Residual Learning Without Normalization", '
            "2019. arXiv:1901.09321."
        ),
        options=defaults(PlainOptions),
        sizes=cifar_sizes(
            {
                "fixup-resnet-20": (268_393, 40_551_040),
                "fixup-resnet-110": (1_720_138, 252_887_680),
            }
        ),
    ),
    pattern=re.compile(r"fixup-resnet-\d+"),
    build=_build,
)
