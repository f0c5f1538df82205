"""Residual blocks that normalize and activate before each convolution."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from headway.nn.convolutions import bottleneck_width, conv1x1, conv3x3
from headway.nn.residual import ShortcutA
from headway.nn.stochastic_depth import StochasticDepth, bypass


class ShortcutProjection(nn.Module):
    """Identity; where the shape changes, a 1x1 convolution without batch norm.

    The blocks that activate first give it what they give to their own first convolution.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Distance of the pixels that are kept.

    Reference:
        He et al., "Identity Mappings in Deep Residual Networks", 2016, section 4.
        arXiv:1603.05027.
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: int = 1) -> None:
        super().__init__()
        changes_shape = stride > 1 or in_channels != out_channels
        self.projection = (
            conv1x1(in_channels, out_channels, stride=stride) if changes_shape else None
        )

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return `x`, or its projection to the shape of the block's output."""
        return x if self.projection is None else self.projection(x)


class _PreActivation(nn.Module, ABC):
    """What the blocks share: the way of x around and through norm, activation and f."""

    norm1: nn.BatchNorm2d
    relu1: nn.ReLU
    shortcut: nn.Module
    depth: StochasticDepth

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return shortcut(x) + f(x)."""
        if self._projects():
            x = self._activate(x)
            y = self.depth.run(self._convolve, x)
        else:
            y = self.depth.run(self.branch, x)
        return self.shortcut(bypass(x, self)) if y is None else self.shortcut(x) + y

    def branch(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return f(x)."""
        return self._convolve(self._activate(x))

    def skip(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return shortcut(x): what is left of the block without f."""
        return self.shortcut(self._activate(x) if self._projects() else x)

    @abstractmethod
    def _convolve(self, activated: Tensor) -> Tensor:
        """Return f after its first norm and activation."""

    def _activate(self, x: Tensor) -> Tensor:
        return self.relu1(self.norm1(x))

    def _projects(self) -> bool:
        return any(True for _ in self.shortcut.parameters())


class PreActivationBlock(_PreActivation):
    """Batch norm, ReLU and a 3x3 convolution, twice: y = x + f(x) with nothing on the way.

    Nothing follows the sum, so x_L = x_l + sum of f_i(x_i): the output holds every block's
    correction, and the gradient of the loss reaches each block unchanged besides. A shortcut
    with weights gets relu(norm(x)), which the authors' code shares between the two ways; one
    without weights gets x. Stochastic depth is in the block and off: see `set_survival_`.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Stride of the first convolution and of the shortcut.
        shortcut: `ShortcutA`, `ShortcutProjection`, or another module class or function that
            takes (in_channels, out_channels, stride=...).
        drop_prob: Probability that dropout between the convolutions sets an activation to
            zero, as in wide residual networks.

    Reference:
        He et al., "Identity Mappings in Deep Residual Networks", 2016, figure 1b, equation 4.
        arXiv:1603.05027; Zagoruyko and Komodakis, "Wide Residual Networks", 2016, figure 1d
        (dropout). arXiv:1605.07146.

    Example:
        >>> import torch
        >>> block = PreActivationBlock(4, 4)
        >>> block.silence_()
        >>> x = torch.randn(2, 4, 8, 8)
        >>> torch.equal(block(x), x)
        True
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        stride: int = 1,
        shortcut: Callable[..., nn.Module] = ShortcutA,
        drop_prob: float = 0.0,
    ) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = conv3x3(in_channels, out_channels, stride=stride)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.relu2 = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(drop_prob)
        self.conv2 = conv3x3(out_channels, out_channels)
        self.shortcut = shortcut(in_channels, out_channels, stride=stride)
        self.depth = StochasticDepth()

    def silence_(self) -> None:
        """Make f zero, so that a block between equal shapes is the identity."""
        nn.init.zeros_(self.conv2.weight)

    def _convolve(self, activated: Tensor) -> Tensor:
        y = self.relu2(self.norm2(self.conv1(activated)))
        return self.conv2(self.dropout(y))


class PreActivationBottleneck(_PreActivation):
    """Batch norm, ReLU and convolution three times: 1x1 (J -> K), 3x3, 1x1 (K -> J), 4K = J.

    Otherwise like `PreActivationBlock`: y = x + f(x) with nothing on the way. The stride
    belongs to the first convolution, as in the authors' code.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels J of the output, a multiple of 4.
        stride: Stride of the first convolution and of the shortcut.
        shortcut: `ShortcutProjection`, `ShortcutA`, or another module class or function that
            takes (in_channels, out_channels, stride=...).

    Raises:
        ValueError: If `out_channels` is no multiple of 4.

    Reference:
        He et al., "Identity Mappings in Deep Residual Networks", 2016, section 4 and
        appendix. arXiv:1603.05027.

    Example:
        >>> import torch
        >>> PreActivationBottleneck(16, 64)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 64, 8, 8])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        stride: int = 1,
        shortcut: Callable[..., nn.Module] = ShortcutProjection,
    ) -> None:
        super().__init__()
        width = bottleneck_width(out_channels)
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = conv1x1(in_channels, width, stride=stride)
        self.norm2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(width, width)
        self.norm3 = nn.BatchNorm2d(width)
        self.relu3 = nn.ReLU(inplace=True)
        self.conv3 = conv1x1(width, out_channels)
        self.shortcut = shortcut(in_channels, out_channels, stride=stride)
        self.depth = StochasticDepth()

    def silence_(self) -> None:
        """Make f zero, so that a block between equal shapes is the identity."""
        nn.init.zeros_(self.conv3.weight)

    def _convolve(self, activated: Tensor) -> Tensor:
        y = self.relu2(self.norm2(self.conv1(activated)))
        return self.conv3(self.relu3(self.norm3(self.conv2(y))))
