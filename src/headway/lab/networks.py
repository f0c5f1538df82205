"""Small networks of the lab's own, called as models by the name `lab:FUNCTION`."""

import math
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from headway.nn import Recurrent, VanillaRNN
from headway.nn.recurrent.vanilla import RecurrentActivation


class _PixelRNN(nn.Module):
    """A recurrent network without gates that reads an image a few pixels at a time.

    Its recurrent weights start as a multiple of the identity.

    Args:
        in_features: Pixels of an image.
        num_outputs: Width of the answer, given after the last step.
        hidden_size: Numbers in the state.
        steps: Parts into which the pixels are cut.
        scale: Multiple of the identity.
        activation: Nonlinearity of the state.
    """

    def __init__(
        self,
        in_features: int,
        num_outputs: int,
        *,
        hidden_size: int,
        steps: int,
        scale: float,
        activation: RecurrentActivation,
    ) -> None:
        super().__init__()
        self.steps = steps
        cell = partial(VanillaRNN, activation=activation)
        self.recurrent = Recurrent(
            cell, in_features // steps, hidden_size, batch_first=True
        )
        with torch.no_grad():
            for name, parameter in self.recurrent.named_parameters():
                if name.endswith("weight_hh"):
                    parameter.copy_(scale * torch.eye(hidden_size))
        self.head = nn.Linear(hidden_size, num_outputs)

    def forward(self, x: Float[Tensor, "batch *sample"]) -> Float[Tensor, "batch outputs"]:
        parts = x.flatten(1).unflatten(1, (self.steps, -1))
        outputs, _ = self.recurrent(parts)
        return self.head(outputs[:, -1])


def rnn_on_pixels(
    *,
    input_shape: tuple[int, ...],
    num_outputs: int,
    hidden_size: int = 32,
    steps: int = 32,
    scale: float = 1.0,
    activation: RecurrentActivation = "relu",
) -> nn.Module:
    """Return a recurrent network without gates that reads an image a few pixels a step."""
    return _PixelRNN(
        math.prod(input_shape),
        num_outputs,
        hidden_size=hidden_size,
        steps=steps,
        scale=scale,
        activation=activation,
    )
