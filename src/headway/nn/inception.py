"""Inception blocks: convolutions of several sizes side by side."""

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

Unit = Callable[..., nn.Module]


def conv_relu(
    in_channels: int, out_channels: int, kernel_size: int, *, stride: int = 1
) -> nn.Sequential:
    """Return a convolution that keeps the sides at stride 1, and ReLU."""
    convolution = nn.Conv2d(
        in_channels, out_channels, kernel_size, stride=stride, padding=kernel_size // 2
    )
    return nn.Sequential(convolution, nn.ReLU(inplace=True))


def conv_norm_relu(
    in_channels: int, out_channels: int, kernel_size: int, *, stride: int = 1
) -> nn.Sequential:
    """Return a convolution that keeps the sides at stride 1, batch norm and ReLU."""
    convolution = nn.Conv2d(
        in_channels,
        out_channels,
        kernel_size,
        stride=stride,
        padding=kernel_size // 2,
        bias=False,
    )
    # This eps is that of the published weights, which torchvision has too.
    return nn.Sequential(
        convolution, nn.BatchNorm2d(out_channels, eps=1e-3), nn.ReLU(inplace=True)
    )


class Inception(nn.Module):
    """Answer to "1x1, 3x3, 5x5 or pooling?": all of them, their channels one after another.

    y = cat(conv1(x), conv3(conv1(x)), conv5(conv1(x)), conv1(maxpool3(x))), each
    convolution with ReLU. The 1x1 convolutions before the large ones reduce the channels,
    and with them the multiply-adds.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the four branches, in the order of the formula; the output
            has their sum.
        reduced: Channels before the 3x3 and before the 5x5 convolution.
        large_kernel: Side of the kernel of the third branch. torchvision has 3 there.
        unit: Convolution with what follows it; takes (in_channels, out_channels,
            kernel_size). Defaults to convolution and ReLU as in the paper.

    Reference:
        Szegedy et al., "Going Deeper with Convolutions", 2014, figure 2 b.
        arXiv:1409.4842.

    Example:
        >>> block = Inception(192, (64, 128, 32, 32), reduced=(96, 16))
        >>> block(torch.zeros(2, 192, 7, 7)).shape
        torch.Size([2, 256, 7, 7])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: tuple[int, int, int, int],
        *,
        reduced: tuple[int, int],
        large_kernel: int = 5,
        unit: Unit = conv_relu,
    ) -> None:
        super().__init__()
        ones, threes, larges, pooled = out_channels
        self.branch1 = unit(in_channels, ones, 1)
        self.branch2 = nn.Sequential(
            unit(in_channels, reduced[0], 1), unit(reduced[0], threes, 3)
        )
        self.branch3 = nn.Sequential(
            unit(in_channels, reduced[1], 1), unit(reduced[1], larges, large_kernel)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1), unit(in_channels, pooled, 1)
        )

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels height width"]:
        """Return the channels of all four branches."""
        return torch.cat(
            [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], dim=1
        )


class NormInception(nn.Module):
    """Inception with batch norm, and two 3x3 convolutions in place of the 5x5 one.

    y = cat(conv1(x), conv3(conv1(x)), conv3(conv3(conv1(x))), conv1(pool3(x))), each
    convolution with batch norm and ReLU.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the four branches, in the order of the formula; the output
            has their sum.
        reduced: Channels before the single and before the double 3x3 convolution.
        pool: Pooling of the last branch.

    Reference:
        Ioffe and Szegedy, "Batch Normalization", 2015, section 4.2 and appendix.
        arXiv:1502.03167.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: tuple[int, int, int, int],
        *,
        reduced: tuple[int, int],
        pool: Literal["average", "max"] = "average",
    ) -> None:
        super().__init__()
        pooling = {"average": nn.AvgPool2d, "max": nn.MaxPool2d}[pool]
        ones, threes, doubles, pooled = out_channels
        self.branch1 = conv_norm_relu(in_channels, ones, 1)
        self.branch2 = nn.Sequential(
            conv_norm_relu(in_channels, reduced[0], 1),
            conv_norm_relu(reduced[0], threes, 3),
        )
        self.branch3 = _double(in_channels, reduced[1], doubles, stride=1)
        self.branch4 = nn.Sequential(
            pooling(3, stride=1, padding=1), conv_norm_relu(in_channels, pooled, 1)
        )

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels height width"]:
        """Return the channels of all four branches."""
        return torch.cat(
            [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], dim=1
        )


class InceptionReduction(nn.Module):
    """Inception that halves the sides: y = cat(conv3/2(conv1), conv3/2(conv3(conv1)), x/2).

    The last branch is a max pooling of stride 2 that lets its channels through, so there is
    no block whose pooling alone decides what remains.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the single and of the double branch; the output has their
            sum and `in_channels`.
        reduced: Channels before the single and before the double 3x3 convolution.

    Reference:
        Ioffe and Szegedy, "Batch Normalization", 2015, appendix: the blocks 3c and 4e.
        arXiv:1502.03167.
    """

    def __init__(
        self, in_channels: int, out_channels: tuple[int, int], *, reduced: tuple[int, int]
    ) -> None:
        super().__init__()
        self.branch1 = nn.Sequential(
            conv_norm_relu(in_channels, reduced[0], 1),
            conv_norm_relu(reduced[0], out_channels[0], 3, stride=2),
        )
        self.branch2 = _double(in_channels, reduced[1], out_channels[1], stride=2)
        self.branch3 = nn.MaxPool2d(3, stride=2, padding=1)

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return the channels of all three branches."""
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x)], dim=1)


def _double(
    in_channels: int, reduced: int, out_channels: int, *, stride: int
) -> nn.Sequential:
    return nn.Sequential(
        conv_norm_relu(in_channels, reduced, 1),
        conv_norm_relu(reduced, out_channels, 3),
        conv_norm_relu(out_channels, out_channels, 3, stride=stride),
    )
