"""A residual connection around any branch, and a plain layer that can pass its input on."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from headway.nn.branches import silence_branch_
from headway.nn.stochastic_depth import DropMode, StochasticDepth, bypass


class Residual(nn.Module):
    """Add a residual branch to a shortcut: y = activation(shortcut(x) + branch(x)).

    The shortcut is the map that the branch corrects. "identity" is He's: with a branch of zero
    weights and no activation, y is x itself. Where the shapes differ, `ShortcutA` pads with
    zeros, `ShortcutB` projects, `ShortcutC` projects everywhere; None is the fourth option, no
    residual connection: y = activation(branch(x)). Any other module makes a residual with
    respect to another map, such as an orthogonal one, Q x + R(x).

    Args:
        branch: The correction R.
        shortcut: What is added to it: "identity", a module, or None for nothing.
        activation: Applied to the sum, as ReLU is in He's first networks; None keeps the way
            from block to block free.
        drop_prob: Probability that the branch is left out while training; see
            `StochasticDepth`.
        drop_mode: "batch" or "row"; see `StochasticDepth`.

    Raises:
        ValueError: If there is no shortcut and `drop_prob` is above 0.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, equations 1 and 2.
        arXiv:1512.03385; McAllester, TTIC 31230, "A General Residual Connection".

    Example:
        >>> block = Residual(nn.Linear(3, 3))
        >>> _ = nn.init.zeros_(block.branch.weight), nn.init.zeros_(block.branch.bias)
        >>> block(torch.tensor([[1.0, -2.0, 3.0]]))
        tensor([[ 1., -2.,  3.]], grad_fn=<AddBackward0>)
    """

    def __init__(
        self,
        branch: nn.Module,
        shortcut: nn.Module | Literal["identity"] | None = "identity",
        *,
        activation: nn.Module | None = None,
        drop_prob: float = 0.0,
        drop_mode: DropMode = "batch",
    ) -> None:
        super().__init__()
        if shortcut is None and drop_prob > 0.0:
            raise ValueError(
                f"drop_prob must be 0 without a shortcut, got {drop_prob}: nothing would be "
                "left of the block"
            )
        self.branch = branch
        self.shortcut = nn.Identity() if isinstance(shortcut, str) else shortcut
        self.depth = StochasticDepth(drop_prob, mode=drop_mode)
        self.activation = nn.Identity() if activation is None else activation

    def forward(
        self, x: Float[Tensor, "batch *shape"]
    ) -> Float[Tensor, "batch *out_shape"]:
        """Return activation(shortcut(x) + branch(x)).

        Raises:
            ValueError: If branch and shortcut return different shapes.
        """
        y = self.depth.run(self.branch, x)
        if y is None:
            return self.skip(bypass(x, self))
        if self.shortcut is not None:
            y = self._add(y, self.shortcut(x))
        return self.activation(y)

    def skip(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch *out_shape"]:
        """Return activation(shortcut(x)): what is left of the block without its branch."""
        assert self.shortcut is not None
        return self.activation(self.shortcut(x))

    def silence_(self) -> None:
        """Make the branch zero, so that with the identity as shortcut x passes on.

        Raises:
            TypeError: If the branch does not end in a layer with weights.
        """
        silence_branch_(self.branch)

    def _add(self, branch: Tensor, shortcut: Tensor) -> Tensor:
        if branch.shape != shortcut.shape:
            raise ValueError(
                f"the branch returns shape {tuple(branch.shape)} and the shortcut "
                f"{tuple(shortcut.shape)}; make the shortcut ShortcutA or ShortcutB with the "
                "channels and the stride of the branch"
            )
        return shortcut + branch


class ShiftedReLU(nn.Module):
    """Shift, rectify and shift back: y = max(x + c, 0) - c = max(x, -c).

    It is x itself for every x >= -c, so a plain ReLU network can represent the identity: the
    biases of two layers hold c. It is hard to find by training rather than impossible. Written
    with the last sign the other way, as "max(x - inf, 0) + inf" in one lecture, x = 3 and
    c = 100 give 100.

    Args:
        shift: The c of the formula, at least 0. In float32 the identity is exact only for an x
            that keeps its digits beside c.

    Raises:
        ValueError: If `shift` is negative.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, section 1: a deeper
        network could do as well by identity layers. arXiv:1512.03385.

    Example:
        >>> ShiftedReLU(100.0)(torch.tensor([3.0, -3.0, -200.0]))
        tensor([   3.,   -3., -100.])
    """

    def __init__(self, shift: float) -> None:
        super().__init__()
        if shift < 0:
            raise ValueError(f"shift must be at least 0, got {shift}")
        self.shift = shift

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return max(x + shift, 0) - shift."""
        return torch.relu(x + self.shift) - self.shift

    def extra_repr(self) -> str:
        """Return what `print` shows between the brackets."""
        return f"shift={self.shift:g}"
