"""Recurrent layers that keep what they have read."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from headway.doctor.finding import Cause
from headway.doctor.probes.features import tensors_in
from headway.doctor.program import Program
from headway.doctor.remedies.drawing import drawing
from headway.doctor.remedies.following import adopt_parameters
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.wrapping import replace_module
from headway.errors import RemedyDoesNotFit

_KINDS = (nn.RNN, nn.GRU, nn.LSTM)


@dataclass(frozen=True)
class OpenGates:
    """Use gated recurrent layers whose gates keep a state over the whole sequence.

    A plain `nn.RNN` becomes a GRU, which returns the same; the biases of the gates that forget
    are drawn so that units start with memories of all lengths: log(U(1, T - 1)).

    Reference:
        Tallec and Ollivier, "Can Recurrent Neural Networks Warp Time?", 2018.
        arXiv:1804.11188.
    """

    cause: ClassVar[Cause] = "vanishing_gradient"

    def apply(self, program: Program) -> Program:
        """Return the program with gates that are open."""
        steps = _steps(program)
        model = program.model
        layers = [
            m
            for m in model.modules()
            if isinstance(m, nn.RNNBase) and type(m) in _KINDS and m.bias
        ]
        if not layers or steps < 3:
            raise RemedyDoesNotFit("no recurrent layer with biases reads sequences")
        with drawing(program):
            for layer in layers:
                if isinstance(layer, nn.RNN):
                    gated = _gated(layer)
                    model = replace_module(model, layer, gated)
                    changed = replace(program, model=model)
                    adopt_parameters(
                        changed, [*gated.parameters()], instead=[*layer.parameters()]
                    )
                    _open_(gated, steps)
                else:
                    _open_(layer, steps)
        return replace(program, model=model)

    def describe(self) -> str:
        """Return what changes."""
        return "Use GRU or LSTM layers, with biases that keep the state over a sequence."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "self.rnn = nn.GRU(n_in, n, batch_first=True)  # instead of nn.RNN\n"
            "with torch.no_grad():  # the middle third is the gate that keeps the state\n"
            "    self.rnn.bias_ih_l0[n : 2 * n] = torch.empty(n).uniform_(1, T - 1).log()\n"
            "# nn.LSTM: the second quarter is the gate that keeps the state"
        )


def _steps(program: Program) -> int:
    inputs: Any = a_batch(program)[0]
    lengths = [t.shape[1] for t in tensors_in(inputs) if t.dim() in (2, 3)]
    return max(lengths, default=0)


def _gated(layer: nn.RNN) -> nn.GRU:
    weight: Tensor = next(layer.parameters())
    gated = nn.GRU(
        layer.input_size,
        layer.hidden_size,
        layer.num_layers,
        batch_first=layer.batch_first,
        dropout=layer.dropout,
        bidirectional=layer.bidirectional,
    )
    gated = gated.to(weight).train(layer.training)
    return gated.requires_grad_(weight.requires_grad)


@torch.no_grad()
def _open_(layer: nn.RNNBase, steps: int) -> None:
    """Draw the bias of the gate that keeps the state: the second in torch's order in both."""
    size = layer.hidden_size
    for name, bias in layer.named_parameters():
        if name.startswith("bias_ih"):
            bias[size : 2 * size] = torch.empty(size).uniform_(1.0, steps - 1.0).log()
        elif name.startswith("bias_hh"):
            bias[size : 2 * size] = 0.0
