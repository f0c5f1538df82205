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
from headway.nn import Maxout, SmartReLU, initialize_

Activation = Literal[
    "relu",
    "leaky_relu",
    "prelu",
    "gelu",
    "silu",
    "elu",
    "selu",
    "tanh",
    "sigmoid",
    "maxout",
    "smart_relu",
]
Norm = Literal["none", "batch", "layer"]

_ACTIVATIONS: Mapping[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "prelu": nn.PReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "smart_relu": SmartReLU,
}
_LECUN: tuple[Activation, ...] = ("tanh", "sigmoid", "selu", "maxout")
_NORMS: Mapping[Norm, type[nn.Module]] = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}


class Mlp(nn.Module):
    """Linear layers with an activation between them; every input is flattened first.

    Starts with LeCun's weights for tanh, sigmoid, selu and maxout, with He's for the others,
    and with zero biases.

    Args:
        in_features: Numbers in one sample.
        num_outputs: Width of the output.
        hidden: Widths of the hidden layers; () gives a linear model.
        activation: Nonlinearity after each hidden layer; maxout takes the layer's place.
        norm: "batch" or "layer" puts that norm before each activation.
        drop_prob: Probability that dropout sets a hidden activation to zero.
        input_drop_prob: Probability that dropout sets an input to zero.
    """

    def __init__(
        self,
        in_features: int,
        num_outputs: int,
        *,
        hidden: tuple[int, ...] = (256, 256),
        activation: Activation = "relu",
        norm: Norm = "none",
        drop_prob: float = 0.0,
        input_drop_prob: float = 0.0,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        if input_drop_prob > 0:
            layers.append(nn.Dropout(input_drop_prob))
        for width_in, width_out in pairwise((in_features, *hidden)):
            # Batch norm takes out a bias; layer norm, with a mean over the features, does not,
            # and the biases of maxout's pieces differ.
            if activation == "maxout":
                layers.append(Maxout(width_in, width_out))
            else:
                layers.append(nn.Linear(width_in, width_out, bias=norm != "batch"))
            if norm != "none":
                layers.append(_NORMS[norm](width_out))
            if activation != "maxout":
                layers.append(_ACTIVATIONS[activation]())
            if drop_prob > 0:
                layers.append(nn.Dropout(drop_prob))
        layers.append(nn.Linear((in_features, *hidden)[-1], num_outputs))
        self.layers = nn.Sequential(*layers)
        initialize_(self, gain=1.0 if activation in _LECUN else math.sqrt(2.0))

    def forward(self, x: Float[Tensor, "batch *sample"]) -> Float[Tensor, "batch outputs"]:
        """Return one row of outputs per sample."""
        return self.layers(x.flatten(1))


@dataclass(frozen=True, kw_only=True, slots=True)
class MlpOptions:
    """Options of `mlp`; see `Mlp`."""

    hidden: tuple[Annotated[int, Meta(ge=1)], ...] = (256, 256)
    activation: Activation = "relu"
    norm: Norm = "none"
    drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0
    input_drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0


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
        input_drop_prob=settings.input_drop_prob,
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
    input_kinds=("image", "tabular", "sequence"),
)
