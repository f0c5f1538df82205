"""AlexNet: the network of two towers of 2012, and the single tower that torchvision has."""

import re
from collections.abc import Callable, Mapping
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

_HIDDEN = 4096
_POOLED_SIDE = 6
# Below it nothing is left after the third pooling.
_SMALLEST_SIDE = 63


class AlexNet(nn.Module):
    """Five convolutions, of which three before a max pooling, and three linear layers.

    The last feature map is brought to 6x6 by adaptive average pooling, which changes nothing
    for images of 224x224. All weights start as He's and all biases at zero.

    Args:
        features: The convolutions: `single_tower` or `two_towers` of this module.
        num_outputs: Width of the output.
        drop_prob: Probability that dropout sets a hidden unit to zero.

    Reference:
        Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks",
        2012, section 3.5.
    """

    torchvision_names: ClassVar[tuple[tuple[str, str], ...]] = ()
    output_layers: ClassVar[tuple[str, ...]] = ("classifier.6",)
    own_buffers: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, features: nn.Sequential, num_outputs: int = 1000, *, drop_prob: float = 0.5
    ) -> None:
        super().__init__()
        self.features = features
        self.pool = nn.AdaptiveAvgPool2d(_POOLED_SIDE)
        self.classifier = nn.Sequential(
            nn.Dropout(drop_prob),
            nn.Linear(256 * _POOLED_SIDE**2, _HIDDEN),
            nn.ReLU(inplace=True),
            nn.Dropout(drop_prob),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.ReLU(inplace=True),
            nn.Linear(_HIDDEN, num_outputs),
        )
        initialize_(self)

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch outputs"]:
        """Return one row of outputs per image of at least 63x63 pixels."""
        return self.classifier(self.pool(self.features(images)).flatten(1))


def single_tower(in_channels: int) -> nn.Sequential:
    """Return the convolutions 64-192-384-256-256 of "One weird trick" without groups."""
    return nn.Sequential(
        nn.Conv2d(in_channels, 64, 11, stride=4, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(64, 192, 5, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(192, 384, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(256, 256, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, stride=2),
    )


def two_towers(in_channels: int) -> nn.Sequential:
    """Return the convolutions 96-256-384-384-256 of 2012, the towers as two groups."""
    return nn.Sequential(
        nn.Conv2d(in_channels, 96, 11, stride=4, padding=2),
        nn.ReLU(inplace=True),
        _response_norm(),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(96, 256, 5, padding=2, groups=2),
        nn.ReLU(inplace=True),
        _response_norm(),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(256, 384, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(384, 384, 3, padding=1, groups=2),
        nn.ReLU(inplace=True),
        nn.Conv2d(384, 256, 3, padding=1, groups=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, stride=2),
    )


def _response_norm() -> nn.LocalResponseNorm:
    """Return the paper's normalization: n = 5, k = 2, alpha = 1e-4, beta = 0.75.

    torch takes the mean over the n channels where the paper has the sum: alpha is n times
    the paper's.
    """
    return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)


def alexnet(
    num_outputs: int = 1000, *, in_channels: int = 3, drop_prob: float = 0.5
) -> AlexNet:
    """Return the single tower that torchvision has: 61,100,840 parameters at 1000 outputs.

    Reference:
        Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014.
        arXiv:1404.5997.
    """
    return AlexNet(single_tower(in_channels), num_outputs, drop_prob=drop_prob)


def alexnet2012(
    num_outputs: int = 1000, *, in_channels: int = 3, drop_prob: float = 0.5
) -> AlexNet:
    """Return the network of 2012: 60,965,224 parameters at 1000 outputs.

    The paper says 224x224 pixels, which fit its first layer with a padding of 2.

    Reference:
        Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks",
        2012.
    """
    return AlexNet(two_towers(in_channels), num_outputs, drop_prob=drop_prob)


@dataclass(frozen=True, kw_only=True, slots=True)
class AlexNetOptions(PretrainedOptions):
    """Options of `alexnet`; see `AlexNet`."""

    drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class AlexNet2012Options:
    """Options of `alexnet-2012`; see `AlexNet`."""

    drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.5


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, AlexNetOptions, options)
    model = _make(alexnet, name, input_shape, num_outputs, settings.drop_prob)
    return load_pretrained_(model, name, "alexnet") if settings.pretrained else model


def _build_2012(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, AlexNet2012Options, options)
    return _make(alexnet2012, name, input_shape, num_outputs, settings.drop_prob)


def _make(
    builder: Callable[..., AlexNet],
    name: str,
    input_shape: tuple[int, ...],
    num_outputs: int,
    drop_prob: float,
) -> AlexNet:
    channels, _, _ = image_shape(name, input_shape, smallest_side=_SMALLEST_SIDE)
    return builder(num_outputs, in_channels=channels, drop_prob=drop_prob)


FAMILIES = (
    Family(
        card=ModelCard(
            name="alexnet",
            family="alexnet",
            description=(
                "AlexNet as a single tower, as torchvision has it. Images of 63x63 pixels or "
                "more."
            ),
            reference=(
                'Krizhevsky, "One weird trick for parallelizing convolutional neural '
                'networks", 2014. arXiv:1404.5997.'
            ),
            options=defaults(AlexNetOptions),
            sizes=imagenet_sizes({"alexnet": (61_100_840, 714_188_480)}),
        ),
        pattern=re.compile("alexnet"),
        build=_build,
    ),
    Family(
        card=ModelCard(
            name="alexnet-2012",
            family="alexnet-2012",
            description=(
                "AlexNet of two towers with response normalization, as it was published. "
                "Images of 63x63 pixels or more."
            ),
            reference=(
                'Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural '
                'Networks", 2012.'
            ),
            options=defaults(AlexNet2012Options),
            sizes=imagenet_sizes({"alexnet-2012": (60_965_224, 724_406_816)}),
        ),
        pattern=re.compile("alexnet-2012"),
        build=_build_2012,
    ),
)
