"""Initialisations for very deep networks."""

import math

import torch
from torch import Tensor, nn

from headway.nn.fans import Convolution


@torch.no_grad()
def delta_orthogonal_(
    layer: nn.Module, *, gain: float = 1.0, generator: torch.Generator | None = None
) -> Tensor:
    """Make a convolution an isometry: an orthogonal matrix at the kernel's center, else 0.

    With W' W = gain**2 I at the center, every pixel's vector of channels keeps its norm (times
    `gain`), so that a stack of such layers neither shrinks nor stretches any direction.
    An orthogonal matrix over the flattened kernel (`torch.nn.init.orthogonal_`) does not give
    that.

    Args:
        layer: Convolution with odd kernel sizes, one group, and no fewer channels at its
            output than at its input.
        gain: Factor on the norm.
        generator: Source of randomness. Defaults to the global generator.

    Returns:
        The layer's weight.

    Raises:
        ValueError: If the layer is not such a convolution.

    Reference:
        Xiao et al., "Dynamical Isometry and a Mean Field Theory of CNNs", 2018,
        algorithm 2. arXiv:1806.05393.

    Example:
        >>> convolution = nn.Conv2d(4, 8, 3, padding=1, bias=False)
        >>> _ = delta_orthogonal_(convolution)
        >>> x = torch.randn(1, 4, 5, 5)
        >>> torch.allclose(convolution(x).norm(dim=1), x.norm(dim=1), atol=1e-5)
        True
    """
    if not isinstance(layer, Convolution) or layer.groups != 1:
        raise ValueError(
            f"delta-orthogonal weights are for convolutions of one group, got {layer}"
        )
    if layer.in_channels > layer.out_channels or any(k % 2 == 0 for k in layer.kernel_size):
        raise ValueError(
            "delta-orthogonal weights need odd kernel sizes and no fewer output than input "
            f"channels, got {layer}"
        )
    center = (slice(None), slice(None), *(k // 2 for k in layer.kernel_size))
    matrix = torch.empty_like(layer.weight[center])
    layer.weight.zero_()[center] = nn.init.orthogonal_(matrix, gain, generator)
    return layer.weight


def random_walk_gain(fan_in: float, *, gain: float = math.sqrt(2.0)) -> float:
    """Return the gain that keeps the logarithm of a signal's norm, not its mean square.

    He's weights keep the mean of the squared norm over draws; its logarithm then drifts
    downwards by (k - 1) / (2 fan_in) a layer, where k is the kurtosis of the activations'
    distribution, and in narrow and deep networks typical signals fade. This gain makes the
    logarithm a random walk without drift:

        linear: exp(1 / (2 n)),  ReLU: sqrt(2) exp(1.2 / (max(n, 6) - 2.4)),  n = fan_in.

    Args:
        fan_in: Inputs of a unit.
        gain: sqrt(2) for ReLU, 1 for linear layers.

    Raises:
        ValueError: If the gain is that of another activation.

    Reference:
        Sussillo and Abbott, "Random Walk Initialization for Training Very Deep Feedforward
        Networks", 2014, equations 9 and 16. arXiv:1412.6558.

    Example:
        >>> round(random_walk_gain(100.0), 4), round(random_walk_gain(100.0, gain=1.0), 4)
        (1.4317, 1.005)
    """
    if math.isclose(gain, 1.0):
        return math.exp(1 / (2 * fan_in))
    if math.isclose(gain, math.sqrt(2.0)):
        return math.sqrt(2.0) * math.exp(1.2 / (max(fan_in, 6) - 2.4))
    raise ValueError(
        "random walk initialisation is known for gains 1 (linear) and sqrt(2) (ReLU), got "
        f"{gain:.4g}: use another scheme"
    )


def fixup_scale(num_branches: int, layers_in_branch: int) -> float:
    """Return Fixup's factor L ** (-1 / (2 m - 2)) on the weights inside residual branches.

    With it, and the last layer of each branch at zero, one step of gradient descent changes
    the function by an amount that does not grow with the number of branches.

    Args:
        num_branches: L, residual branches of the network.
        layers_in_branch: m, weight layers of each branch, at least 2.

    Raises:
        ValueError: If a branch has one layer, which Fixup sets to zero, or there is none.

    Reference:
        Zhang et al., "Fixup Initialization: Residual Learning Without Normalization", 2019,
        section 3. arXiv:1901.09321.

    Example:
        >>> fixup_scale(num_branches=100, layers_in_branch=2)
        0.1
    """
    if num_branches < 1 or layers_in_branch < 2:
        raise ValueError(
            "Fixup scales branches of at least 2 layers, of which there is at least 1, got "
            f"num_branches={num_branches} and layers_in_branch={layers_in_branch}"
        )
    return num_branches ** (-1 / (2 * layers_in_branch - 2))
