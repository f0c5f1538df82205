"""Wide residual networks for CIFAR, of Zagoruyko and Komodakis 2016."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from msgspec import Meta
from torch import nn

from headway.models.check import image_shape
from headway.models.family import Family, ModelCard, cifar_sizes
from headway.models.options import defaults, read_options
from headway.models.stages import CifarNetwork, blocks_per_stage, norm_relu, stages, stem
from headway.nn import PreActivationBlock, ShortcutProjection, initialize_

_CIFAR = (3, 32, 32)
_STEM_WIDTH = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class WideResNetOptions:
    """Options of `wide-resnet-N-K`.

    Attributes:
        drop_prob: Probability that dropout inside of each block sets an activation to zero;
            0.3 in the paper where it is used.
    """

    drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0


def wide_resnet16_8(
    num_outputs: int = 10,
    *,
    input_shape: tuple[int, int, int] = _CIFAR,
    drop_prob: float = 0.0,
) -> CifarNetwork:
    """Return the network of 16 layers and 8 times the width: 11.0 million parameters."""
    return _wide_resnet(16, 8, num_outputs, input_shape, drop_prob=drop_prob)


def wide_resnet28_10(
    num_outputs: int = 10,
    *,
    input_shape: tuple[int, int, int] = _CIFAR,
    drop_prob: float = 0.0,
) -> CifarNetwork:
    """Return the network of 28 layers and 10 times the width: 36.5 million parameters."""
    return _wide_resnet(28, 10, num_outputs, input_shape, drop_prob=drop_prob)


def wide_resnet40_4(
    num_outputs: int = 10,
    *,
    input_shape: tuple[int, int, int] = _CIFAR,
    drop_prob: float = 0.0,
) -> CifarNetwork:
    """Return the network of 40 layers and 4 times the width: 8.9 million parameters."""
    return _wide_resnet(40, 4, num_outputs, input_shape, drop_prob=drop_prob)


def _wide_resnet(
    depth: int,
    factor: int,
    num_outputs: int,
    input_shape: tuple[int, int, int],
    *,
    drop_prob: float,
) -> CifarNetwork:
    # The four layers outside of the blocks are the stem and the three projections.
    num_blocks = blocks_per_stage(f"wide-resnet-{depth}", depth, layers=6, others=4)
    block = partial(PreActivationBlock, shortcut=ShortcutProjection, drop_prob=drop_prob)
    width = _STEM_WIDTH * factor
    widths = (_STEM_WIDTH, width, 2 * width, 4 * width)
    network = CifarNetwork(
        stem(input_shape, _STEM_WIDTH),
        tuple(stages(widths, num_blocks=num_blocks, block=block)),
        nn.Linear(4 * width, num_outputs),
        tail=nn.Sequential(*norm_relu(4 * width)),
    )
    initialize_(network, gain=math.sqrt(2.0))
    return network


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, WideResNetOptions, options)
    depth, factor = (int(number) for number in name.removeprefix("wide-resnet-").split("-"))
    shape = image_shape(name, input_shape)
    return _wide_resnet(depth, factor, num_outputs, shape, drop_prob=settings.drop_prob)


FAMILY = Family(
    card=ModelCard(
        name="wide-resnet-16-4",
        family="wide-resnet-N-K",
        description=(
            "Pre-activation residual network of N = 6n + 4 layers, K times as wide, for images "
            "of any size (28-10, 16-8, 40-4)."
        ),
        reference=(
            'Zagoruyko and Komodakis, "Wide Residual Networks", 2016. arXiv:1605.07146.'
        ),
        options=defaults(WideResNetOptions),
        sizes=cifar_sizes(
            {
                "wide-resnet-40-1": (563_930, 83_280_512),
                "wide-resnet-40-2": (2_243_546, 327_599_360),
                "wide-resnet-40-4": (8_949_210, 1_298_582_016),
                "wide-resnet-16-8": (10_961_370, 1_548_145_664),
                "wide-resnet-22-8": (17_158_106, 2_454_115_328),
                "wide-resnet-28-10": (36_479_194, 5_243_328_768),
            }
        ),
    ),
    pattern=re.compile(r"wide-resnet-\d+-[1-9]\d*"),
    build=_build,
)
