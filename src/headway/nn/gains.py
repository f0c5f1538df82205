"""What a nonlinearity takes from the scale of a signal, and the factor that gives it back."""

import copy
import math
from collections.abc import Callable, Mapping
from functools import lru_cache, partial

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor, nn

from headway.nn.activations import Maxout, MaxoutConv2d

Function = Callable[[Tensor], Tensor]

ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "prelu": nn.PReLU,
    "rrelu": nn.RReLU,
    "relu6": nn.ReLU6,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "celu": nn.CELU,
    "gelu": nn.GELU,
    "gelu_tanh": partial(nn.GELU, approximate="tanh"),
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "sigmoid": nn.Sigmoid,
    "logsigmoid": nn.LogSigmoid,
    "tanh": nn.Tanh,
    "tanhshrink": nn.Tanhshrink,
    "hardtanh": nn.Hardtanh,
    "hardsigmoid": nn.Hardsigmoid,
    "hardswish": nn.Hardswish,
    "hardshrink": nn.Hardshrink,
    "softshrink": nn.Softshrink,
}
"""Elementwise activations of torch.nn by the names that torch.nn.functional gives them."""


def activation_gain(activation: str | nn.Module | Function) -> float:
    """Return g = 1 / sqrt(E f(z)**2) for z ~ N(0, 1).

    Weights of variance g**2 / fan_in keep the second moment of the pre-activations at 1.
    Closed forms: 1 for linear, sqrt(2) for ReLU, sqrt(2 / (1 + a**2)) for leaky ReLU and
    PReLU, 1 for SELU with LeCun's weights (its fixed point), and 1 for maxout of two pieces.
    The others are integrated numerically in float64.

    `torch.nn.init.calculate_gain` has the same for linear and the ReLU family, but rounds
    tanh (1.593) to 5/3, leaves sigmoid (1.846) at 1, and takes 3/4 for SELU.

    Args:
        activation: Name as in `torch.nn.functional` ("linear" for none), module or function,
            elementwise.

    Raises:
        ValueError: If the name is unknown, or f is zero almost everywhere.

    Reference:
        He et al., "Delving Deep into Rectifiers", 2015, equations 9 and 10.
        arXiv:1502.01852.

    Example:
        >>> [round(activation_gain(name), 3) for name in ("relu", "tanh", "gelu", "selu")]
        [1.414, 1.593, 1.534, 1.0]
    """
    if isinstance(activation, Maxout | MaxoutConv2d):
        return activation.gain
    f = activation_function(activation)
    if isinstance(f, nn.LeakyReLU | nn.ReLU | nn.PReLU | nn.Identity):
        return math.sqrt(2.0 / (1.0 + _mean_square_slope(f)))
    second_moment = gaussian_mean(lambda z: f(z).square())
    if second_moment == 0:
        raise ValueError(f"{activation!r} is zero almost everywhere, so it has no gain")
    return 1.0 / math.sqrt(second_moment)


def critical_variances(
    activation: str | nn.Module | Function, q: float
) -> tuple[float, float]:
    """Return the variances (weights * fan_in, biases) that are critical at variance `q`.

    At s_w = 1 / E f'(sqrt(q) z)**2 and s_b = q - s_w E f(sqrt(q) z)**2 the variance q of the
    pre-activations is a fixed point, and the gradient's variance stays equal from layer to
    layer: signals neither die nor explode, at any depth.

    Args:
        activation: See `activation_gain`.
        q: Variance of the pre-activations, positive.

    Raises:
        ValueError: If `q` is not positive, or nothing is critical there.

    Reference:
        Schoenholz et al., "Deep Information Propagation", 2016, equations 3 and 7.
        arXiv:1611.01232.

    Example:
        >>> [float(f"{value:.3g}") for value in critical_variances("tanh", 0.0259)]
        [1.05, 2.01e-05]
    """
    if q <= 0:
        raise ValueError(f"q is a variance and must be positive, got {q}")
    f, root = activation_function(activation), math.sqrt(q)
    weights = 1.0 / gaussian_mean(lambda z: slope(f, root * z).square())
    biases = q - weights * gaussian_mean(lambda z: f(root * z).square())
    if biases < -1e-12 * q:
        raise ValueError(
            f"{activation!r} has no critical variances at q = {q}: the biases' would be "
            f"{biases:.3g}"
        )
    return weights, max(biases, 0.0)


def gaussian_mean(f: Function) -> float:
    """Return E f(z) for z ~ N(0, 1), in float64.

    Gauss-Legendre quadrature on intervals of half a unit. Unlike Gauss-Hermite's, it is
    exact for the usual activations with kinks, which lie at ends of these intervals.
    """
    z, weights = _gaussian_rule()
    return float((f(z) * weights).sum())


def slope(f: Function, x: Float64[Tensor, " points"]) -> Float64[Tensor, " points"]:
    """Return f' at every point of `x`, by automatic differentiation."""
    with torch.enable_grad():
        x = x.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(f(x).sum(), x)
    return gradient


def activation_function(activation: str | nn.Module | Function) -> Function:
    """Return `activation` as a function in float64 that draws no random numbers.

    Raises:
        ValueError: If the name is unknown.
    """
    if isinstance(activation, str):
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"unknown activation {activation!r}; known: {', '.join(ACTIVATIONS)}"
            )
        activation = ACTIVATIONS[activation]()
    if not isinstance(activation, nn.Module):
        return activation
    if isinstance(activation, nn.PReLU) and activation.weight.is_meta:
        activation = nn.PReLU(device="cpu")  # no slopes yet: those that it will start with
    frozen = copy.deepcopy(activation).to("cpu", torch.float64).eval().requires_grad_(False)
    if "inplace" in vars(frozen):
        vars(frozen)["inplace"] = False
    return frozen


def _mean_square_slope(f: nn.LeakyReLU | nn.ReLU | nn.PReLU | nn.Identity) -> float:
    """Return the mean square of the slopes at negative inputs."""
    if isinstance(f, nn.LeakyReLU):
        return f.negative_slope**2
    if isinstance(f, nn.PReLU):
        return float(f.weight.square().mean())
    return 1.0 if isinstance(f, nn.Identity) else 0.0


@lru_cache(maxsize=1)
def _gaussian_rule() -> tuple[Tensor, Tensor]:
    nodes, weights = np.polynomial.legendre.leggauss(16)
    starts = np.arange(-12.0, 12.0, 0.5)
    z = (starts[:, None] + (nodes + 1) / 4).ravel()
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    rule = z, np.tile(weights / 4, len(starts)) * density
    return torch.from_numpy(rule[0]), torch.from_numpy(rule[1])
