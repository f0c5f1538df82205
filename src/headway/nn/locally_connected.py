"""Convolution without shared weights: every window of the image has kernels of its own."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class LocallyConnected2d(nn.Module):
    """A layer whose units see one window each, with weights of their own.

    y[b, j, p, q] = bias[j, p, q] + sum over c, i, k of
    w[j, c, i, k, p, q] * x[b, c, s p + i, s q + k]. `torch.nn.Conv2d` with the same sizes
    shares w over p and q and so has as many times fewer weights as there are windows. It
    starts as `torch.nn.Conv2d` does: uniform within 1 / sqrt(fan_in).

    Args:
        in_channels: Channels of the image.
        out_channels: Units that see each window.
        kernel_size: Side of a window.
        input_size: Height and width of the image.
        stride: Pixels between two windows.
        padding: Rows and columns of zeros on each side.
        dilation: Pixels between two pixels of a window.
        bias: Whether every unit has a bias of its own.

    Raises:
        ValueError: If no window fits the image.

    Reference:
        LeCun, "Generalization and Network Design Strategies", 1989; MIT 6.867, lecture 11,
        "moving window of filters".

    Example:
        >>> layer = LocallyConnected2d(1, 1, 4, input_size=(14, 14), stride=2)
        >>> layer(torch.zeros(1, 1, 14, 14)).shape, layer.weight.numel()
        (torch.Size([1, 1, 6, 6]), 576)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        input_size: tuple[int, int],
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        reach = dilation * (kernel_size - 1) + 1
        out_size = tuple((side + 2 * padding - reach) // stride + 1 for side in input_size)
        if min(out_size) < 1:
            raise ValueError(
                f"windows of {reach} pixels do not fit an image of {input_size} with padding "
                f"{padding}; take a smaller kernel or more padding"
            )
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.out_size = (out_size[0], out_size[1])
        shape = (out_channels, in_channels, kernel_size, kernel_size, *out_size)
        self.weight = nn.Parameter(torch.empty(shape))
        self.bias = nn.Parameter(torch.empty(out_channels, *out_size)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights and biases uniformly within 1 / sqrt(fan_in)."""
        bound = 1.0 / math.sqrt(math.prod(self.weight.shape[1:4]))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return what the units see."""
        windows = F.unfold(
            x,
            self.kernel_size,
            dilation=self.dilation,
            padding=self.padding,
            stride=self.stride,
        )
        kernels = self.weight.flatten(1, 3).flatten(2)
        y = torch.einsum("bkl,jkl->bjl", windows, kernels).unflatten(2, self.out_size)
        return y if self.bias is None else y + self.bias
