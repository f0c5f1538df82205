"""The CIFAR family of He et al.: three stages of two-layer blocks, plain or residual."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

from jaxtyping import Float
from msgspec import Meta
from torch import Tensor, nn

from headway.errors import ModelError
from headway.models.check import image_shape
from headway.models.family import Family, ModelCard
from headway.models.options import defaults, read_options
from headway.nn import BasicBlock, PlainBlock, ShortcutA, ShortcutB, ShortcutC, initialize_

_REFERENCE = (
    'He et al., "Deep Residual Learning for Image Recognition", 2015, section 4.2. '
    "arXiv:1512.03385."
)
_MIN_DEPTH, _MAX_DEPTH = 8, 1202
# Sides up to this keep the paper's 3x3 stem for CIFAR, longer ones get its ImageNet stem.
_LONGEST_SMALL_SIDE = 64
_SHORTCUTS = {"A": ShortcutA, "B": ShortcutB, "C": ShortcutC}


class CifarNetwork(nn.Module):
    """A stem, three stages of equal blocks, global average pooling and a linear layer.

    The stages have `width`, 2 * `width` and 4 * `width` channels; the second and third
    halve the sides. The stem is one 3x3 convolution where no side exceeds 64; for larger
    images it is ImageNet's, which divides the sides by 4. All weights start as He's.

    Args:
        input_shape: Channels, height and width of one image.
        num_outputs: Width of the output.
        blocks_per_stage: Blocks in each of the three stages.
        block: Module class or function that takes (in_channels, out_channels, stride=...).
        width: Channels of the first stage.
        drop_prob: Probability that dropout sets a pooled feature to zero. Not in the paper.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, section 4.2.
        arXiv:1512.03385.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        num_outputs: int,
        *,
        blocks_per_stage: int,
        block: Callable[..., nn.Module],
        width: int = 16,
        drop_prob: float = 0.0,
    ) -> None:
        super().__init__()
        stage = partial(_stage, num_blocks=blocks_per_stage, block=block)
        self.stem = _stem(input_shape, width)
        self.stage1 = stage(width, width, stride=1)
        self.stage2 = stage(width, 2 * width, stride=2)
        self.stage3 = stage(2 * width, 4 * width, stride=2)
        self.dropout = nn.Dropout(drop_prob)
        self.classifier = nn.Linear(4 * width, num_outputs)
        initialize_(self)

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch outputs"]:
        """Return one row of outputs per image."""
        x = self.stage3(self.stage2(self.stage1(self.stem(images))))
        return self.classifier(self.dropout(x.mean(dim=(2, 3))))


def _stem(input_shape: tuple[int, int, int], width: int) -> nn.Sequential:
    channels, *sides = input_shape
    tail = (nn.BatchNorm2d(width), nn.ReLU(inplace=True))
    if max(sides) <= _LONGEST_SMALL_SIDE:
        return nn.Sequential(nn.Conv2d(channels, width, 3, padding=1, bias=False), *tail)
    convolution = nn.Conv2d(channels, width, 7, stride=2, padding=3, bias=False)
    return nn.Sequential(convolution, *tail, nn.MaxPool2d(3, stride=2, padding=1))


def _stage(
    in_channels: int,
    out_channels: int,
    *,
    stride: int,
    num_blocks: int,
    block: Callable[..., nn.Module],
) -> nn.Sequential:
    first = block(in_channels, out_channels, stride=stride)
    rest = (block(out_channels, out_channels) for _ in range(num_blocks - 1))
    return nn.Sequential(first, *rest)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainOptions:
    """Options of `plain-N`; see `CifarNetwork`."""

    width: Annotated[int, Meta(ge=1)] = 16
    drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ResNetOptions(PlainOptions):
    """Options of `resnet-N`; see `CifarNetwork` and the shortcuts of `headway.nn`."""

    shortcut: Literal["A", "B", "C"] = "A"


def _build_plain(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, PlainOptions, options)
    return CifarNetwork(
        image_shape(name, input_shape),
        num_outputs,
        blocks_per_stage=_blocks_per_stage(name),
        block=PlainBlock,
        width=settings.width,
        drop_prob=settings.drop_prob,
    )


def _build_resnet(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, ResNetOptions, options)
    return CifarNetwork(
        image_shape(name, input_shape),
        num_outputs,
        blocks_per_stage=_blocks_per_stage(name),
        block=partial(BasicBlock, shortcut=_SHORTCUTS[settings.shortcut]),
        width=settings.width,
        drop_prob=settings.drop_prob,
    )


def _blocks_per_stage(name: str) -> int:
    kind, _, digits = name.partition("-")
    depth = int(digits)
    blocks = (min(max(depth, _MIN_DEPTH), _MAX_DEPTH) - 2) // 6
    if depth != 6 * blocks + 2:
        near = sorted({6 * blocks + 2, min(6 * blocks + 8, _MAX_DEPTH)})
        raise ModelError(
            f"model {name!r} does not exist: the depth must be 6n + 2 between {_MIN_DEPTH} "
            f"and {_MAX_DEPTH}. Nearest: {' or '.join(f'{kind}-{d}' for d in near)}"
        )
    return blocks


FAMILIES = (
    Family(
        card=ModelCard(
            name="plain-20",
            family="plain-N",
            description="resnet-N without its shortcuts, for comparison; N = 6n + 2.",
            reference=_REFERENCE,
            options=defaults(PlainOptions),
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
                "images of any size. ImageNet's ResNet-50 is torchvision:resnet50."
            ),
            reference=_REFERENCE,
            options=defaults(ResNetOptions),
        ),
        pattern=re.compile(r"resnet-\d+"),
        build=_build_resnet,
    ),
)
