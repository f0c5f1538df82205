"""Initialisation that keeps the scale of the activations from layer to layer."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn


@torch.no_grad()
def kaiming_normal_(
    weight: Float[Tensor, "out_features in_features *kernel"],
    *,
    gain: float = math.sqrt(2.0),
    generator: torch.Generator | None = None,
) -> Float[Tensor, "out_features in_features *kernel"]:
    """Fill `weight` in place with N(0, gain**2 / fan_in).

    Keeps the second moment of the activations equal from layer to layer. With `gain=1` this
    is LeCun's initialisation (also called Xavier with fan-in), which some texts call He's.

    Args:
        weight: Weight of a linear or convolutional layer.
        gain: Makes up for what the nonlinearity removes: sqrt(2) for ReLU, 1 for none.
        generator: Source of randomness. Defaults to the global generator.

    Raises:
        ValueError: If an output unit of `weight` has no inputs.

    Reference:
        He et al., "Delving Deep into Rectifiers", 2015, section 2.2. arXiv:1502.01852.
    """
    fan_in = math.prod(weight.shape[1:])
    if weight.ndim < 2 or fan_in == 0:
        raise ValueError(
            "weight must have shape (out_features, in_features, *kernel) with at least "
            f"one input, got {tuple(weight.shape)}"
        )
    return weight.normal_(0.0, gain / math.sqrt(fan_in), generator=generator)


def initialize_(module: nn.Module, *, gain: float = math.sqrt(2.0)) -> nn.Module:
    """Give every linear and convolutional layer He's weights and zero biases, in place.

    Args:
        module: Network whose normalisation layers keep their own start (scale 1, shift 0).
        gain: See `kaiming_normal_`.

    Returns:
        The same `module`.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d):
            kaiming_normal_(layer.weight, gain=gain)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return module
