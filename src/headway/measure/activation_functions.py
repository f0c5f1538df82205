"""Which activation function a pair of tensors shows, and where it is flat."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

# Functions that are known by their outputs, whatever the code that computed them.
_BY_NUMBERS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "silu": functional.silu,
    "gelu": functional.gelu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "selu": torch.selu,
    "relu6": functional.relu6,
    "hardtanh": functional.hardtanh,
    "softplus": functional.softplus,
}

# Names in torch and in Keras -> the name here.
_NAMES = {
    "relu_": "relu",
    "tanh_": "tanh",
    "sigmoid_": "sigmoid",
    "swish": "silu",
    "leakyrelu": "leaky_relu",
    "logsoftmax": "log_softmax",
    "softmax2d": "softmax",
    "gumbelsoftmax": "gumbel_softmax",
    "elu_": "elu",
    "selu_": "selu",
    "celu_": "celu",
    "leaky_relu_": "leaky_relu",
    "hardtanh_": "hardtanh",
    "threshold_": "threshold",
    "rrelu_": "rrelu",
    "clamp_": "clamp",
    "clamp_min_": "clamp_min",
    "clip": "clamp",
    "special_expit": "sigmoid",
    "expit": "sigmoid",
    "_softmax": "softmax",
}

ACTIVATIONS = frozenset(
    {
        *_BY_NUMBERS,
        *("softmax", "log_softmax", "softmin", "gumbel_softmax", "logsigmoid"),
        *("celu", "prelu", "rrelu", "mish", "hardswish", "hardsigmoid", "hardshrink"),
        *("softshrink", "softsign", "tanhshrink", "threshold", "glu", "sin"),
    }
)

# Operations that are an activation only if their numbers say so.
PERHAPS = frozenset({"clamp", "clamp_min", "maximum", "where", "mul"})

# (lower, upper) beyond which a function is nearly flat: |tanh| > .97 is a slope below .06,
# sigmoid outside [.02, .98] one below .02.
_FLAT: dict[str, tuple[float, float]] = {
    "tanh": (-0.97, 0.97),
    "sigmoid": (0.02, 0.98),
    "hardtanh": (-0.9999, 0.9999),
    "hardsigmoid": (1e-4, 0.9999),
    "softsign": (-0.83, 0.83),
}

# Functions that are exactly or nearly 0 for all that is below 0.
RECTIFIERS = frozenset(
    {"relu", "relu6", "threshold", "gelu", "silu", "mish", "hardswish", "rrelu"}
)
# Those that are exactly 0 there: a unit below 0 for every sample gets no gradient.
HARD_RECTIFIERS = frozenset({"relu", "relu6", "threshold"})
SQUASHERS = frozenset({"tanh", "sigmoid", "hardtanh", "hardsigmoid", "softsign"})
SOFTMAXES = frozenset({"softmax", "log_softmax", "softmin", "gumbel_softmax"})


def known_name(name: str) -> str:
    """Return the name of an activation function for a class or function of torch, or ""."""
    lower = name.lower()
    lower = _NAMES.get(lower, lower)
    return lower if lower in ACTIVATIONS or lower in PERHAPS else ""


def flat_range(function: str) -> tuple[float, float] | None:
    """Return the outputs between which a function is not nearly flat, None if unbounded."""
    return _FLAT.get(function)


def identify(inputs: Tensor, outputs: Tensor) -> str:
    """Return the activation function that maps these inputs to these outputs, or "".

    Args:
        inputs: Values of any shape, better of both signs.
        outputs: What became of them, of the same shape.

    Example:
        >>> x = torch.linspace(-3, 3, 20)
        >>> identify(x, x.clamp(min=0)), identify(x, 2 * x)
        ('relu', '')
    """
    if not bool((inputs < 0).any()) or not bool((inputs > 0).any()):
        return ""
    inputs, outputs = inputs.double(), outputs.double()
    for name, function in _BY_NUMBERS.items():
        if torch.allclose(function(inputs), outputs, rtol=1e-3, atol=1e-4):
            return name
    return ""
