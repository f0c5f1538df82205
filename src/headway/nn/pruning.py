"""Pruning by magnitude with masks that hold during training, and rewinding: lottery tickets."""

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.utils import parametrize

from headway.nn.fans import Convolution, TransposedConvolution

_Layer = nn.Linear | Convolution | TransposedConvolution
_ORIGINAL, _MASK = "parametrizations.weight.original", "parametrizations.weight.0.mask"


class PruningMask(nn.Module):
    """Parametrization of a weight whose pruned entries are zero whatever the optimizer does.

    Momentum and weight decay may still move the numbers behind the mask; the weight that the
    layer uses stays exactly zero there, and passes no gradient.

    Args:
        mask: True where the weight is kept.
    """

    mask: Tensor

    def __init__(self, mask: Bool[Tensor, "*shape"]) -> None:
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return `weight` with zeros where it is pruned."""
        return weight.where(self.mask, 0.0)


@torch.no_grad()
def prune_(
    model: nn.Module, fraction: float, *, last_layer_fraction: float | None = None
) -> nn.Module:
    """Take the smallest of the remaining weights out of every layer, in place.

    Each linear and convolutional layer loses `fraction` of the weights that it still has,
    those of the smallest magnitude; biases stay. n rounds leave (1 - fraction)**n. The masks
    are parametrizations (`PruningMask`) and hold under any optimizer;
    `torch.nn.utils.parametrize.remove_parametrizations` makes the zeros permanent and drops
    the masks. Make the optimizer before the first round or after it: the parameters stay the
    same objects.

    Args:
        model: Network to prune.
        fraction: Share of the remaining weights that goes, from 0 to 1.
        last_layer_fraction: The same for the last layer. Defaults to half of `fraction`, as
            in the paper.

    Returns:
        The same `model`.

    Raises:
        ValueError: If a fraction is not between 0 and 1, or there is no layer.

    Reference:
        Frankle and Carbin, "The Lottery Ticket Hypothesis", 2019, section 1 and appendix G
        (rates). arXiv:1803.03635.

    Example:
        >>> net = nn.Sequential(nn.Linear(10, 10), nn.ReLU(), nn.Linear(10, 10))
        >>> sparsity(prune_(net, 0.2))
        0.15
    """
    if last_layer_fraction is None:
        last_layer_fraction = fraction / 2
    for value in (fraction, last_layer_fraction):
        if not 0 <= value <= 1:
            raise ValueError(f"a fraction of weights lies between 0 and 1, got {value}")
    layers = _layers(model)
    for layer in layers:
        share = last_layer_fraction if layer is layers[-1] else fraction
        mask = _mask(layer)
        mask.copy_(_keep_largest(layer.weight, mask, share))
    return model


@torch.no_grad()
def rewind_(model: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """Set all parameters and buffers to those of `state`, and keep the masks.

    With the state before training this makes the winning ticket; with that of an early step
    it is late rewinding.

    Args:
        model: Network, pruned or not.
        state: Copy of `model.state_dict()` from before pruning or since.

    Returns:
        The same `model`.

    Raises:
        ValueError: If `state` lacks a parameter or buffer, or has it in another shape.

    Reference:
        Frankle and Carbin, "The Lottery Ticket Hypothesis", 2019, section 1 (step 4).
        arXiv:1803.03635.

    Example:
        >>> net = nn.Linear(4, 4)
        >>> start = {name: value.clone() for name, value in net.state_dict().items()}
        >>> _ = prune_(net, 0.5, last_layer_fraction=0.5)
        >>> nn.init.zeros_(net.bias)
        Parameter containing:
        tensor([0., 0., 0., 0.], requires_grad=True)
        >>> torch.equal(rewind_(net, start).bias, start["bias"]), sparsity(net)
        (True, 0.5)
    """
    for name, value in model.state_dict().items():
        if name.endswith(_MASK):
            continue
        plain = name.replace(_ORIGINAL, "weight")
        saved = state.get(name, state.get(plain))
        if saved is None or saved.shape != value.shape:
            found = "nothing" if saved is None else f"shape {tuple(saved.shape)}"
            raise ValueError(
                f"the state to rewind to must hold {plain!r} with shape "
                f"{tuple(value.shape)}, got {found}: take it from the same model"
            )
        value.copy_(saved)
    return model


def sparsity(model: nn.Module) -> float:
    """Return the share of weights of linear and convolutional layers that are zero.

    Example:
        >>> sparsity(nn.Linear(3, 3))
        0.0
    """
    weights = [layer.weight.detach() for layer in _layers(model)]
    zeros = sum(weight.numel() - int(weight.count_nonzero()) for weight in weights)
    return zeros / sum(weight.numel() for weight in weights)


def _layers(model: nn.Module) -> list[_Layer]:
    layers = [module for module in model.modules() if isinstance(module, _Layer)]
    if not layers:
        raise ValueError(
            "pruning takes weights of linear and convolutional layers, and "
            f"{type(model).__name__} has none"
        )
    return layers


def _mask(layer: _Layer) -> Tensor:
    """Return the mask of a layer's weight, which gets one where it has none."""
    if not parametrize.is_parametrized(layer, "weight"):
        mask = torch.ones_like(layer.weight, dtype=torch.bool)
        parametrize.register_parametrization(layer, "weight", PruningMask(mask))
    return layer.get_buffer(_MASK)


def _keep_largest(weight: Tensor, mask: Tensor, fraction: float) -> Tensor:
    """Return `mask` without that fraction of its entries whose weights are smallest."""
    num_pruned = round(fraction * int(mask.sum()))
    magnitudes = weight.abs().masked_fill(~mask, torch.inf).flatten()
    kept = mask.flatten().clone()
    kept[magnitudes.argsort(stable=True)[:num_pruned]] = False
    return kept.view_as(mask)
