"""Recurrent layers of which only the last step is read, and how much padding is before it."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from headway.doctor.probes.features import tensors_in
from headway.doctor.probes.padded import padding_of
from headway.doctor.program import Program, call_model, main_output
from headway.measure.probe import evaluating

# Steps of padding that a network is expected to carry a memory over, as a share of all.
_MANY = 0.25


@dataclass(frozen=True, kw_only=True)
class LastStep:
    """A recurrent layer that reads on through padding until it is asked.

    Attributes:
        layer: Its name.
        kind: Its class.
        steps: Length of the sequences.
        padding: Steps of padding at the end, in the mean of a batch.
    """

    layer: str
    kind: str
    steps: int
    padding: float


def last_step(program: Program, inputs: Any) -> LastStep | None:
    """Look for a layer that is read behind the padding; None where there is none."""
    paddings = [padding_of(tensor) for tensor in tensors_in(inputs)]
    padding = next((p for p in paddings if p is not None), None)
    if padding is None or padding.double().mean() < _MANY:
        return None
    with evaluating(program.model), torch.enable_grad(), _seen(program.model) as seen:
        output = main_output(call_model(program.model, inputs))
    for name, layer, steps in seen:
        if _is_read_at_the_end(output, layer, steps, padding):
            return LastStep(
                layer=name,
                kind=type(layer).__name__,
                steps=padding.shape[1],
                padding=float(padding.double().sum(dim=1).mean()),
            )
    return None


@contextmanager
def _seen(model: nn.Module) -> Generator[list[tuple[str, nn.RNNBase, Tensor]]]:
    """Note what recurrent layers return for each step of sequences that are not packed."""
    seen: list[tuple[str, nn.RNNBase, Tensor]] = []

    def noting(name: str) -> Any:
        def note(layer: nn.RNNBase, _: Any, returned: Any) -> None:
            if isinstance(returned[0], Tensor):
                seen.append((name, layer, returned[0]))

        return note

    layers = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.RNNBase)]
    handles = [layer.register_forward_hook(noting(name)) for name, layer in layers]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _is_read_at_the_end(
    output: Tensor, layer: nn.RNNBase, steps: Tensor, padding: Tensor
) -> bool:
    """Whether an output depends on the last step of a layer, or its state, and no other."""
    if steps.dim() != 3 or not output.requires_grad:
        return False
    along = steps if layer.batch_first else steps.transpose(0, 1)
    if along.shape[:2] != padding.shape:
        return False
    weights = [weight for weight in layer.parameters() if weight.requires_grad][:1]
    total = output.float().square().sum()
    grad, *of_weights = _gradients(total, [steps, *weights])
    if grad is None:
        # If anything is read, it is the last state.
        return any(of_weight is not None for of_weight in of_weights)
    grad = grad if layer.batch_first else grad.transpose(0, 1)
    is_used = grad.abs().sum(dim=(0, 2)) > 0
    return bool(is_used[-1]) and not bool(is_used[:-1].any())


def _gradients(total: Tensor, of: list[Tensor]) -> list[Tensor | None]:
    """Return a gradient for each tensor, None where `total` does not depend on it."""
    return [*torch.autograd.grad(total, of, retain_graph=True, allow_unused=True)]
