"""The multi-layer perceptron."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

from jaxtyping import Float
from msgspec import Meta
from torch import Tensor, nn

from headway.models.family import Family, ModelCard
from headway.models.options import defaults, read_options
from headway.nn import initialize_

Activation = Literal["relu", "leaky_relu", "gelu", "tanh", "sigmoid"]

_ACTIVATIONS: Mapping[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


class Mlp(nn.Module):
    """Linear layers with an activation between them; every input is flattened first.

    Starts with He's weights for relu, leaky_relu and gelu, with LeCun's for tanh and
    sigmoid, and with zero biases.

    Args:
        in_features: Numbers in one sample.
        num_outputs: Width of the output.
        hidden: Widths of the hidden layers; () gives a linear model.
        activation: Nonlinearity after each hidden layer.
        norm: "batch" puts batch norm before each activation.
        drop_prob: Probability that dropout sets a hidden activation to zero.
    """

    def __init__(
        self,
        in_features: int,
        num_outputs: int,
        *,
        hidden: tuple[int, ...] = (256, 256),
        activation: Activation = "relu",
        norm: Literal["none", "batch"] = "none",
        drop_prob: float = 0.0,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width_in, width_out in pairwise((in_features, *hidden)):
            layers.append(nn.Linear(width_in, width_out, bias=norm == "none"))
            if norm == "batch":
                layers.append(nn.BatchNorm1d(width_out))
            layers.append(_ACTIVATIONS[activation]())
            if drop_prob > 0:
                layers.append(nn.Dropout(drop_prob))
        layers.append(nn.Linear((in_features, *hidden)[-1], num_outputs))
        self.layers = nn.Sequential(*layers)
        initialize_(self, gain=1.0 if activation in ("tanh", "sigmoid") else math.sqrt(2.0))

    def forward(self, x: Float[Tensor, "batch *sample"]) -> Float[Tensor, "batch outputs"]:
        """Return one row of outputs per sample."""
        return self.layers(x.flatten(1))


@dataclass(frozen=True, kw_only=True, slots=True)
class MlpOptions:
    """Options of `mlp`; see `Mlp`."""

    hidden: tuple[Annotated[int, Meta(ge=1)], ...] = (256, 256)
    activation: Activation = "relu"
    norm: Literal["none", "batch"] = "none"
    drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, MlpOptions, options)
    return Mlp(
        math.prod(input_shape),
        num_outputs,
        hidden=settings.hidden,
        activation=settings.activation,
        norm=settings.norm,
        drop_prob=settings.drop_prob,
    )


FAMILY = Family(
    card=ModelCard(
        name="mlp",
        family="mlp",
        description="Multi-layer perceptron for any input; images are flattened.",
        reference="",
        options=defaults(MlpOptions),
    ),
    pattern=re.compile("mlp"),
    build=_build,
)
