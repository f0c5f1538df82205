"""Data-dependent start of weight normalization; the layers themselves are torch's."""

from contextlib import ExitStack
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import (
    _WeightNorm,  # pyright: ignore[reportPrivateUsage]
)
from torch.nn.utils.parametrize import is_parametrized


@torch.no_grad()
def initialize_weight_norm_(model: nn.Module, inputs: Tensor) -> nn.Module:
    """Give the outputs of weight-normalized layers mean 0 and variance 1 on a batch.

    With w = g v / ||v||, the outputs t = v x / ||v|| have a mean and a standard deviation
    over the batch; g becomes 1 / std and the bias -mean / std, layer by layer in the order
    in which the network runs. Layers without a bias keep their mean.

    Args:
        model: Network with layers under
            `torch.nn.utils.parametrizations.weight_norm(layer, dim=0)`, torch's default. It
            is run once in its present mode.
        inputs: A batch of training inputs with at least two values per channel.

    Returns:
        The same `model`.

    Raises:
        ValueError: If no layer is weight-normalized, or an output does not vary.

    Reference:
        Salimans and Kingma, "Weight Normalization: A Simple Reparameterization to
        Accelerate Training of Deep Neural Networks", 2016, equations 5 and 6.
        arXiv:1602.07868.

    Example:
        >>> layer = torch.nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
        >>> x = 5 + torch.randn(64, 3)
        >>> y = initialize_weight_norm_(layer, x)(x)
        >>> torch.allclose(y.mean(0), torch.zeros(2), atol=1e-4)
        True
    """
    layers = [module for module in model.modules() if _is_weight_normalized(module)]
    if not layers:
        raise ValueError(
            "model has no weight-normalized layer: apply "
            "torch.nn.utils.parametrizations.weight_norm to its layers first"
        )
    with ExitStack() as hooks:
        for layer in layers:
            hooks.callback(layer.register_forward_hook(_normalize_outputs).remove)
        model(inputs)
    return model


def _is_weight_normalized(module: nn.Module) -> bool:
    if not is_parametrized(module, "weight"):
        return False
    steps = cast(Any, module).parametrizations.weight
    return any(isinstance(step, _WeightNorm) for step in steps)


def _normalize_outputs(
    layer: nn.Module, inputs: tuple[Any, ...], outputs: Tensor
) -> Tensor:
    gain: Tensor = cast(Any, layer).parametrizations.weight.original0
    channel = outputs.ndim - 1 if isinstance(layer, nn.Linear) else 1
    shape = [-1 if dim == channel else 1 for dim in range(outputs.ndim)]
    dims = [dim for dim in range(outputs.ndim) if dim != channel]
    std, mean = torch.std_mean(outputs, dims, correction=0)
    if not bool((std > 0).all()):
        raise ValueError(
            "an output of a weight-normalized layer does not vary over the batch"
        )
    gain.div_(std.view_as(gain))
    bias = cast(Tensor | None, layer.bias)
    if bias is None:
        return outputs / std.view(shape)
    bias.sub_(mean).div_(std)
    return (outputs - mean.view(shape)) / std.view(shape)
