"""GoogLeNet: nine Inception blocks, with two auxiliary classifiers while it trains."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from msgspec import Meta
from torch import Tensor, nn

from headway.models.check import image_shape
from headway.models.family import Family, ModelCard, imagenet_sizes
from headway.models.options import PretrainedOptions, defaults, read_options
from headway.models.torchvision_weights import load_pretrained_
from headway.nn import (
    AuxiliaryOutputs,
    Inception,
    conv_norm_relu,
    conv_relu,
    initialize_,
)

# Table 1 of the paper: channels of the four branches, and those before 3x3 and 5x5.
_BLOCKS = {
    "3a": ((64, 128, 32, 32), (96, 16)),
    "3b": ((128, 192, 96, 64), (128, 32)),
    "4a": ((192, 208, 48, 64), (96, 16)),
    "4b": ((160, 224, 64, 64), (112, 24)),
    "4c": ((128, 256, 64, 64), (128, 24)),
    "4d": ((112, 288, 64, 64), (144, 32)),
    "4e": ((256, 320, 128, 128), (160, 32)),
    "5a": ((256, 320, 128, 128), (160, 32)),
    "5b": ((384, 384, 128, 128), (192, 48)),
}
# Below them nothing is left after the fourth pooling.
_SMALLEST_SIDE, _SMALLEST_SIDE_2014 = 15, 31
_AUXILIARY_WEIGHT = 0.3
# Scale and shift from images standardized by ImageNet's mean and standard deviation to those
# in -1..1, which the published weights were trained on.
_PRETRAINED_SCALE = (0.229 / 0.5, 0.224 / 0.5, 0.225 / 0.5)
_PRETRAINED_SHIFT = ((0.485 - 0.5) / 0.5, (0.456 - 0.5) / 0.5, (0.406 - 0.5) / 0.5)


class AuxiliaryHead(nn.Module):
    """Average pooling to 4x4, a 1x1 convolution and two linear layers with dropout.

    Args:
        in_channels: Channels of the features that it looks at.
        num_outputs: Width of the output.
        drop_prob: Probability that dropout sets a hidden unit to zero.
        is_normed: Whether batch norm follows the convolution.
    """

    def __init__(
        self, in_channels: int, num_outputs: int, *, drop_prob: float, is_normed: bool
    ) -> None:
        super().__init__()
        unit = conv_norm_relu if is_normed else conv_relu
        self.conv = unit(in_channels, 128, 1)
        self.fc1 = nn.Linear(128 * 4 * 4, 1024)
        self.dropout = nn.Dropout(drop_prob)
        self.fc2 = nn.Linear(1024, num_outputs)

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch outputs"]:
        """Return one row of outputs per image."""
        x = self.conv(F.adaptive_avg_pool2d(x, 4)).flatten(1)
        return self.fc2(self.dropout(F.relu(self.fc1(x))))


class GoogLeNet(nn.Module):
    """Three convolutions, nine Inception blocks and a linear layer: 22 layers with weights.

    In training mode it returns `AuxiliaryOutputs`: its own outputs, and those of two heads
    after the blocks 4a and 4d, whose losses count 0.3 each. In evaluation mode the heads are
    not run. All weights start as He's. The buffers `input_scale` and `input_shift` are 1 and
    0 unless pretrained weights need another range of the images.

    Args:
        num_outputs: Width of the output.
        in_channels: Channels of the images.
        is_original: True for the network of 2014: 5x5 convolutions, local response
            normalization, biases, a 3x3 pooling before block 5a. False for torchvision's:
            batch norm, 3x3 in place of 5x5, a 2x2 pooling.
        has_auxiliary: Whether there are auxiliary heads.
        drop_prob: Probability that dropout sets a feature of the last layer to zero.

    Reference:
        Szegedy et al., "Going Deeper with Convolutions", 2014, table 1 and section 5.
        arXiv:1409.4842.
    """

    torchvision_names: ClassVar[tuple[tuple[str, str], ...]] = (
        (r"\.conv\.weight$", ".0.weight"),
        (r"\.bn\.", ".1."),
        (r"^conv1\.", "stem.0."),
        (r"^conv2\.", "stem.2."),
        (r"^conv3\.", "stem.3."),
        (r"^inception3a\.", "early.0."),
        (r"^inception3b\.", "early.1."),
        (r"^inception4a\.", "early.3."),
        (r"^inception4b\.", "middle.0."),
        (r"^inception4c\.", "middle.1."),
        (r"^inception4d\.", "middle.2."),
        (r"^inception4e\.", "late.0."),
        (r"^inception5a\.", "late.2."),
        (r"^inception5b\.", "late.3."),
        (r"^fc\.", "classifier."),
    )
    output_layers: ClassVar[tuple[str, ...]] = ("classifier", "aux1", "aux2")
    own_buffers: ClassVar[tuple[str, ...]] = ("input_scale", "input_shift")

    def __init__(
        self,
        num_outputs: int = 1000,
        *,
        in_channels: int = 3,
        is_original: bool = False,
        has_auxiliary: bool = True,
        drop_prob: float = 0.2,
    ) -> None:
        super().__init__()
        self.register_buffer("input_scale", torch.ones(in_channels, 1, 1))
        self.register_buffer("input_shift", torch.zeros(in_channels, 1, 1))
        self.input_scale: Tensor
        self.input_shift: Tensor
        self.stem = _stem(in_channels, is_original=is_original)
        block = partial(_block, is_original=is_original)
        self.early = nn.Sequential(
            block(192, "3a"), block(256, "3b"), _pool(3), block(480, "4a")
        )
        self.middle = nn.Sequential(block(512, "4b"), block(512, "4c"), block(512, "4d"))
        last_pool = _pool(3 if is_original else 2)
        self.late = nn.Sequential(
            block(528, "4e"), last_pool, block(832, "5a"), block(832, "5b")
        )
        head = partial(
            AuxiliaryHead,
            num_outputs=num_outputs,
            drop_prob=0.7,
            is_normed=not is_original,
        )
        self.aux1 = head(512) if has_auxiliary else None
        self.aux2 = head(528) if has_auxiliary else None
        self.dropout = nn.Dropout(drop_prob)
        self.classifier = nn.Linear(1024, num_outputs)
        initialize_(self)

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch outputs"] | AuxiliaryOutputs:
        """Return one row of outputs per image, and those of the heads while it trains."""
        early = self.early(self.stem(images * self.input_scale + self.input_shift))
        middle = self.middle(early)
        outputs = self.classifier(self.dropout(self.late(middle).mean(dim=(2, 3))))
        if not self.training or self.aux1 is None or self.aux2 is None:
            return outputs
        auxiliary = (self.aux1(early), self.aux2(middle))
        return AuxiliaryOutputs(outputs, auxiliary, _AUXILIARY_WEIGHT)


def _stem(in_channels: int, *, is_original: bool) -> nn.Sequential:
    unit = conv_relu if is_original else conv_norm_relu
    first, second, third = (
        unit(in_channels, 64, 7, stride=2),
        unit(64, 64, 1),
        unit(64, 192, 3),
    )
    if not is_original:
        return nn.Sequential(first, _pool(3), second, third, _pool(3))
    # Parameters of the normalization as in AlexNet, which the paper does not state anew.
    norms = [nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0) for _ in range(2)]
    return nn.Sequential(first, _pool(3), norms[0], second, third, norms[1], _pool(3))


def _block(in_channels: int, name: str, *, is_original: bool) -> Inception:
    out_channels, reduced = _BLOCKS[name]
    return Inception(
        in_channels,
        out_channels,
        reduced=reduced,
        large_kernel=5 if is_original else 3,
        unit=conv_relu if is_original else conv_norm_relu,
    )


def _pool(kernel_size: int) -> nn.MaxPool2d:
    return nn.MaxPool2d(kernel_size, stride=2, ceil_mode=True)


def googlenet(
    num_outputs: int = 1000,
    *,
    in_channels: int = 3,
    has_auxiliary: bool = True,
    drop_prob: float = 0.2,
) -> GoogLeNet:
    """Return the GoogLeNet that torchvision has: 6,624,904 parameters without its heads."""
    return GoogLeNet(
        num_outputs,
        in_channels=in_channels,
        has_auxiliary=has_auxiliary,
        drop_prob=drop_prob,
    )


def googlenet2014(
    num_outputs: int = 1000,
    *,
    in_channels: int = 3,
    has_auxiliary: bool = True,
    drop_prob: float = 0.4,
) -> GoogLeNet:
    """Return the GoogLeNet of the paper: 6,998,552 parameters without its heads."""
    return GoogLeNet(
        num_outputs,
        in_channels=in_channels,
        is_original=True,
        has_auxiliary=has_auxiliary,
        drop_prob=drop_prob,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class GoogLeNetOptions(PretrainedOptions):
    """Options of `googlenet`; see `GoogLeNet`."""

    has_auxiliary: bool = True
    drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class GoogLeNet2014Options:
    """Options of `googlenet-2014`; see `GoogLeNet`."""

    has_auxiliary: bool = True
    drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.4


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, GoogLeNetOptions, options)
    channels, _, _ = image_shape(name, input_shape, smallest_side=_SMALLEST_SIDE)
    model = googlenet(
        num_outputs,
        in_channels=channels,
        has_auxiliary=settings.has_auxiliary,
        drop_prob=settings.drop_prob,
    )
    if not settings.pretrained:
        return model
    load_pretrained_(model, name, "googlenet")
    model.input_scale.copy_(torch.tensor(_PRETRAINED_SCALE)[:, None, None])
    model.input_shift.copy_(torch.tensor(_PRETRAINED_SHIFT)[:, None, None])
    return model


def _build_2014(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, GoogLeNet2014Options, options)
    channels, _, _ = image_shape(name, input_shape, smallest_side=_SMALLEST_SIDE_2014)
    return googlenet2014(
        num_outputs,
        in_channels=channels,
        has_auxiliary=settings.has_auxiliary,
        drop_prob=settings.drop_prob,
    )


_REFERENCE = (
    'Szegedy et al., "Going Deeper with Convolutions", 2014, table 1. arXiv:1409.4842.'
)
FAMILIES = (
    Family(
        card=ModelCard(
            name="googlenet",
            family="googlenet",
            description=(
                "Nine Inception blocks with batch norm, as torchvision has them, and two "
                "auxiliary heads while it trains. Images of 15x15 pixels or more."
            ),
            reference=_REFERENCE,
            options=defaults(GoogLeNetOptions),
            sizes=imagenet_sizes({"googlenet": (13_004_888, 1_498_376_192)}),
        ),
        pattern=re.compile("googlenet"),
        build=_build,
    ),
    Family(
        card=ModelCard(
            name="googlenet-2014",
            family="googlenet-2014",
            description=(
                "GoogLeNet as it was published: 5x5 convolutions, response normalization, no "
                "batch norm. Images of 31x31 pixels or more."
            ),
            reference=_REFERENCE,
            options=defaults(GoogLeNet2014Options),
            sizes=imagenet_sizes({"googlenet-2014": (13_378_280, 1_582_671_872)}),
        ),
        pattern=re.compile("googlenet-2014"),
        build=_build_2014,
    ),
)
