"""Initialisations that look at a batch of data: LSUV, and that of Krähenbühl et al."""

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from headway.nn.activations import Maxout, MaxoutConv2d
from headway.nn.fans import Convolution, TransposedConvolution
from headway.nn.initialization import initialize_

_Layer = nn.Linear | Convolution | TransposedConvolution
_Adjust = Callable[[str, _Layer, Tensor], bool]
# Where the reference implementation of Krähenbühl et al. stops, and at the latest.
_RATE_TOLERANCE, _RATE_ITERATIONS = 0.01, 10


@torch.no_grad()
def lsuv_(
    model: nn.Module,
    batch: Shaped[Tensor, "batch *shape"],
    *,
    tolerance: float = 0.1,
    max_iterations: int = 10,
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Start from orthogonal weights, and divide each layer's by the spread of its outputs.

    Layer by layer, in the order in which they run on `batch`, the weights are divided by the
    standard deviation of the layer's outputs until their variance is within `tolerance` of 1.
    Biases start at zero. The running statistics of normalisation layers and the random
    numbers of dropout are as before afterwards.

    Args:
        model: Network with linear and convolutional layers; it runs in the mode it is in.
        batch: Inputs, of the size that training uses.
        tolerance: Largest distance of the variance from 1.
        max_iterations: Divisions per layer at most; one is enough without biases.
        generator: Source of randomness of the weights. Defaults to the global generator.

    Returns:
        The same `model`.

    Raises:
        ValueError: If a layer's outputs do not vary, or are not finite.

    Reference:
        Mishkin and Matas, "All you need is a good init", 2015, algorithm 1.
        arXiv:1511.06422.

    Example:
        >>> net = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 3))
        >>> x = 5 + torch.randn(200, 8)
        >>> 0.9 < lsuv_(net, x)(x).var().item() < 1.1
        True
    """
    initialize_(model, "orthogonal", gain=1.0, generator=generator)

    def divide(name: str, layer: _Layer, output: Tensor) -> bool:
        variance = output.var()
        _refuse_unusable(name, variance)
        if abs(variance.item() - 1) < tolerance:
            return True
        layer.weight.div_(variance.sqrt())
        return False

    with _unchanged_state(model, batch):
        _adjust_in_order(model, batch, divide, max_iterations=max_iterations)
    return model


def krahenbuhl_(
    model: nn.Module,
    batch: Shaped[Tensor, "batch *shape"],
    *,
    mean: float = 0.0,
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Normalise every channel on a batch, then make all layers change at the same rate.

    First, layer by layer from Gaussian weights: W_k / std and b_k = mean - E z / std for each
    channel, so that its pre-activations have the given mean and variance 1. Then the rates
    C_k = |dl/dW_k| / |W_k|, for a random gradient at the outputs, are made equal: W_k is
    multiplied by sqrt(C_k / C) with the geometric mean C of all, and b_k by the product of
    these factors up to k, until the rates agree within 1 %. One round is exact for a chain of
    layers whose activations are positively homogeneous (ReLU, maxout, pooling), and leaves its
    outputs as they were; with others it is an approximation of ten rounds at most. The weights
    from PCA or k-means that the paper also tries are not here. Statistics, random numbers and
    gradients are as before afterwards.

    Args:
        model: Network with linear and convolutional layers; it runs in the mode it is in.
            A layer without a bias keeps the mean that it has.
        batch: Inputs; a hundred or more, for the statistics of every channel.
        mean: Of each channel's pre-activations.
        generator: Source of randomness. Defaults to the global generator.

    Returns:
        The same `model`.

    Raises:
        ValueError: If a channel does not vary, or is not finite.

    Reference:
        Krähenbühl et al., "Data-dependent Initializations of Convolutional Neural Networks",
        2015, algorithms 1 and 2. arXiv:1511.06856.

    Example:
        >>> net = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 3))
        >>> x = 5 + torch.randn(200, 8)
        >>> y = krahenbuhl_(net, x)(x)
        >>> torch.allclose(y.std(0), torch.ones(3), atol=0.01)
        True
    """
    initialize_(model, "lecun", generator=generator)

    def normalize(name: str, layer: _Layer, output: Tensor) -> bool:
        channels = output.movedim(-1 if isinstance(layer, nn.Linear) else 1, 0).flatten(1)
        std = channels.std(dim=1, correction=0)
        _refuse_unusable(name, std.min())
        shift = mean - channels.mean(dim=1) / std
        if isinstance(
            layer, Maxout | MaxoutConv2d
        ):  # all pieces of a channel move together
            std, shift = (x.repeat_interleave(layer.num_pieces) for x in (std, shift))
        _scale_channels_(layer, 1 / std)
        if layer.bias is not None:
            layer.bias.copy_(shift)
        return False

    with _unchanged_state(model, batch):
        with torch.no_grad():
            layers = _adjust_in_order(model, batch, normalize, max_iterations=1)
        _equalize_rates_(model, layers, batch, generator)
    return model


