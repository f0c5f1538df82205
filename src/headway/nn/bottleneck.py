"""The three-layer block of He et al. that the deeper ImageNet networks are made of."""

from collections.abc import Callable
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from headway.nn.convolutions import bottleneck_width, conv1x1, conv3x3
from headway.nn.residual import ShortcutB


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions beside a shortcut: y = relu(f(x) + shortcut(x)).

    f is conv 1x1 (J -> K), conv 3x3 (K -> K), conv 1x1 (K -> J) with K = J / 4, each with
    batch norm, the first two with ReLU. A stride belongs to the first convolution in the
    paper and to the 3x3 one in torchvision; the latter does not skip three quarters of its
    input and costs 6 % more multiply-adds in ResNet-50.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels J of the output, a multiple of 4.
        stride: Stride of one of the convolutions and of the shortcut.
        shortcut: `ShortcutA`, `ShortcutB`, `ShortcutC`, or another module class or function
            that takes (in_channels, out_channels, stride=...).
        stride_on: Convolution that has the stride: "3x3" as in torchvision, or "1x1" as in
            the paper.

    Raises:
        ValueError: If `out_channels` is no multiple of 4.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, figure 5 right and
        table 1. arXiv:1512.03385.

    Example:
        >>> import torch
        >>> block = Bottleneck(64, 256)
        >>> block(torch.zeros(2, 64, 8, 8)).shape
        torch.Size([2, 256, 8, 8])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        stride: int = 1,
        shortcut: Callable[..., nn.Module] = ShortcutB,
        stride_on: Literal["3x3", "1x1"] = "3x3",
    ) -> None:
        super().__init__()
        width = bottleneck_width(out_channels)
        strides = {"1x1": (stride, 1), "3x3": (1, stride)}[stride_on]
        self.conv1 = conv1x1(in_channels, width, stride=strides[0])
        self.norm1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(width, width, stride=strides[1])
        self.norm2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv3 = conv1x1(width, out_channels)
        self.norm3 = nn.BatchNorm2d(out_channels)
        self.shortcut = shortcut(in_channels, out_channels, stride=stride)
        self.relu3 = nn.ReLU(inplace=True)

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return relu(f(x) + shortcut(x)); `x` itself is not changed."""
        y = self.relu1(self.norm1(self.conv1(x)))
        y = self.relu2(self.norm2(self.conv2(y)))
        y = self.norm3(self.conv3(y))
        y += self.shortcut(x)
        return self.relu3(y)
