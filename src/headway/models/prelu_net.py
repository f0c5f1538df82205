"""PReLU-net: the plain networks in which He et al. tried PReLU and their initialization."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from jaxtyping import Float
from msgspec import Meta
from torch import Tensor, nn

from headway.models.check import image_shape
from headway.models.family import Family, ModelCard, imagenet_sizes
from headway.models.options import defaults, read_options
from headway.nn import initialize_

Model = Literal["A", "B", "C"]

# Convolutions in each of three blocks and their channels: table 3 of the paper.
_BLOCKS: Mapping[Model, tuple[int, tuple[int, int, int]]] = {
    "A": (5, (256, 512, 512)),
    "B": (6, (256, 512, 512)),
    "C": (6, (384, 768, 896)),
}
_STEM_CHANNELS = 96
_HIDDEN = 4096
_PYRAMID = (7, 3, 2, 1)
_SLOPE = 0.25
# A smaller one has no pixel left after the third pooling.
_SMALLEST_SIDE = 15


class PyramidPool(nn.Module):
    """Maxima over n x n bins for each n of the pyramid, one after another.

    The bins of a side of d pixels are those of `torch.nn.AdaptiveMaxPool2d`: bin i goes from
    floor(i d / n) to ceil((i + 1) d / n). Slices and maxima in place of that layer, because it
    does not export to ONNX for bins of unequal sizes.

    Args:
        bins: Bins along a side at each level.

    Reference:
        He et al., "Spatial Pyramid Pooling in Deep Convolutional Networks for Visual
        Recognition", 2014, section 2.2. arXiv:1406.4729.
    """

    def __init__(self, bins: tuple[int, ...] = _PYRAMID) -> None:
        super().__init__()
        self.bins = bins

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch features"]:
        """Return channels * sum of n**2 maxima per image."""
        height, width = x.shape[2:]
        levels: list[Tensor] = []
        for n in self.bins:
            rows = [x[:, :, top:end].amax(dim=2) for top, end in _edges(height, n)]
            cells = [
                row[:, :, left:end].amax(dim=2)
                for row in rows
                for left, end in _edges(width, n)
            ]
            levels.append(torch.stack(cells, dim=2).flatten(1))
        return torch.cat(levels, dim=1)


def _edges(side: int, bins: int) -> list[tuple[int, int]]:
    return [(i * side // bins, -(-(i + 1) * side // bins)) for i in range(bins)]


class PReluNet(nn.Module):
    """A 7x7 convolution, three blocks of 3x3 convolutions, a pyramid, three linear layers.

    Every hidden layer ends in a PReLU with one slope for each channel, which starts at 0.25.
    All weights start as N(0, gain**2 / fan_in) with gain**2 = 2 / (1 + 0.25**2), with which
    the networks train from scratch; VGG's authors grew theirs.

    Args:
        model: "A" (19 layers), "B" (22 layers) or "C" (22 wider layers).
        num_outputs: Width of the output.
        in_channels: Channels of the images.
        drop_prob: Probability that dropout sets a hidden unit to zero.

    Reference:
        He et al., "Delving Deep into Rectifiers: Surpassing Human-Level Performance on
        ImageNet Classification", 2015, equation 15 and table 3. arXiv:1502.01852.
    """

    def __init__(
        self,
        model: Model,
        num_outputs: int = 1000,
        *,
        in_channels: int = 3,
        drop_prob: float = 0.5,
    ) -> None:
        super().__init__()
        count, widths = _BLOCKS[model]
        stem = nn.Conv2d(in_channels, _STEM_CHANNELS, 7, stride=2, padding=3)
        layers: list[nn.Module] = [stem, _prelu(_STEM_CHANNELS)]
        channels = _STEM_CHANNELS
        for width in widths:
            layers.append(nn.MaxPool2d(2))
            for _ in range(count):
                layers += [nn.Conv2d(channels, width, 3, padding=1), _prelu(width)]
                channels = width
        self.features = nn.Sequential(*layers)
        self.pool = PyramidPool()
        self.classifier = nn.Sequential(
            nn.Linear(channels * sum(n * n for n in _PYRAMID), _HIDDEN),
            _prelu(_HIDDEN),
            nn.Dropout(drop_prob),
            nn.Linear(_HIDDEN, _HIDDEN),
            _prelu(_HIDDEN),
            nn.Dropout(drop_prob),
            nn.Linear(_HIDDEN, num_outputs),
        )
        initialize_(self, gain=math.sqrt(2.0 / (1.0 + _SLOPE**2)))

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch outputs"]:
        """Return one row of outputs per image of at least 15x15 pixels."""
        return self.classifier(self.pool(self.features(images)))


def _prelu(channels: int) -> nn.PReLU:
    return nn.PReLU(channels, init=_SLOPE)


def prelu_net(
    num_outputs: int = 1000,
    *,
    model: Model = "A",
    in_channels: int = 3,
    drop_prob: float = 0.5,
) -> PReluNet:
    """Return PReLU-net A, B or C: 19.1, 23.2 or 53.5 G multiply-adds at 224x224 pixels."""
    return PReluNet(model, num_outputs, in_channels=in_channels, drop_prob=drop_prob)


@dataclass(frozen=True, kw_only=True, slots=True)
class PReluNetOptions:
    """Options of `prelu-net-X`; see `PReluNet`."""

    drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.5


_MODELS: Mapping[str, Model] = {"a": "A", "b": "B", "c": "C"}


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, PReluNetOptions, options)
    channels, _, _ = image_shape(name, input_shape, smallest_side=_SMALLEST_SIDE)
    return PReluNet(
        _MODELS[name[-1]], num_outputs, in_channels=channels, drop_prob=settings.drop_prob
    )


FAMILY = Family(
    card=ModelCard(
        name="prelu-net-a",
        family="prelu-net-X",
        description=(
            "Plain networks of 19 and 22 layers with PReLU and pyramid pooling; X = a, b, c. "
            "Images of 15x15 pixels or more."
        ),
        reference=(
            'He et al., "Delving Deep into Rectifiers", 2015, table 3. arXiv:1502.01852.'
        ),
        options=defaults(PReluNetOptions),
        sizes=imagenet_sizes(
            {
                "prelu-net-a": (178_032_072, 19_058_106_368),
                "prelu-net-b": (183_343_048, 23_219_904_512),
                "prelu-net-c": (330_623_944, 53_463_130_112),
            }
        ),
    ),
    pattern=re.compile(r"prelu-net-[abc]"),
    build=_build,
)
