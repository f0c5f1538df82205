"""The ImageNet family of He et al.: four stages of blocks, plain, residual or bottleneck."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

from jaxtyping import Float
from torch import Tensor, nn

from headway.errors import ModelError
from headway.models.check import image_shape
from headway.models.family import Family, ModelCard, imagenet_sizes
from headway.models.options import PretrainedOptions, defaults, read_options
from headway.models.torchvision_weights import load_pretrained_
from headway.nn import (
    BasicBlock,
    Bottleneck,
    PlainBlock,
    ShortcutA,
    ShortcutB,
    ShortcutC,
    initialize_,
)

Option = Literal["A", "B", "C"]
StrideOn = Literal["3x3", "1x1"]

_REFERENCE = (
    'He et al., "Deep Residual Learning for Image Recognition", 2015, table 1. '
    "arXiv:1512.03385."
)
_STEM_CHANNELS = 64
_SHORTCUTS: Mapping[Option, type[nn.Module]] = {
    "A": ShortcutA,
    "B": ShortcutB,
    "C": ShortcutC,
}
# Blocks in each of the four stages.
_BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
_TWO_LAYER_WIDTHS = (64, 128, 256, 512)
_BOTTLENECK_WIDTHS = (256, 512, 1024, 2048)
_LAST_TWO_LAYER_DEPTH = 34


class ImageNetNetwork(nn.Module):
    """A 7x7 convolution, max pooling, four stages of equal blocks, pooling, a linear layer.

    The second to fourth stages halve the sides. All weights start as He's.

    Args:
        num_outputs: Width of the output.
        blocks_per_stage: Blocks in each of the four stages.
        widths: Channels that each stage returns.
        block: Module class or function that takes (in_channels, out_channels, stride=...).
        in_channels: Channels of the images.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, table 1.
        arXiv:1512.03385.
    """

    torchvision_names: ClassVar[tuple[tuple[str, str], ...]] = (
        (r"^conv1\.", "stem.0."),
        (r"^bn1\.", "stem.1."),
        (r"^layer", "stage"),
        (r"\.bn(\d)\.", r".norm\1."),
        (r"\.downsample\.", ".shortcut.projection."),
        (r"^fc\.", "classifier."),
    )
    output_layers: ClassVar[tuple[str, ...]] = ("classifier",)
    own_buffers: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        num_outputs: int = 1000,
        *,
        blocks_per_stage: tuple[int, int, int, int],
        widths: tuple[int, int, int, int],
        block: Callable[..., nn.Module],
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, _STEM_CHANNELS, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(_STEM_CHANNELS),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        counts, block_of = blocks_per_stage, block
        self.stage1 = _stage(counts[0], block_of, (_STEM_CHANNELS, widths[0]), stride=1)
        self.stage2 = _stage(counts[1], block_of, widths[0:2], stride=2)
        self.stage3 = _stage(counts[2], block_of, widths[1:3], stride=2)
        self.stage4 = _stage(counts[3], block_of, widths[2:4], stride=2)
        self.classifier = nn.Linear(widths[3], num_outputs)
        initialize_(self)

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch outputs"]:
        """Return one row of outputs per image."""
        x = self.stage2(self.stage1(self.stem(images)))
        return self.classifier(self.stage4(self.stage3(x)).mean(dim=(2, 3)))


def _stage(
    count: int, block: Callable[..., nn.Module], widths: tuple[int, ...], *, stride: int
) -> nn.Sequential:
    first = block(widths[0], widths[1], stride=stride)
    rest = (block(widths[1], widths[1], stride=1) for _ in range(count - 1))
    return nn.Sequential(first, *rest)


def imagenet_plain18(num_outputs: int = 1000, *, in_channels: int = 3) -> ImageNetNetwork:
    """Return the plain network of 18 layers."""
    return _plain(18, num_outputs, in_channels)


def imagenet_plain34(num_outputs: int = 1000, *, in_channels: int = 3) -> ImageNetNetwork:
    """Return the plain network of 34 layers: 3.64 G multiply-adds at 224x224 pixels."""
    return _plain(34, num_outputs, in_channels)


def imagenet_resnet18(
    num_outputs: int = 1000, *, in_channels: int = 3, shortcut: Option = "B"
) -> ImageNetNetwork:
    """Return the residual network of 18 layers: 11.69 M parameters with shortcut B."""
    return _resnet(18, num_outputs, in_channels=in_channels, shortcut=shortcut)


def imagenet_resnet34(
    num_outputs: int = 1000, *, in_channels: int = 3, shortcut: Option = "B"
) -> ImageNetNetwork:
    """Return the residual network of 34 layers, which some call "ResNet32".

    Parameters with shortcuts A, B and C: 21.62, 21.80 and 22.72 million. The CIFAR network
    of 32 layers is `resnet-32`.
    """
    return _resnet(34, num_outputs, in_channels=in_channels, shortcut=shortcut)


def imagenet_resnet50(
    num_outputs: int = 1000,
    *,
    in_channels: int = 3,
    shortcut: Option = "B",
    stride_on: StrideOn = "3x3",
) -> ImageNetNetwork:
    """Return the bottleneck network of 50 layers: 25.56 M parameters with shortcut B.

    The paper's 3.8 G multiply-adds are those of `stride_on="1x1"` (3.86 G); torchvision's
    place of the stride, which is the default, makes them 4.09 G.
    """
    return _resnet(
        50, num_outputs, in_channels=in_channels, shortcut=shortcut, stride_on=stride_on
    )


def imagenet_resnet101(
    num_outputs: int = 1000,
    *,
    in_channels: int = 3,
    shortcut: Option = "B",
    stride_on: StrideOn = "3x3",
) -> ImageNetNetwork:
    """Return the bottleneck network of 101 layers: 44.55 M parameters with shortcut B."""
    return _resnet(
        101, num_outputs, in_channels=in_channels, shortcut=shortcut, stride_on=stride_on
    )


def imagenet_resnet152(
    num_outputs: int = 1000,
    *,
    in_channels: int = 3,
    shortcut: Option = "B",
    stride_on: StrideOn = "3x3",
) -> ImageNetNetwork:
    """Return the bottleneck network of 152 layers: 60.19 M parameters with shortcut B.

    Fewer than VGG-16. Projections in every block (shortcut C) would cost 1.84 times the
    multiply-adds: 20.74 instead of 11.28 G with the stride where the paper has it.
    """
    return _resnet(
        152, num_outputs, in_channels=in_channels, shortcut=shortcut, stride_on=stride_on
    )


def _plain(depth: int, num_outputs: int, in_channels: int) -> ImageNetNetwork:
    return ImageNetNetwork(
        num_outputs,
        blocks_per_stage=_BLOCKS[depth],
        widths=_TWO_LAYER_WIDTHS,
        block=PlainBlock,
        in_channels=in_channels,
    )


def _resnet(
    depth: int,
    num_outputs: int,
    *,
    in_channels: int,
    shortcut: Option,
    stride_on: StrideOn = "3x3",
) -> ImageNetNetwork:
    is_deep = depth > _LAST_TWO_LAYER_DEPTH
    block = partial(Bottleneck, stride_on=stride_on) if is_deep else BasicBlock
    return ImageNetNetwork(
        num_outputs,
        blocks_per_stage=_BLOCKS[depth],
        widths=_BOTTLENECK_WIDTHS if is_deep else _TWO_LAYER_WIDTHS,
        block=partial(block, shortcut=_SHORTCUTS[shortcut]),
        in_channels=in_channels,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainOptions:
    """`imagenet-plain-N` has no options."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResNetOptions(PretrainedOptions):
    """Options of `imagenet-resnet-N`; see `Bottleneck` and the shortcuts of `headway.nn`."""

    shortcut: Option = "B"
    stride_on: StrideOn = "3x3"