@contextmanager
def _unchanged_state(model: nn.Module, batch: Tensor) -> Generator[None]:
    """Put buffers and the global generators back as they were."""
    before = [(buffer, buffer.clone()) for buffer in model.buffers()]
    devices = [batch.device] if batch.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        with torch.no_grad():
            for buffer, value in before:
                buffer.copy_(value)


def _adjust_in_order(
    model: nn.Module, batch: Tensor, adjust: _Adjust, *, max_iterations: int
) -> list[_Layer]:
    """Run `model` once, adjust each layer when it runs first, and return them.

    What comes behind a layer sees its outputs after the adjustment, so that a single pass
    serves all layers. `adjust` returns whether the layer is good as it is.
    """
    order: list[_Layer] = []

    def listen(name: str, layer: _Layer) -> torch.utils.hooks.RemovableHandle:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
            if layer in order:
                return output
            order.append(layer)
            for _ in range(max_iterations):
                if adjust(name, layer, output):
                    break
                output = module.forward(*inputs)
            return output

        return layer.register_forward_hook(hook)

    handles = [
        listen(name, layer)
        for name, layer in model.named_modules()
        if isinstance(layer, _Layer)
    ]
    try:
        model(batch)
    finally:
        for handle in handles:
            handle.remove()
    return order


def _refuse_unusable(name: str, spread: Tensor) -> None:
    if not (spread > 0 and spread.isfinite()):
        raise ValueError(
            f"the outputs of layer {name!r} have a spread of {spread.item():.3g} on this "
            "batch: use a batch whose samples differ, and inputs that are finite"
        )


def _scale_channels_(layer: _Layer, factors: Float[Tensor, " channels"]) -> None:
    """Multiply the weights of each output channel by its factor."""
    if isinstance(layer, TransposedConvolution):
        groups = layer.weight.unflatten(0, (layer.groups, -1))
        rows = factors.view(layer.groups, 1, -1, *(1 for _ in layer.kernel_size))
        groups.mul_(rows)
    else:
        layer.weight.mul_(factors.view(-1, *(1 for _ in layer.weight.shape[1:])))


def _equalize_rates_(
    model: nn.Module,
    layers: list[_Layer],
    batch: Tensor,
    generator: torch.Generator | None,
) -> None:
    layers = [layer for layer in layers if layer.weight.requires_grad]
    weights = [layer.weight for layer in layers]
    noise: Tensor | None = None
    for _ in range(_RATE_ITERATIONS):
        with torch.enable_grad():
            outputs = model(batch)
            if noise is None:
                noise = torch.empty_like(outputs).normal_(generator=generator)
            grads = torch.autograd.grad(outputs, weights, noise)
        norms = [
            (grad.square().mean() / weight.detach().square().mean()).sqrt().item()
            for grad, weight in zip(grads, weights, strict=True)
        ]
        target = math.exp(sum(map(math.log, norms)) / len(norms))
        if all(abs(norm / target - 1) < _RATE_TOLERANCE for norm in norms):
            return
        _rescale_(layers, [math.sqrt(norm / target) for norm in norms])


@torch.no_grad()
def _rescale_(layers: list[_Layer], factors: list[float]) -> None:
    """Multiply the weights by their factor, and the biases by all factors up to theirs."""
    so_far = 1.0
    for layer, factor in zip(layers, factors, strict=True):
        so_far *= factor
        layer.weight.mul_(factor)
        if layer.bias is not None:
            layer.bias.mul_(so_far)
