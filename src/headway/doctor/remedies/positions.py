"""A place for each step of a sequence."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from headway.doctor.finding import Cause
from headway.doctor.probes.features import tensors_in
from headway.doctor.program import Program, call_model
from headway.doctor.remedies.samples import a_batch
from headway.errors import RemedyDoesNotFit
from headway.measure.probe import evaluating

_NAME = "positions"


@dataclass(frozen=True)
class AddPositions:
    """Add a learned vector for each position to what the first layer makes of a sequence."""

    cause: ClassVar[Cause] = "other"

    def apply(self, program: Program) -> Program:
        """Return the program whose first layer tells the places of its inputs apart."""
        inputs, _ = a_batch(program)
        layer, output = _first_layer(program, inputs)
        generator = torch.Generator().manual_seed(program.seed)
        # As large as the vectors that they are added to.
        places = torch.randn(output.shape[1:], generator=generator) * float(output.std())
        layer.register_parameter(_NAME, nn.Parameter(places.to(output)))
        layer.register_forward_hook(_add)
        groups = program.optimizer.param_groups
        largest = max(groups, key=lambda group: len(group["params"]))
        largest["params"].append(layer.get_parameter(_NAME))
        return program

    def describe(self) -> str:
        """Return what changes."""
        return "Add a learned vector for each position to the embedded sequence."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "self.positions = nn.Embedding(LENGTH, DIM)  # in __init__\n"
            "h = h + self.positions(torch.arange(h.shape[1], device=h.device))"
        )


def _first_layer(program: Program, inputs: Any) -> tuple[nn.Module, Tensor]:
    """Return the layer that makes vectors of a sequence first, and what it makes."""
    shapes = [t.shape[:2] for t in tensors_in(inputs) if t.dim() in (2, 3)]
    found: list[tuple[nn.Module, Tensor]] = []

    def note(layer: nn.Module, _: Any, output: Any) -> None:
        is_of_steps = isinstance(output, Tensor) and output.dim() == 3
        if is_of_steps and output.shape[:2] in shapes:
            found.append((layer, output.detach()))

    layers = [
        m for m in program.model.modules() if isinstance(m, (nn.Embedding, nn.Linear))
    ]
    handles = [layer.register_forward_hook(note) for layer in layers]
    try:
        # With gradients an encoder takes no shortcut through tensors without sizes.
        with evaluating(program.model), torch.enable_grad():
            call_model(program.model, inputs)
    finally:
        for handle in handles:
            handle.remove()
    if not found:
        raise RemedyDoesNotFit("no layer makes a vector of each step of a sequence")
    return found[0]


def _add(layer: nn.Module, _: Any, output: Tensor) -> Tensor:
    places = layer.get_parameter(_NAME)
    steps = output.shape[1]
    if steps <= len(places):
        return output + places[:steps]
    # Longer sequences than any before: the last place goes on.
    return output + torch.cat([places, places[-1:].expand(steps - len(places), -1)])
