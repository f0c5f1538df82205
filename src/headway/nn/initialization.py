"""Initialisation that keeps the scale of the activations from layer to layer."""

import math
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from headway.nn.fans import Recurrent, WeightLayer, fans, num_gates
from headway.nn.initialization_deep import delta_orthogonal_, random_walk_gain
from headway.nn.initialization_gains import gains_that_follow

Scheme = Literal[
    "he",
    "he-uniform",
    "he-fan-out",
    "he-fan-out-uniform",
    "lecun",
    "xavier",
    "xavier-uniform",
    "xavier-fan-in",
    "xavier-fan-in-uniform",
    "orthogonal",
    "delta-orthogonal",
    "random-walk",
]
Distribution = Literal["normal", "uniform"]


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


@torch.no_grad()
def variance_scaling_(
    weight: Float[Tensor, "*shape"],
    fan: float,
    *,
    gain: float = 1.0,
    distribution: Distribution = "normal",
    generator: torch.Generator | None = None,
) -> Float[Tensor, "*shape"]:
    """Fill `weight` in place with mean zero and variance gain**2 / fan.

    The fan makes the scheme: fan_in for LeCun (gain 1) and He (gain sqrt(2)), fan_out for
    He's other choice, (fan_in + fan_out) / 2 for Glorot's compromise 2 / (n_i + n_{i+1}).
    Uniform means U[-a, a] with a = sqrt(3 gain**2 / fan), since Var U[-a, a] = a**2 / 3;
    with Glorot's fan, a = sqrt(6 / (n_i + n_{i+1})).

    Args:
        weight: Any weight; its own shape does not matter.
        fan: See `fans`.
        gain: See `activation_gain`.
        distribution: Of the values; only their variance matters in wide layers.
        generator: Source of randomness. Defaults to the global generator.

    Raises:
        ValueError: If `fan` is not positive.

    Reference:
        Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
        networks", 2010, equations 12 and 16; LeCun et al., "Efficient BackProp", 1998,
        equation 16 (fan_in).

    Example:
        >>> layer = nn.ConvTranspose2d(64, 64, 2, stride=2)
        >>> weight = variance_scaling_(layer.weight, fans(layer)[0])
        >>> abs(weight.std().item() - 1 / 8) < 0.01
        True
    """
    if fan <= 0:
        raise ValueError(f"fan must be positive, got {fan}")
    std = gain / math.sqrt(fan)
    if distribution == "normal":
        return weight.normal_(0.0, std, generator=generator)
    bound = math.sqrt(3.0) * std
    return weight.uniform_(-bound, bound, generator=generator)


def initialize_(
    module: nn.Module,
    scheme: Scheme = "he",
    *,
    gain: float | Literal["auto"] = "auto",
    recurrent: Scheme | None = "orthogonal",
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Give every linear, convolutional and recurrent layer new weights and zero biases.

    | scheme | variance of a weight |
    |---|---|
    | he | gain**2 / fan_in, with gain**2 = 2 for ReLU |
    | he-fan-out | gain**2 / fan_out: keeps the gradients instead of the activations |
    | lecun, xavier-fan-in | 1 / fan_in: one thing under two names, which some texts call He |
    | xavier | 2 / (fan_in + fan_out), Glorot's compromise |
    | orthogonal | orthogonal matrices, of each gate and each group |
    | delta-orthogonal | orthogonal at the center of a convolution's kernel, zero elsewhere |
    | random-walk | g**2 / fan_in with the g of Sussillo and Abbott, for linear and ReLU |

    "he" leaves the variance of the gradient with a factor n_{d+1} / n_1, the last width over
    the first (one lecture has n_2 / n_d); "he-fan-out" leaves the signal's with its inverse.
    "-uniform" draws from a uniform distribution of the same variance. "auto" takes the gain of
    the activation that follows a layer, and 1 where none does, as after the last layer. What
    follows is read from the traced graph (`torch.fx`), through normalisation, pooling,
    dropout and sums; a module that cannot be traced is taken to run its layers in the order
    in which it holds them. "lecun" and "xavier" are defined without a gain, so "auto" is 1
    for them, and for recurrent layers. With "delta-orthogonal" linear and recurrent layers
    become orthogonal.

    Args:
        module: Network or layer. Normalisation layers, embeddings and other parameters keep
            their own start.
        scheme: See above.
        gain: Number for all layers, or "auto".
        recurrent: Scheme of the hidden-to-hidden matrices, gate by gate; None for `scheme`.
        generator: Source of randomness. Defaults to the global generator.

    Returns:
        The same `module`.

    Raises:
        ValueError: If a scheme is unknown, or does not suit a gain ("random-walk") or a
            layer ("delta-orthogonal").

    Reference:
        See `kaiming_normal_`, `variance_scaling_`, `delta_orthogonal_`, `random_walk_gain`;
        Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear
        neural networks", 2013 (orthogonal). arXiv:1312.6120.

    Example:
        >>> net = nn.Sequential(nn.Linear(100, 400), nn.ReLU(), nn.Linear(400, 10))
        >>> _ = initialize_(net)
        >>> abs(net[0].weight.std().item() - (2 / 100) ** 0.5) < 0.005
        True
    """
    for choice in (scheme, recurrent):
        if choice is not None and choice not in get_args(Scheme):
            raise ValueError(
                f"unknown scheme {choice!r}; known: {', '.join(get_args(Scheme))}"
            )
    gains: dict[str, float] = {}
    if gain == "auto" and not scheme.startswith(("lecun", "xavier")):
        gains = gains_that_follow(module)
    for name, layer in module.named_modules():
        if not isinstance(layer, WeightLayer):
            continue
        own_gain = gains.get(name, 1.0) if gain == "auto" else gain
        for parameter, value in layer.named_parameters(recurse=False):
            if value.ndim < 2:
                nn.init.zeros_(value)
                continue
            is_hidden = isinstance(layer, Recurrent) and "hh" in parameter
            chosen = recurrent if is_hidden and recurrent is not None else scheme
            _fill(layer, parameter, chosen, gain=own_gain, generator=generator)
    return module


def _fill(
    layer: WeightLayer,
    parameter: str,
    scheme: Scheme,
    *,
    gain: float,
    generator: torch.Generator | None,
) -> None:
    weight = layer.get_parameter(parameter)
    is_convolution = not isinstance(layer, nn.Linear | Recurrent)
    if scheme == "delta-orthogonal" and is_convolution:
        delta_orthogonal_(layer, gain=gain, generator=generator)
        return
    if scheme in ("orthogonal", "delta-orthogonal"):
        num_blocks = layer.groups if is_convolution else 1
        if isinstance(layer, Recurrent):
            num_blocks = num_gates(layer)
        for block in weight.detach().chunk(num_blocks):
            nn.init.orthogonal_(block, gain, generator)
        return
    fan_in, fan_out = fans(layer, parameter)
    if scheme == "random-walk":
        gain = random_walk_gain(fan_in, gain=gain)
    variance_scaling_(
        weight,
        _fan(scheme, fan_in, fan_out),
        gain=gain,
        distribution="uniform" if scheme.endswith("-uniform") else "normal",
        generator=generator,
    )


def _fan(scheme: Scheme, fan_in: float, fan_out: float) -> float:
    if scheme in ("xavier", "xavier-uniform"):
        return (fan_in + fan_out) / 2
    return fan_out if "fan-out" in scheme else fan_in
