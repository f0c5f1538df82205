"""Self-normalising networks: deep perceptrons of SELU units without normalisation."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

from jaxtyping import Float
from msgspec import Meta
from torch import Tensor, nn

from headway.errors import ModelError
from headway.models.family import Family, ModelCard
from headway.models.options import defaults, read_options
from headway.nn import initialize_

_REFERENCE = (
    'Klambauer et al., "Self-Normalizing Neural Networks", 2017, section 3. '
    "arXiv:1706.02515."
)
_MIN_DEPTH, _MAX_DEPTH = 2, 1000


class SeluNetwork(nn.Module):
    """Linear layers with SELU between them, LeCun's weights and alpha dropout.

    Mean 0 and variance 1 are an attracting fixed point of weights of variance 1 / fan_in
    followed by SELU, so that activations keep them at any depth. Inputs should be
    standardized. Alpha dropout keeps both too.

    Args:
        in_features: Numbers in one sample, which is flattened first.
        num_outputs: Width of the output.
        depth: Linear layers, the last one included.
        width: Units of each hidden layer.
        drop_prob: Probability that alpha dropout sets a hidden unit to its saturation value;
            the paper takes 0.05 or 0.1.

    Reference:
        Klambauer et al., "Self-Normalizing Neural Networks", 2017, section 3.
        arXiv:1706.02515.
    """

    def __init__(
        self,
        in_features: int,
        num_outputs: int,
        *,
        depth: int,
        width: int = 256,
        drop_prob: float = 0.0,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width_in, width_out in pairwise((in_features, *[width] * (depth - 1))):
            layers += [nn.Linear(width_in, width_out), nn.SELU(inplace=True)]
            if drop_prob > 0:
                layers.append(nn.AlphaDropout(drop_prob))
        layers.append(nn.Linear(width, num_outputs))
        self.layers = nn.Sequential(*layers)
        initialize_(self, "lecun")

    def forward(self, x: Float[Tensor, "batch *sample"]) -> Float[Tensor, "batch outputs"]:
        """Return one row of outputs per sample."""
        return self.layers(x.flatten(1))


@dataclass(frozen=True, kw_only=True, slots=True)
class SeluOptions:
    """Options of `selu-N`; see `SeluNetwork`."""

    width: Annotated[int, Meta(ge=1)] = 256
    drop_prob: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, SeluOptions, options)
    depth = int(name.partition("-")[2])
    if not _MIN_DEPTH <= depth <= _MAX_DEPTH:
        raise ModelError(
            f"model {name!r} does not exist: the depth must be between {_MIN_DEPTH} and "
            f"{_MAX_DEPTH}; for a linear model use mlp with no hidden layer"
        )
    return SeluNetwork(
        math.prod(input_shape),
        num_outputs,
        depth=depth,
        width=settings.width,
        drop_prob=settings.drop_prob,
    )


FAMILY = Family(
    card=ModelCard(
        name="selu-8",
        family="selu-N",
        description=(
            "Self-normalising perceptron of N linear layers (2 to 1000) with SELU, for any "
            "input; images are flattened. Needs no batch norm."
        ),
        reference=_REFERENCE,
        options=defaults(SeluOptions),
    ),
    pattern=re.compile(r"selu-\d+"),
    build=_build,
    input_kinds=("image", "tabular", "sequence"),
)
