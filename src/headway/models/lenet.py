"""LeNet-5, the network that read handwritten digits in 1998."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from headway.models.check import image_shape
from headway.models.family import Family, ModelCard, ModelSize
from headway.models.options import defaults, read_options
from headway.nn import initialize_

Connections = Literal["full", "partial"]

_REFERENCE = (
    'LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998, '
    "section II.B and table I."
)
_SIDE = 32
_KERNEL = 5
# Table I: which of the six maps of S2 each of the sixteen maps of C3 sees.
_TABLE = (
    *(sorted((i + step) % 6 for step in range(3)) for i in range(6)),
    *(sorted((i + step) % 6 for step in range(4)) for i in range(6)),
    *(sorted((i + step) % 6 for step in (0, 1, 3, 4)) for i in range(3)),
    range(6),
)


class PartialConvolution(nn.Module):
    """A 5x5 convolution of 6 to 16 maps in which each map sees those of the paper's table.

    60 of the 96 kernels exist, with 16 biases 1,516 parameters. They start as LeCun's.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(sum(map(len, _TABLE)), _KERNEL, _KERNEL))
        self.bias = nn.Parameter(torch.zeros(len(_TABLE)))
        slots = [6 * out + seen for out, row in enumerate(_TABLE) for seen in row]
        self.register_buffer("slots", torch.tensor(slots), persistent=False)
        self.slots: Tensor
        with torch.no_grad():
            start = 0
            for row in _TABLE:
                std = 1.0 / math.sqrt(len(row) * _KERNEL**2)
                self.weight[start : start + len(row)].normal_(0.0, std)
                start += len(row)

    def forward(
        self, x: Float[Tensor, "batch 6 height width"]
    ) -> Float[Tensor, "batch 16 out_height out_width"]:
        """Return the sixteen maps."""
        kernels = self.weight.new_zeros(len(_TABLE) * 6, _KERNEL, _KERNEL)
        kernels = kernels.index_copy(0, self.slots, self.weight)
        return F.conv2d(x, kernels.unflatten(0, (len(_TABLE), 6)), self.bias)


class LeNet5(nn.Module):
    """Convolutions C1 (6@5x5), C3 (16@5x5), linear layers C5 (120), F6 (84) and the output.

    After C1 and C3 come averages over 2x2 pixels, and every hidden layer ends in tanh. This
    is the form in use today; the original's poolings had a scale and a shift for each map,
    its tanh a scale of 1.7159, and its output layer fixed radial basis functions. Images are
    padded with zeros to 32x32, as the paper does with MNIST; larger ones are brought to
    C3's 5x5 by adaptive average pooling. All weights start as LeCun's.

    Args:
        num_outputs: Width of the output.
        in_channels: Channels of the images.
        connections: "full": each map of C3 sees all six of S2; "partial": those that table
            I names, with 900 parameters less.

    Reference:
        LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998,
        section II.B.
    """

    def __init__(
        self,
        num_outputs: int = 10,
        *,
        in_channels: int = 1,
        connections: Connections = "full",
    ) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(in_channels, 6, _KERNEL)
        make_c3 = {
            "full": partial(nn.Conv2d, 6, 16, _KERNEL),
            "partial": PartialConvolution,
        }
        self.c3: nn.Module = make_c3[connections]()
        self.pool = nn.AvgPool2d(2)
        self.fit = nn.AdaptiveAvgPool2d(5)
        self.c5 = nn.Linear(16 * 5 * 5, 120)
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, num_outputs)
        initialize_(self, gain=1.0)

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch outputs"]:
        """Return one row of outputs per image."""
        x = torch.tanh(self.c1(_padded(images)))
        x = torch.tanh(self.c3(self.pool(x)))
        x = self.fit(self.pool(x)).flatten(1)
        return self.output(torch.tanh(self.f6(torch.tanh(self.c5(x)))))


def _padded(images: Tensor) -> Tensor:
    """Return `images` amid zeros where a side has less than 32 pixels."""
    height, width = (max(0, _SIDE - side) for side in images.shape[2:])
    if not (height or width):
        return images
    sides = (width // 2, width - width // 2, height // 2, height - height // 2)
    return F.pad(images, sides)


def lenet5(
    num_outputs: int = 10, *, in_channels: int = 1, connections: Connections = "full"
) -> LeNet5:
    """Return LeNet-5: 61,706 parameters at 10 outputs, 60,806 with partial connections."""
    return LeNet5(num_outputs, in_channels=in_channels, connections=connections)


@dataclass(frozen=True, kw_only=True, slots=True)
class LeNetOptions:
    """Options of `lenet-5`; see `LeNet5`."""

    connections: Connections = "full"


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, LeNetOptions, options)
    channels, _, _ = image_shape(name, input_shape)
    return lenet5(num_outputs, in_channels=channels, connections=settings.connections)


FAMILY = Family(
    card=ModelCard(
        name="lenet-5",
        family="lenet-5",
        description=(
            "LeNet-5 for images of any size; those below 32x32 pixels get a border of zeros."
        ),
        reference=_REFERENCE,
        options=defaults(LeNetOptions),
        sizes=(
            ModelSize(
                name="lenet-5",
                num_parameters=61_706,
                multiply_adds=416_520,
                input_shape=(1, 32, 32),
                num_outputs=10,
            ),
        ),
    ),
    pattern=re.compile(r"lenet-5"),
    build=_build,
)
