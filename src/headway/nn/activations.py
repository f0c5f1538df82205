"""Activations that torch.nn lacks: maxout, and a ReLU with random subgradients."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Maxout(nn.Linear):
    """The largest of k affine maps: y_j = max_i (w_ij' x + b_ij).

    A convex, piecewise linear unit that neither saturates nor dies, at k times the
    parameters of a linear layer. With w_2j = b_2j = 0 it is a ReLU, with w_2j = a w_1j a
    leaky one. The pieces of unit j are the rows k * j to k * j + k - 1 of `weight`. It
    starts with weights of variance 1 / (fan_in * E max z**2), where z are k independent
    standard normals, which keeps the second moment; and with zero biases.

    Args:
        in_features: Size of an input.
        out_features: Size of an output.
        num_pieces: k, how many affine maps compete for each output.
        bias: Whether the maps have biases.

    Raises:
        ValueError: If there are fewer than two pieces.

    Reference:
        Goodfellow et al., "Maxout Networks", 2013, section 3. arXiv:1302.4389.

    Example:
        >>> Maxout(8, 4)(torch.zeros(2, 8)).shape
        torch.Size([2, 4])
    """

    def __init__(
        self, in_features: int, out_features: int, *, num_pieces: int = 2, bias: bool = True
    ) -> None:
        self.num_pieces = _checked_pieces(num_pieces)
        super().__init__(in_features, num_pieces * out_features, bias=bias)

    @property
    def gain(self) -> float:
        """Factor on the weights that keeps the second moment of the outputs."""
        return _maxout_gain(self.num_pieces)

    def reset_parameters(self) -> None:
        """Draw the weights anew and set the biases to zero."""
        _reset(self, self.in_features)

    def forward(
        self, input: Float[Tensor, "*batch in_features"]
    ) -> Float[Tensor, "*batch out_features"]:
        """Return the largest piece of each unit."""
        return super().forward(input).unflatten(-1, (-1, self.num_pieces)).amax(-1)


class MaxoutConv2d(nn.Conv2d):
    """Maxout over k convolutions: at each place the largest of k channels.

    See `Maxout`; the pieces of output channel j are the filters k * j to k * j + k - 1.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Side of the filters.
        num_pieces: k, how many filters compete for each output channel.
        stride: Distance of the places at which the filters are applied.
        padding: Zeros around the image.
        bias: Whether the filters have biases.

    Raises:
        ValueError: If there are fewer than two pieces.

    Reference:
        Goodfellow et al., "Maxout Networks", 2013, section 3. arXiv:1302.4389.

    Example:
        >>> MaxoutConv2d(3, 4, 3, padding=1)(torch.zeros(2, 3, 8, 8)).shape
        torch.Size([2, 4, 8, 8])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        num_pieces: int = 2,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
    ) -> None:
        self.num_pieces = _checked_pieces(num_pieces)
        super().__init__(
            in_channels,
            num_pieces * out_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            bias=bias,
        )

    @property
    def gain(self) -> float:
        """Factor on the weights that keeps the second moment of the outputs."""
        return _maxout_gain(self.num_pieces)

    def reset_parameters(self) -> None:
        """Draw the weights anew and set the biases to zero."""
        _reset(self, self.in_channels * math.prod(self.kernel_size))

    def forward(
        self, input: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        """Return the largest piece of each channel at every place."""
        return super().forward(input).unflatten(1, (-1, self.num_pieces)).amax(2)


class SmartReLU(nn.Module):
    """max(0, x) whose derivative at exactly 0 is drawn from U[0, 1], afresh in each pass.

    Every number in [0, 1] is a subgradient of max(0, x) at 0; torch takes 0. The lecture
    that proposes the draw claims that it revives dead units and lets a network train whose
    weights are all zero. Both are false. A dead unit has x < 0, not x = 0, and there the
    derivative is still 0. With all weights zero, dL/dW_l = delta_l h_{l-1}' is zero since
    the activations h are, and every delta but the last since it passes a zero W_{l+1}:
    only the last bias moves, as with ReLU. The draw does help where a single layer is zero
    and its neighbors are not: all its units sit at x = 0, ReLU blocks their gradient and
    this does not. Outside training it draws nothing and is ReLU.

    Reference:
        MIT 6.867, lecture 11, "Smart-ReLUs" (an exercise, not a published method).

    Example:
        >>> x = torch.tensor([-1.0, 2.0], requires_grad=True)
        >>> SmartReLU()(x).sum().backward()
        >>> x.grad
        tensor([0., 1.])
    """

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return max(0, x)."""
        if not self.training:
            return x.relu()
        return torch.where(x == 0, torch.rand_like(x) * x, x.relu())


def _checked_pieces(num_pieces: int) -> int:
    if num_pieces < 2:
        raise ValueError(f"maxout needs at least 2 pieces, got num_pieces={num_pieces}")
    return num_pieces


def _maxout_gain(num_pieces: int) -> float:
    """Return 1 / sqrt(E max z**2) of independent standard normals z."""
    z = torch.linspace(-12.0, 12.0, 4801, dtype=torch.float64, device="cpu")
    density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)
    below = torch.special.ndtr(z) ** (num_pieces - 1)
    # Of a smooth function that vanishes at both ends, the sum is exact to rounding.
    second_moment = (num_pieces * z.square() * density * below).sum() * (24.0 / 4800)
    return float(second_moment.rsqrt())


@torch.no_grad()
def _reset(layer: Maxout | MaxoutConv2d, fan_in: int) -> None:
    if fan_in:
        layer.weight.normal_(0.0, layer.gain / math.sqrt(fan_in))
    if layer.bias is not None:
        layer.bias.zero_()
