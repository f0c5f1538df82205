"""Residual blocks that train without normalisation, by the way they start."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from headway.nn.convolutions import conv3x3
from headway.nn.initialization import kaiming_normal_
from headway.nn.initialization_deep import fixup_scale
from headway.nn.residual import ShortcutA
from headway.nn.stochastic_depth import StochasticDepth, bypass


class FixupBlock(nn.Module):
    """Two 3x3 convolutions without norm: y = relu(shortcut(x) + s f(x) + b4).

    f(x) = conv2(relu(conv1(x + b1) + b2) + b3). The scalars b1 ... b4 (start 0) and s (start 1)
    stand for what batch norm would shift and scale. `initialize_fixup_` gives the whole network
    its start. Stochastic depth is in the block and off: see `set_survival_`.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Stride of the first convolution and of the shortcut.
        shortcut: `ShortcutA`, `ShortcutProjection`, or another module class or function that
            takes (in_channels, out_channels, stride=...) and has no norm.

    Reference:
        Zhang et al., "Fixup Initialization: Residual Learning Without Normalization", 2019,
        figure 1 right. arXiv:1901.09321.

    Example:
        >>> block = FixupBlock(4, 4)
        >>> _ = initialize_fixup_(block)
        >>> x = torch.rand(2, 4, 8, 8)
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
    ) -> None:
        super().__init__()
        self.bias1 = nn.Parameter(torch.zeros(1))
        self.conv1 = conv3x3(in_channels, out_channels, stride=stride)
        self.bias2 = nn.Parameter(torch.zeros(1))
        self.relu1 = nn.ReLU(inplace=True)
        self.bias3 = nn.Parameter(torch.zeros(1))
        self.conv2 = conv3x3(out_channels, out_channels)
        self.scale = nn.Parameter(torch.ones(1))
        self.bias4 = nn.Parameter(torch.zeros(1))
        self.shortcut = shortcut(in_channels, out_channels, stride=stride)
        self.depth = StochasticDepth()
        self.relu2 = nn.ReLU(inplace=True)

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return relu(shortcut(x) + s f(x) + b4)."""
        y = self.depth.run(self.branch, x)
        return self.skip(bypass(x, self)) if y is None else self.relu2(self.shortcut(x) + y)

    def branch(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return s f(x) + b4."""
        y = self.relu1(self.conv1(x + self.bias1) + self.bias2)
        return self.scale * self.conv2(y + self.bias3) + self.bias4

    def skip(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return relu(shortcut(x)): what is left of the block without its branch."""
        return self.shortcut(x).relu()

    def silence_(self) -> None:
        """Make the branch zero, so that a block between equal shapes passes on x >= 0."""
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.bias4)


def initialize_fixup_(
    network: nn.Module, *, generator: torch.Generator | None = None
) -> nn.Module:
    """Start the `FixupBlock`s of a network as Fixup does, in place.

    With L blocks of m = 2 convolutions each, the first convolution of a branch gets He's
    weights times L^(-1 / (2m - 2)) and the last one zero, so that one step of SGD changes the
    network's function by the same amount at any depth. Layers outside of the blocks keep what
    they have, but the last linear layer starts at zero.

    Args:
        network: Holds the blocks.
        generator: Source of randomness. Defaults to the global generator.

    Returns:
        The same `network`.

    Raises:
        ValueError: If the network has no `FixupBlock`.

    Reference:
        Zhang et al., "Fixup Initialization: Residual Learning Without Normalization", 2019,
        section 3, rules 1 to 3. arXiv:1901.09321.
    """
    blocks = [module for module in network.modules() if isinstance(module, FixupBlock)]
    if not blocks:
        raise ValueError(
            f"{type(network).__name__} has no FixupBlock; initialize_ is for other networks"
        )
    factor = fixup_scale(len(blocks), layers_in_branch=2)
    for block in blocks:
        kaiming_normal_(block.conv1.weight, gain=2.0**0.5 * factor, generator=generator)
        block.silence_()
    linears = [module for module in network.modules() if isinstance(module, nn.Linear)]
    for layer in linears[-1:]:
        for parameter in layer.parameters():
            nn.init.zeros_(parameter)
    return network
