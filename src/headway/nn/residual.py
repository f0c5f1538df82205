"""The two-layer block of He et al., with its three shortcuts and without one."""

from collections.abc import Callable

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from headway.nn.convolutions import conv1x1, conv3x3
from headway.nn.stochastic_depth import StochasticDepth, bypass


class ShortcutA(nn.Module):
    """Identity; where the shape changes, strided pixels and zeros for the new channels.

    y[b, j, h, w] = x[b, j, stride * h, stride * w] for j < in_channels, else 0. It has no
    parameters. An odd side n becomes ceil(n / stride), as in a padded 3x3 convolution.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output, at least `in_channels`.
        stride: Distance of the pixels that are kept.

    Raises:
        ValueError: If `out_channels` is less than `in_channels`.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, section 3.3,
        option A. arXiv:1512.03385.
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: int = 1) -> None:
        super().__init__()
        if out_channels < in_channels:
            raise ValueError(
                "shortcut A adds channels and cannot drop any: out_channels must be at "
                f"least {in_channels}, got {out_channels}; use shortcut B"
            )
        self.stride = stride
        self.new_channels = out_channels - in_channels

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return `x`, subsampled and padded to the shape of the block's output."""
        if self.stride > 1:
            x = x[:, :, :: self.stride, :: self.stride]
        if self.new_channels:
            x = F.pad(x, (0, 0, 0, 0, 0, self.new_channels))
        return x

    def extra_repr(self) -> str:
        """Return what `print` shows between the brackets."""
        return f"stride={self.stride}, new_channels={self.new_channels}"


class ShortcutC(nn.Sequential):
    """A 1x1 convolution and batch norm, also where the shape stays.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Distance of the pixels that are kept.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, section 4.1,
        option C. arXiv:1512.03385.
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: int = 1) -> None:
        super().__init__(
            conv1x1(in_channels, out_channels, stride=stride),
            nn.BatchNorm2d(out_channels),
        )


class ShortcutB(nn.Module):
    """Identity; where the shape changes, a 1x1 convolution and batch norm.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Distance of the pixels that are kept.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, equation 2,
        option B. arXiv:1512.03385.
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: int = 1) -> None:
        super().__init__()
        changes_shape = stride > 1 or in_channels != out_channels
        self.projection = (
            ShortcutC(in_channels, out_channels, stride=stride) if changes_shape else None
        )

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return `x`, or its projection to the shape of the block's output."""
        return x if self.projection is None else self.projection(x)


class PlainBlock(nn.Module):
    """Two 3x3 convolutions, each with batch norm and ReLU: `BasicBlock` with no shortcut.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Stride of the first convolution.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, section 3.3,
        plain network. arXiv:1512.03385.
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = conv3x3(in_channels, out_channels, stride=stride)
        self.norm1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(out_channels, out_channels)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.relu2 = nn.ReLU(inplace=True)

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return f(x), where f ends in a ReLU."""
        y = self.relu1(self.norm1(self.conv1(x)))
        return self.relu2(self.norm2(self.conv2(y)))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with batch norm beside a shortcut: y = relu(f(x) + shortcut(x)).

    Stochastic depth is in the block and off: `set_survival_` turns it on.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Stride of the first convolution and of the shortcut.
        shortcut: `ShortcutA`, `ShortcutB`, `ShortcutC`, or another module class or function
            that takes (in_channels, out_channels, stride=...).

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, equations 1 and 2,
        figure 2. arXiv:1512.03385.

    Example:
        >>> import torch
        >>> BasicBlock(16, 32, stride=2)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 32, 4, 4])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        stride: int = 1,
        shortcut: Callable[..., nn.Module] = ShortcutA,
    ) -> None:
        super().__init__()
        self.conv1 = conv3x3(in_channels, out_channels, stride=stride)
        self.norm1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(out_channels, out_channels)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.shortcut = shortcut(in_channels, out_channels, stride=stride)
        self.depth = StochasticDepth()
        self.relu2 = nn.ReLU(inplace=True)

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return relu(f(x) + shortcut(x)); `x` itself is not changed."""
        y = self.depth.run(self.branch, x)
        if y is None:
            return self.skip(bypass(x, self))
        y += self.shortcut(x)
        return self.relu2(y)

    def branch(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return f(x)."""
        y = self.relu1(self.norm1(self.conv1(x)))
        return self.norm2(self.conv2(y))

    def skip(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return relu(shortcut(x)): what is left of the block without f."""
        return self.shortcut(x).relu()

    def silence_(self) -> None:
        """Make f zero, so that a block between equal shapes passes on what is not negative.

        Reference:
            Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 5.1 (the last batch
            norm of a block starts at zero). arXiv:1706.02677.
        """
        nn.init.zeros_(self.norm2.weight)
        nn.init.zeros_(self.norm2.bias)
