"""BN-Inception: GoogLeNet's successor, with batch norm and double 3x3 convolutions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from jaxtyping import Float
from msgspec import Meta
from torch import Tensor, nn

from headway.models.check import image_shape
from headway.models.family import Family, ModelCard, imagenet_sizes
from headway.models.options import defaults, read_options
from headway.nn import InceptionReduction, NormInception, conv_norm_relu, initialize_


class BnInception(nn.Module):
    """Three convolutions, ten Inception blocks with batch norm, and a linear layer.

    All weights start as He's. The first layer is an ordinary 7x7 convolution; the paper's
    was separable with depth multiplier 8. Where the paper states 13.6 million parameters in
    all, its own table of blocks makes 11.19 million.

    Args:
        num_outputs: Width of the output.
        in_channels: Channels of the images.
        drop_prob: Probability that dropout sets a feature of the last layer to zero; the
            paper trains without.

    Reference:
        Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by
        Reducing Internal Covariate Shift", 2015, figure 5. arXiv:1502.03167.
    """

    def __init__(
        self, num_outputs: int = 1000, *, in_channels: int = 3, drop_prob: float = 0.0
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            conv_norm_relu(in_channels, 64, 7, stride=2),
            nn.MaxPool2d(3, stride=2, padding=1),
            conv_norm_relu(64, 64, 1),
            conv_norm_relu(64, 192, 3),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        self.stage3 = nn.Sequential(
            NormInception(192, (64, 64, 96, 32), reduced=(64, 64)),
            NormInception(256, (64, 96, 96, 64), reduced=(64, 64)),
            InceptionReduction(320, (160, 96), reduced=(128, 64)),
        )
        self.stage4 = nn.Sequential(
            NormInception(576, (224, 96, 128, 128), reduced=(64, 96)),
            NormInception(576, (192, 128, 128, 128), reduced=(96, 96)),
            NormInception(576, (160, 160, 160, 96), reduced=(128, 128)),
            NormInception(576, (96, 192, 192, 96), reduced=(128, 160)),
            InceptionReduction(576, (192, 256), reduced=(128, 192)),
        )
        self.stage5 = nn.Sequential(
            NormInception(1024, (352, 320, 224, 128), reduced=(192, 160)),
            NormInception(1024, (352, 320, 224, 128), reduced=(192, 192), pool="max"),
        )
        self.dropout = nn.Dropout(drop_prob)
        self.classifier = nn.Linear(1024, num_outputs)
        initialize_(self)

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch outputs"]:
        """Return one row of outputs per image."""
        x = self.stage5(self.stage4(self.stage3(self.stem(images))))
        return self.classifier(self.dropout(x.mean(dim=(2, 3))))


def bn_inception(
    num_outputs: int = 1000, *, in_channels: int = 3, drop_prob: float = 0.0
) -> BnInception:
    """Return BN-Inception: 11.19 million parameters at 1000 outputs."""
    return BnInception(num_outputs, in_channels=in_channels, drop_prob=drop_prob)


@dataclass(frozen=True, kw_only=True, slots=True)
class BnInceptionOptions:
    """Options of `bn-inception`; see `BnInception`."""

    drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, BnInceptionOptions, options)
    channels, _, _ = image_shape(name, input_shape)
    return bn_inception(num_outputs, in_channels=channels, drop_prob=settings.drop_prob)


FAMILY = Family(
    card=ModelCard(
        name="bn-inception",
        family="bn-inception",
        description=(
            "Inception blocks with batch norm and double 3x3 convolutions, for images that "
            "are larger than CIFAR's."
        ),
        reference=(
            'Ioffe and Szegedy, "Batch Normalization", 2015, figure 5. arXiv:1502.03167.'
        ),
        options=defaults(BnInceptionOptions),
        sizes=imagenet_sizes({"bn-inception": (11_194_984, 2_018_851_840)}),
    ),
    pattern=re.compile("bn-inception"),
    build=_build,
)