def _build_plain(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    read_options(name, PlainOptions, options)
    channels, _, _ = image_shape(name, input_shape)
    return _plain(int(name.rpartition("-")[2]), num_outputs, channels)


def _build_resnet(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, ResNetOptions, options)
    channels, _, _ = image_shape(name, input_shape)
    depth = int(name.rpartition("-")[2])
    model = _resnet(
        depth,
        num_outputs,
        in_channels=channels,
        shortcut=settings.shortcut,
        stride_on=settings.stride_on,
    )
    if not settings.pretrained:
        return model
    _refuse_other_shape(name, settings)
    return load_pretrained_(model, name, f"resnet{depth}")


def _refuse_other_shape(name: str, settings: ResNetOptions) -> None:
    if settings.shortcut != "B" or settings.stride_on != "3x3":
        raise ModelError(
            f"the pretrained weights of model {name!r} are those of shortcut B with the "
            f"stride on the 3x3 convolution, got shortcut {settings.shortcut!r} and "
            f"stride_on {settings.stride_on!r}; leave both options out"
        )


FAMILIES = (
    Family(
        card=ModelCard(
            name="imagenet-plain-34",
            family="imagenet-plain-N",
            description=(
                "imagenet-resnet-N without its shortcuts, for comparison; N = 18, 34."
            ),
            reference=_REFERENCE,
            options=defaults(PlainOptions),
            sizes=imagenet_sizes(
                {
                    "imagenet-plain-18": (11_515_688, 1_794_805_760),
                    "imagenet-plain-34": (21_623_848, 3_644_493_824),
                }
            ),
        ),
        pattern=re.compile(r"imagenet-plain-(18|34)"),
        build=_build_plain,
    ),
    Family(
        card=ModelCard(
            name="imagenet-resnet-50",
            family="imagenet-resnet-N",
            description=(
                "ImageNet residual network of N = 18, 34, 50, 101, 152 layers, for images "
                "that are larger than CIFAR's."
            ),
            reference=_REFERENCE,
            options=defaults(ResNetOptions),
            sizes=imagenet_sizes(
                {
                    "imagenet-resnet-18": (11_689_512, 1_814_073_344),
                    "imagenet-resnet-34": (21_797_672, 3_663_761_408),
                    "imagenet-resnet-50": (25_557_032, 4_089_184_256),
                    "imagenet-resnet-101": (44_549_160, 7_801_405_440),
                    "imagenet-resnet-152": (60_192_808, 11_513_626_624),
                }
            ),
        ),
        pattern=re.compile(r"imagenet-resnet-(18|34|50|101|152)"),
        build=_build_resnet,
    ),
)
