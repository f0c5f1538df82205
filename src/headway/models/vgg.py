"""VGG: nothing but 3x3 convolutions, max pooling and three linear layers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from jaxtyping import Float
from msgspec import Meta
from torch import Tensor, nn

from headway.models.check import image_shape
from headway.models.family import Family, ModelCard, imagenet_sizes
from headway.models.options import PretrainedOptions, defaults, read_options
from headway.models.torchvision_weights import load_pretrained_
from headway.nn import initialize_

# Convolutions in each of the five blocks, configurations A, B, D and E of the paper's table 1.
_BLOCKS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
# Channels double from block to block, but stay at 512 for the last, whatever a summary of the
# network as "halve the sides, double the channels" may say.
_WIDTHS = (64, 128, 256, 512, 512)
_HIDDEN = 4096
_POOLED_SIDE = 7
# Five poolings halve the sides.
_SMALLEST_SIDE = 32


class Vgg(nn.Module):
    """Five blocks of 3x3 convolutions, each before a max pooling, and three linear layers.

    The last feature map is brought to 7x7 by adaptive average pooling, which changes nothing
    for images of 224x224. All weights start as He's and all biases at zero, with which the
    deepest configuration starts from scratch; the paper grew it from a shallower one.

    Args:
        depth: 11, 13, 16 or 19 layers with weights: configurations A, B, D and E.
        num_outputs: Width of the output.
        in_channels: Channels of the images.
        batch_norm: Whether batch norm follows each convolution. Not in the paper.
        drop_prob: Probability that dropout sets a hidden unit to zero.

    Raises:
        ValueError: If there is no configuration of `depth` layers.

    Reference:
        Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
        Recognition", 2014, table 1. arXiv:1409.1556.
    """

    torchvision_names: ClassVar[tuple[tuple[str, str], ...]] = ()
    output_layers: ClassVar[tuple[str, ...]] = ("classifier.6",)
    own_buffers: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        depth: int,
        num_outputs: int = 1000,
        *,
        in_channels: int = 3,
        batch_norm: bool = False,
        drop_prob: float = 0.5,
    ) -> None:
        super().__init__()
        if depth not in _BLOCKS:
            raise ValueError(f"depth must be 11, 13, 16 or 19, got {depth}")
        layers = _convolutions(_BLOCKS[depth], in_channels, batch_norm=batch_norm)
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(_POOLED_SIDE)
        self.classifier = nn.Sequential(
            nn.Linear(_WIDTHS[-1] * _POOLED_SIDE**2, _HIDDEN),
            nn.ReLU(inplace=True),
            nn.Dropout(drop_prob),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.ReLU(inplace=True),
            nn.Dropout(drop_prob),
            nn.Linear(_HIDDEN, num_outputs),
        )
        initialize_(self)

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch outputs"]:
        """Return one row of outputs per image of at least 32x32 pixels."""
        return self.classifier(self.pool(self.features(images)).flatten(1))


def _convolutions(
    blocks: tuple[int, ...], in_channels: int, *, batch_norm: bool
) -> Iterator[nn.Module]:
    channels = in_channels
    for count, width in zip(blocks, _WIDTHS, strict=True):
        for _ in range(count):
            yield nn.Conv2d(channels, width, 3, padding=1)
            if batch_norm:
                yield nn.BatchNorm2d(width)
            yield nn.ReLU(inplace=True)
            channels = width
        yield nn.MaxPool2d(2, stride=2)


def vgg11(num_outputs: int = 1000, *, in_channels: int = 3, drop_prob: float = 0.5) -> Vgg:
    """Return configuration A: 132.86 million parameters at 1000 outputs."""
    return Vgg(11, num_outputs, in_channels=in_channels, drop_prob=drop_prob)


def vgg13(num_outputs: int = 1000, *, in_channels: int = 3, drop_prob: float = 0.5) -> Vgg:
    """Return configuration B: 133.05 million parameters at 1000 outputs."""
    return Vgg(13, num_outputs, in_channels=in_channels, drop_prob=drop_prob)


def vgg16(num_outputs: int = 1000, *, in_channels: int = 3, drop_prob: float = 0.5) -> Vgg:
    """Return configuration D: 138.36 million parameters at 1000 outputs."""
    return Vgg(16, num_outputs, in_channels=in_channels, drop_prob=drop_prob)


def vgg19(num_outputs: int = 1000, *, in_channels: int = 3, drop_prob: float = 0.5) -> Vgg:
    """Return configuration E: 143.67 million parameters at 1000 outputs."""
    return Vgg(19, num_outputs, in_channels=in_channels, drop_prob=drop_prob)


@dataclass(frozen=True, kw_only=True, slots=True)
class VggOptions(PretrainedOptions):
    """Options of `vgg-N` and `vgg-N-bn`; see `Vgg`."""

    drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.5


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, VggOptions, options)
    channels, _, _ = image_shape(name, input_shape, smallest_side=_SMALLEST_SIDE)
    depth, _, norm = name.removeprefix("vgg-").partition("-")
    model = Vgg(
        int(depth),
        num_outputs,
        in_channels=channels,
        batch_norm=bool(norm),
        drop_prob=settings.drop_prob,
    )
    if not settings.pretrained:
        return model
    return load_pretrained_(model, name, f"vgg{depth}{'_bn' if norm else ''}")


FAMILY = Family(
    card=ModelCard(
        name="vgg-16",
        family="vgg-N, vgg-N-bn",
        description=(
            "3x3 convolutions and max pooling, then three linear layers; N = 11, 13, 16, 19, "
            "with -bn for batch norm. Images of 32x32 pixels or more."
        ),
        reference=(
            'Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image '
            'Recognition", 2014. arXiv:1409.1556.'
        ),
        options=defaults(VggOptions),
        sizes=imagenet_sizes(
            {
                "vgg-11": (132_863_336, 7_609_090_048),
                "vgg-13": (133_047_848, 11_308_466_176),
                "vgg-16": (138_357_544, 15_470_264_320),
                "vgg-19": (143_667_240, 19_632_062_464),
                "vgg-11-bn": (132_868_840, 7_609_090_048),
                "vgg-13-bn": (133_053_736, 11_308_466_176),
                "vgg-16-bn": (138_365_992, 15_470_264_320),
                "vgg-19-bn": (143_678_248, 19_632_062_464),
            }
        ),
    ),
    pattern=re.compile(r"vgg-(11|13|16|19)(-bn)?"),
    build=_build,
)
