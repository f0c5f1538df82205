"""The CIFAR family of He et al.: three stages of two-layer blocks, plain or residual."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

from msgspec import Meta
from torch import nn

from headway.models.check import image_shape
from headway.models.family import Family, ModelCard, cifar_sizes
from headway.models.options import defaults, read_options
from headway.models.stages import (
    Block,
    CifarNetwork,
    blocks_per_stage,
    finished,
    norm_relu,
    stages,
    stem,
)
from headway.nn import (
    BasicBlock,
    PlainBlock,
    ShortcutA,
    ShortcutB,
    ShortcutC,
    initialize_,
)

_REFERENCE = (
    'He et al., "Deep Residual Learning for Image Recognition", 2015, section 4.2. '
    "arXiv:1512.03385."
)
_CIFAR = (3, 32, 32)
_SHORTCUTS: Mapping[str, Block] = {"A": ShortcutA, "B": ShortcutB, "C": ShortcutC}


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainOptions:
    """Options of `plain-N`.

    Attributes:
        width: Channels of the first stage; the others have 2 and 4 times as many.
        drop_prob: Probability that dropout sets a pooled feature to zero.
    """

    width: Annotated[int, Meta(ge=1)] = 16
    drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ResNetOptions(PlainOptions):
    """Options of `resnet-N`.

    Attributes:
        shortcut: Option A, B or C of the paper; see the shortcuts of `headway.nn`.
        final_survival: Probability that stochastic depth keeps the last block; 1 is without.
        zero_init_residual: Whether the last scale of each block starts at zero, so that the
            network starts as if it had no blocks; for hundreds of layers.
    """

    shortcut: Literal["A", "B", "C"] = "A"
    final_survival: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0
    zero_init_residual: bool = False


def plain20(
    num_outputs: int = 10, *, input_shape: tuple[int, int, int] = _CIFAR
) -> CifarNetwork:
    """Return the plain network of 20 layers: 0.27 million parameters."""
    return _plain(20, num_outputs, input_shape, PlainOptions())


def plain32(
    num_outputs: int = 10, *, input_shape: tuple[int, int, int] = _CIFAR
) -> CifarNetwork:
    """Return the plain network of 32 layers: 0.46 million parameters."""
    return _plain(32, num_outputs, input_shape, PlainOptions())


def plain44(
    num_outputs: int = 10, *, input_shape: tuple[int, int, int] = _CIFAR
) -> CifarNetwork:
    """Return the plain network of 44 layers: 0.66 million parameters."""
    return _plain(44, num_outputs, input_shape, PlainOptions())


def plain56(
    num_outputs: int = 10, *, input_shape: tuple[int, int, int] = _CIFAR
) -> CifarNetwork:
    """Return the plain network of 56 layers: 0.85 million parameters."""
    return _plain(56, num_outputs, input_shape, PlainOptions())


def resnet20(
    num_outputs: int = 10, *, input_shape: tuple[int, int, int] = _CIFAR
) -> CifarNetwork:
    """Return the residual network of 20 layers: 0.27 million parameters."""
    return _resnet(20, num_outputs, input_shape, ResNetOptions())


def resnet32(
    num_outputs: int = 10, *, input_shape: tuple[int, int, int] = _CIFAR
) -> CifarNetwork:
    """Return the residual network of 32 layers: 0.46 million parameters."""
    return _resnet(32, num_outputs, input_shape, ResNetOptions())


def resnet44(
    num_outputs: int = 10, *, input_shape: tuple[int, int, int] = _CIFAR
) -> CifarNetwork:
    """Return the residual network of 44 layers: 0.66 million parameters."""
    return _resnet(44, num_outputs, input_shape, ResNetOptions())


def resnet56(
    num_outputs: int = 10, *, input_shape: tuple[int, int, int] = _CIFAR
) -> CifarNetwork:
    """Return the residual network of 56 layers: 0.85 million parameters."""
    return _resnet(56, num_outputs, input_shape, ResNetOptions())


def resnet110(
    num_outputs: int = 10, *, input_shape: tuple[int, int, int] = _CIFAR
) -> CifarNetwork:
    """Return the residual network of 110 layers: 1.73 million parameters."""
    return _resnet(110, num_outputs, input_shape, ResNetOptions())


def resnet1202(
    num_outputs: int = 10, *, input_shape: tuple[int, int, int] = _CIFAR
) -> CifarNetwork:
    """Return the residual network of 1202 layers: 19.4 million parameters."""
    return _resnet(1202, num_outputs, input_shape, ResNetOptions())


def _plain(
    depth: int, num_outputs: int, input_shape: tuple[int, int, int], options: PlainOptions
) -> CifarNetwork:
    blocks = blocks_per_stage(f"plain-{depth}", depth, layers=6)
    return _network(blocks, PlainBlock, num_outputs, input_shape, options)


def _resnet(
    depth: int, num_outputs: int, input_shape: tuple[int, int, int], options: ResNetOptions
) -> CifarNetwork:
    blocks = blocks_per_stage(f"resnet-{depth}", depth, layers=6)
    block = partial(BasicBlock, shortcut=_SHORTCUTS[options.shortcut])
    return finished(
        _network(blocks, block, num_outputs, input_shape, options),
        final_survival=options.final_survival,
        zero_init_residual=options.zero_init_residual,
    )


def _network(
    num_blocks: int,
    block: Block,
    num_outputs: int,
    input_shape: tuple[int, int, int],
    options: PlainOptions,
) -> CifarNetwork:
    width = options.width
    widths = (width, width, 2 * width, 4 * width)
    network = CifarNetwork(
        stem(input_shape, width, *norm_relu(width)),
        tuple(stages(widths, num_blocks=num_blocks, block=block)),
        nn.Linear(4 * width, num_outputs),
        drop_prob=options.drop_prob,
    )
    initialize_(network, gain=math.sqrt(2.0))
    return network


def _build_plain(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, PlainOptions, options)
    shape = image_shape(name, input_shape)
    depth = int(name.removeprefix("plain-"))
    return _plain(depth, num_outputs, shape, settings)


def _build_resnet(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, ResNetOptions, options)
    shape = image_shape(name, input_shape)
    depth = int(name.removeprefix("resnet-"))
    return _resnet(depth, num_outputs, shape, settings)


FAMILIES = (
    Family(
        card=ModelCard(
            name="plain-20",
            family="plain-N",
            description="resnet-N without its shortcuts, for comparison; N = 6n + 2.",
            reference=_REFERENCE,
            options=defaults(PlainOptions),
            sizes=cifar_sizes(
                {
                    "plain-20": (269_722, 40_551_040),
                    "plain-32": (464_154, 68_862_592),
                    "plain-44": (658_586, 97_174_144),
                    "plain-56": (853_018, 125_485_696),
                }
            ),
        ),
        pattern=re.compile(r"plain-\d+"),
        build=_build_plain,
    ),
    Family(
        card=ModelCard(
            name="resnet-20",
            family="resnet-N",
            description=(
                "CIFAR residual network of N = 6n + 2 layers (8, 14, 20, ... 1202) for "
                "images of any size. ImageNet's are imagenet-resnet-N."
            ),
            reference=_REFERENCE,
            options=defaults(ResNetOptions),
            sizes=cifar_sizes(
                {
                    "resnet-20": (269_722, 40_551_040),
                    "resnet-32": (464_154, 68_862_592),
                    "resnet-44": (658_586, 97_174_144),
                    "resnet-56": (853_018, 125_485_696),
                    "resnet-110": (1_727_962, 252_887_680),
                    "resnet-1202": (19_421_274, 2_829_238_912),
                }
            ),
        ),
        pattern=re.compile(r"resnet-\d+"),
        build=_build_resnet,
    ),
)
