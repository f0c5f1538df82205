"""Whether a network with attention sees in which order its inputs are."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from headway.doctor.calls import Call, Recorder
from headway.doctor.probes.features import tensors_in
from headway.doctor.program import Program, call_model, main_output
from headway.measure.probe import evaluating

_ATTENTION = frozenset(
    {"multi_head_attention_forward", "scaled_dot_product_attention", "softmax"}
)
_FEWEST_STEPS = 3
# Differences beyond this share of the spread of the outputs are no rounding.
_EPS = 1e-3


def is_order_blind(program: Program, inputs: Any) -> bool:
    """Whether attention is all that steps of a sequence meet in, and none has a place.

    The answers stay the same then when the steps are put in another order, or they follow
    their steps where each has an answer of its own.
    """
    shape = sequence_shape(inputs)
    if shape is None:
        return False
    order = torch.randperm(shape[1], generator=torch.Generator().manual_seed(0))
    with evaluating(program.model), torch.enable_grad():
        plain, has_attention = _answer(program, inputs)
        other, _ = _answer(program, reordered(inputs, shape, order))
    if not has_attention or plain.shape != other.shape or not len(plain):
        return False
    spread = float(plain.std(dim=0).mean()) if len(plain) > 1 else 0.0
    if not math.isfinite(spread) or spread <= _EPS * float(plain.abs().mean()):
        return False
    gaps = [float((plain - other).abs().max())]
    if plain.shape[:2] == shape:
        gaps.append(float((plain[:, order.to(plain.device)] - other).abs().max()))
    return min(gaps) <= _EPS * spread


def sequence_shape(inputs: Any) -> torch.Size | None:
    """Return the numbers of samples and of steps, None where there are no sequences."""
    return next((t.shape[:2] for t in tensors_in(inputs) if _is_sequence(t)), None)


def reordered(inputs: Any, shape: torch.Size, order: Tensor) -> Any:
    """Return inputs whose tensors with these samples and steps have the steps in an order."""
    if isinstance(inputs, Mapping):
        return {name: reordered(value, shape, order) for name, value in inputs.items()}
    if not isinstance(inputs, Tensor):
        return tuple(reordered(value, shape, order) for value in inputs)
    if inputs.shape[:2] != shape:
        return inputs
    return inputs[:, order.to(inputs.device)]


def _is_sequence(tensor: Tensor) -> bool:
    is_of_names = tensor.dim() == 2 and not tensor.is_floating_point()
    is_sequence = is_of_names or (tensor.dim() == 3 and tensor.is_floating_point())
    return is_sequence and tensor.shape[1] >= _FEWEST_STEPS


def _answer(program: Program, inputs: Any) -> tuple[Tensor, bool]:
    """Return the answer, and whether attention was called for it."""
    seen: set[str] = set()

    def note(call: Call) -> None:
        seen.add(call.name)

    with Recorder(note):
        output = main_output(call_model(program.model, inputs))
    return output.detach().double(), bool(seen & _ATTENTION)
