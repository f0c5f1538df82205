"""Layers of a unit or two that something else passes beside."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from torch import Tensor, nn

from headway.doctor.probes.sources import answering, gradients
from headway.doctor.program import Program

# A layer of one or two units passes on nothing that several classes could be told by.
NARROW = 2
# What a model raises that is called with a part of a batch, or with other tensors.
_REFUSALS = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError)


def bypassed(program: Program, inputs: Any) -> frozenset[str]:
    """Return the narrow layers without which answers depend on the inputs as well.

    Such as one that gives a score of attention: what it weighs does not pass through it.
    """
    found: set[str] = set()
    for name, layer in _narrow(program.model):
        with suppress(*_REFUSALS):
            if _is_bypassed(program, layer, inputs):
                found.add(name)
    return frozenset(found)


def _narrow(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for name, layer in model.named_modules():
        weight: Any = getattr(layer, "weight", None)
        is_weight = isinstance(weight, Tensor) and weight.dim() in (2, 4)
        if is_weight and len(weight) <= NARROW:
            yield name, layer


def _is_bypassed(program: Program, layer: nn.Module, inputs: Any) -> bool:
    """Whether a gradient reaches the inputs while the layer's output is held constant."""

    def hold(_: nn.Module, __: Any, made: Any) -> Any:
        return made.detach() if isinstance(made, Tensor) else made

    handle = layer.register_forward_hook(hold)
    try:
        with answering(program.model, inputs) as (output, sources):
            return any(bool(grad.any()) for grad in gradients(output, sources))
    finally:
        handle.remove()
