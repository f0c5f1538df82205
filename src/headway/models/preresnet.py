"""Pre-activation residual networks for CIFAR, of He et al. 2016."""

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
    PreActivationBlock,
    PreActivationBottleneck,
    ShortcutA,
    ShortcutProjection,
    initialize_,
)

BlockName = Literal["auto", "basic", "bottleneck"]

_CIFAR = (3, 32, 32)
# The paper's networks from this depth on are made of bottlenecks.
_FIRST_BOTTLENECK_DEPTH = 164
# A bottleneck returns four times the channels that its 3x3 convolution works on.
_EXPANSION = 4
_SHORTCUTS: Mapping[str, Block] = {"A": ShortcutA, "B": ShortcutProjection}


@dataclass(frozen=True, kw_only=True, slots=True)
class PreResNetOptions:
    """Options of `preresnet-N`.

    Attributes:
        width: Channels of the 3x3 convolutions of the first stage; the others have 2 and 4
            times as many.
        block: "basic" has two 3x3 convolutions, N = 6n + 2; "bottleneck" 1x1, 3x3 and 1x1,
            N = 9n + 2; "auto" takes bottlenecks from N = 164 on, where they fit.
        shortcut: Where the shape changes: "A" pads with zeros, "B" projects; "auto" takes A for
            basic blocks and B for bottlenecks.
        drop_prob: Probability that dropout sets a pooled feature to zero.
        final_survival: Probability that stochastic depth keeps the last block; 1 is without.
    """

    width: Annotated[int, Meta(ge=1)] = 16
    block: BlockName = "auto"
    shortcut: Literal["auto", "A", "B"] = "auto"
    drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0
    final_survival: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0


def preresnet110(
    num_outputs: int = 10, *, input_shape: tuple[int, int, int] = _CIFAR
) -> CifarNetwork:
    """Return the pre-activation network of 110 layers: 1.73 million parameters."""
    return _preresnet(110, num_outputs, input_shape, PreResNetOptions())


def preresnet164(
    num_outputs: int = 10, *, input_shape: tuple[int, int, int] = _CIFAR
) -> CifarNetwork:
    """Return the pre-activation network of 164 layers: 1.70 million parameters."""
    return _preresnet(164, num_outputs, input_shape, PreResNetOptions())


def preresnet1001(
    num_outputs: int = 10, *, input_shape: tuple[int, int, int] = _CIFAR
) -> CifarNetwork:
    """Return the pre-activation network of 1001 layers: 10.3 million parameters."""
    return _preresnet(1001, num_outputs, input_shape, PreResNetOptions())


def _preresnet(
    depth: int,
    num_outputs: int,
    input_shape: tuple[int, int, int],
    options: PreResNetOptions,
) -> CifarNetwork:
    is_deep = _has_bottlenecks(depth, options.block)
    num_blocks = blocks_per_stage(f"preresnet-{depth}", depth, layers=9 if is_deep else 6)
    option = options.shortcut if options.shortcut != "auto" else "B" if is_deep else "A"
    kind = PreActivationBottleneck if is_deep else PreActivationBlock
    block = partial(kind, shortcut=_SHORTCUTS[option])
    width = options.width
    widths = [factor * width * (_EXPANSION if is_deep else 1) for factor in (1, 2, 4)]
    network = CifarNetwork(
        stem(input_shape, width),
        tuple(stages((width, *widths), num_blocks=num_blocks, block=block)),
        nn.Linear(widths[-1], num_outputs),
        tail=nn.Sequential(*norm_relu(widths[-1])),
        drop_prob=options.drop_prob,
    )
    initialize_(network, gain=math.sqrt(2.0))
    return finished(network, final_survival=options.final_survival)


def _has_bottlenecks(depth: int, block: BlockName) -> bool:
    if block == "auto":
        return depth >= _FIRST_BOTTLENECK_DEPTH and (depth - 2) % 9 == 0
    return block == "bottleneck"


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, PreResNetOptions, options)
    shape = image_shape(name, input_shape)
    depth = int(name.removeprefix("preresnet-"))
    return _preresnet(depth, num_outputs, shape, settings)


FAMILY = Family(
    card=ModelCard(
        name="preresnet-110",
        family="preresnet-N",
        description=(
            "Pre-activation residual network for images of any size: N = 6n + 2 layers of "
            "basic blocks, from 164 on N = 9n + 2 of bottlenecks (110, 164, 1001)."
        ),
        reference=(
            'He et al., "Identity Mappings in Deep Residual Networks", 2016. arXiv:1603.05027.'
        ),
        options=defaults(PreResNetOptions),
        sizes=cifar_sizes(
            {
                "preresnet-110": (1_727_962, 252_887_680),
                "preresnet-164": (1_703_258, 244_500_992),
                "preresnet-1001": (10_327_706, 1_487_849_984),
            }
        ),
    ),
    pattern=re.compile(r"preresnet-\d+"),
    build=_build,
)
