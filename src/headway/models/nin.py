"""Network in network: every convolution is followed by two of 1x1."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from jaxtyping import Float
from msgspec import Meta
from torch import Tensor, nn

from headway.models.check import image_shape
from headway.models.family import Family, ModelCard, cifar_sizes
from headway.models.options import defaults, read_options
from headway.nn import initialize_


class NetworkInNetwork(nn.Module):
    """Three blocks of a convolution and two of 1x1, poolings between, global averages last.

    A 1x1 convolution is one linear layer applied to the channels of every pixel, so a block
    is a small multi-layer perceptron that moves over the image. The last 1x1 convolution has
    a channel for each output, and its average over the image is that output: there is no
    linear layer. All weights start as He's. A pooling that would leave less than one pixel
    keeps one.

    Args:
        num_outputs: Width of the output.
        in_channels: Channels of the images.
        drop_prob: Probability that dropout sets a number to zero after a pooling.

    Reference:
        Lin et al., "Network In Network", 2013. arXiv:1312.4400. The widths are those that
        its authors published for CIFAR-10.
    """

    def __init__(
        self, num_outputs: int = 10, *, in_channels: int = 3, drop_prob: float = 0.5
    ) -> None:
        super().__init__()
        self.block1 = _block(in_channels, (192, 160, 96), kernel_size=5)
        self.pool1 = nn.MaxPool2d(3, stride=2, padding=1)
        self.block2 = _block(96, (192, 192, 192), kernel_size=5)
        self.pool2 = nn.AvgPool2d(3, stride=2, padding=1)
        self.block3 = _block(192, (192, 192, num_outputs), kernel_size=3)
        self.dropout = nn.Dropout(drop_prob)
        initialize_(self)

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch outputs"]:
        """Return one row of outputs per image."""
        x = self.dropout(self.pool1(self.block1(images)))
        x = self.dropout(self.pool2(self.block2(x)))
        return self.block3(x).mean(dim=(2, 3))


def _block(
    in_channels: int, widths: tuple[int, int, int], *, kernel_size: int
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, widths[0], kernel_size, padding=kernel_size // 2),
        nn.ReLU(inplace=True),
        nn.Conv2d(widths[0], widths[1], 1),
        nn.ReLU(inplace=True),
        nn.Conv2d(widths[1], widths[2], 1),
        nn.ReLU(inplace=True),
    )


def nin(
    num_outputs: int = 10, *, in_channels: int = 3, drop_prob: float = 0.5
) -> NetworkInNetwork:
    """Return the network in network for CIFAR: 966,986 parameters at 10 outputs."""
    return NetworkInNetwork(num_outputs, in_channels=in_channels, drop_prob=drop_prob)


@dataclass(frozen=True, kw_only=True, slots=True)
class NinOptions:
    """Options of `nin`; see `NetworkInNetwork`."""

    drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.5


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, NinOptions, options)
    channels, _, _ = image_shape(name, input_shape)
    return nin(num_outputs, in_channels=channels, drop_prob=settings.drop_prob)


FAMILY = Family(
    card=ModelCard(
        name="nin",
        family="nin",
        description=(
            "Network in network: 1x1 convolutions after each large one and no linear layer, "
            "for images of any size."
        ),
        reference='Lin et al., "Network In Network", 2013. arXiv:1312.4400.',
        options=defaults(NinOptions),
        sizes=cifar_sizes({"nin": (966_986, 222_486_528)}),
    ),
    pattern=re.compile("nin"),
    build=_build,
)
