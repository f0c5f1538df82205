"""Plain tanh networks of hundreds of convolutions that their initialisation makes trainable."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from jaxtyping import Float
from msgspec import Meta
from torch import Tensor, nn

from headway.errors import ModelError
from headway.models.check import image_shape
from headway.models.family import Family, ModelCard
from headway.models.options import defaults, read_options
from headway.nn import critical_variances, delta_orthogonal_, initialize_

_REFERENCE = (
    'Xiao et al., "Dynamical Isometry and a Mean Field Theory of CNNs: How to Train '
    '10,000-Layer Vanilla Convolutional Neural Networks", 2018. arXiv:1806.05393.'
)
_MIN_DEPTH, _MAX_DEPTH = 4, 10_000
# Images are halved down to this side, as the paper does with those of CIFAR.
_SIDE = 8
# Variance of the pre-activations at which the critical variances are the paper's: 1.05 of
# the weights and 2.01e-5 of the biases. The smaller it is, the closer tanh is to linear.
_CRITICAL_Q = 0.0259


class VanillaCnn(nn.Module):
    """3x3 convolutions and tanh, without shortcuts and normalisation, at any depth.

    The kernels start as orthogonal matrices at their center and zeros around it, at the
    critical variances of tanh: signals keep their variance and their angles, and gradients
    their norm, through the whole depth. Each stride of 2 halves the sides until none exceeds
    8; global average pooling and a linear layer follow. Around the image there are zeros,
    where the theory continues it periodically; at the start that makes no difference.

    Args:
        input_shape: Channels, height and width of one image.
        num_outputs: Width of the output.
        depth: Convolutions.
        width: Channels of each, no fewer than those of the image.

    Raises:
        ModelError: If there are more channels in an image than `width`, or fewer convolutions
            than halvings.

    Reference:
        Xiao et al., "Dynamical Isometry and a Mean Field Theory of CNNs", 2018, sections 2.4
        and 3. arXiv:1806.05393.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        num_outputs: int,
        *,
        depth: int,
        width: int = 64,
    ) -> None:
        super().__init__()
        channels, *sides = input_shape
        num_halvings = max(0, math.ceil(math.log2(max(sides) / _SIDE)))
        if channels > width or depth <= num_halvings:
            raise ModelError(
                f"a vanilla CNN of {depth} convolutions of width {width} does not fit images "
                f"of shape {input_shape}: it needs a width of at least {channels} and more "
                f"than {num_halvings} convolutions"
            )
        layers: list[nn.Module] = []
        for index in range(depth):
            stride = 2 if 1 <= index <= num_halvings else 1
            layers += [
                nn.Conv2d(width if index else channels, width, 3, stride=stride, padding=1),
                nn.Tanh(),
            ]
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Linear(width, num_outputs)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew, at the critical point."""
        weight_variance, bias_variance = critical_variances("tanh", _CRITICAL_Q)
        for layer in self.layers:
            if isinstance(layer, nn.Conv2d):
                delta_orthogonal_(layer, gain=math.sqrt(weight_variance))
                assert layer.bias is not None
                nn.init.normal_(layer.bias, std=math.sqrt(bias_variance))
        initialize_(self.classifier, "lecun")

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch outputs"]:
        """Return one row of outputs per image."""
        return self.classifier(self.layers(images).mean(dim=(2, 3)))


@dataclass(frozen=True, kw_only=True, slots=True)
class VanillaCnnOptions:
    """Options of `vanilla-cnn-N`; see `VanillaCnn`."""

    width: Annotated[int, Meta(ge=1)] = 64


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, VanillaCnnOptions, options)
    depth = int(name.rpartition("-")[2])
    if not _MIN_DEPTH <= depth <= _MAX_DEPTH:
        raise ModelError(
            f"model {name!r} does not exist: the depth must be between {_MIN_DEPTH} and "
            f"{_MAX_DEPTH}"
        )
    return VanillaCnn(
        image_shape(name, input_shape), num_outputs, depth=depth, width=settings.width
    )


FAMILY = Family(
    card=ModelCard(
        name="vanilla-cnn-100",
        family="vanilla-cnn-N",
        description=(
            "Plain tanh network of N convolutions (4 to 10000) with neither shortcuts nor "
            "batch norm, which its delta-orthogonal start makes trainable."
        ),
        reference=_REFERENCE,
        options=defaults(VanillaCnnOptions),
    ),
    pattern=re.compile(r"vanilla-cnn-\d+"),
    build=_build,
    input_kinds=("image",),
)
