"""Between which numbers the result of an operation lies, whatever the weights are."""

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor

from headway.doctor.calls import Call
from headway.doctor.probes.features import tensors_in
from headway.doctor.probes.loss_records import Head
from headway.doctor.probes.operations import RECURRENT

Reach = tuple[float, float]

# The numbers that each function can return.
RANGES: dict[str, Reach] = {
    "celu": (-1.0, math.inf),
    "elu": (-1.0, math.inf),
    "exp": (0.0, math.inf),
    "gelu": (-0.17, math.inf),
    "hardsigmoid": (0.0, 1.0),
    "hardtanh": (-1.0, 1.0),
    "log_softmax": (-math.inf, 0.0),
    "logsigmoid": (-math.inf, 0.0),
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "selu": (-1.76, math.inf),
    "sigmoid": (0.0, 1.0),
    "silu": (-0.28, math.inf),
    "softmax": (0.0, 1.0),
    "softplus": (0.0, math.inf),
    "softsign": (-1.0, 1.0),
    "tanh": (-1.0, 1.0),
}
_UNIT: Reach = (-1.0, 1.0)
# Results of these are some of the numbers that go in, or lie between them.
_KEEPING = frozenset(
    {"amax", "amin", "chunk", "flip", "gather", "index_select", "mean", "split", "unbind"}
)
JOINING = frozenset({"cat", "concat", "concatenate", "hstack", "stack", "vstack"})
_ARITHMETIC = frozenset({"add", "mul", "neg", "sub"})


def reach_of(
    call: Call, number: int, known: Callable[[Tensor], Reach | None]
) -> Reach | None:
    """Return between which numbers a result of a call lies, or None where that is not known.

    Args:
        call: What was called.
        number: Of the result, where there are several tensors.
        known: Says it of what goes in.
    """
    if call.name in RANGES:
        return RANGES[call.name]
    if call.name in _KEEPING:
        return known(call.tensors[0]) if call.tensors else None
    if call.name in JOINING:
        return _union([known(tensor) for tensor in call.tensors])
    if call.name in _ARITHMETIC:
        return _calculated(call, known)
    return _recurrent(call, number, known)


def joined(heads: list[Head | None]) -> Head | None:
    """Return the head of steps of one recurrent layer that are put together, else None."""
    first = heads[0] if heads else None
    if first is None or first.op not in RECURRENT:
        return None
    return first if all(head == first for head in heads) else None


def _union(parts: list[Reach | None]) -> Reach | None:
    reaches = [part for part in parts if part is not None]
    if not reaches or len(reaches) < len(parts):
        return None
    return min(low for low, _ in reaches), max(high for _, high in reaches)


def _recurrent(
    call: Call, number: int, known: Callable[[Tensor], Reach | None]
) -> Reach | None:
    """States of recurrent cells end in a tanh, times a gate."""
    if call.name in ("lstm_cell", "lstm"):
        states = list(tensors_in(call.result))
        # The last is the memory of the cell; a state of another size is projected by weights.
        is_plain = len(states) > 1 and states[-2].shape[-1] == states[-1].shape[-1]
        return _UNIT if is_plain and number < len(states) - 1 else None
    if call.name in ("rnn_tanh", "rnn_tanh_cell"):
        return _UNIT
    if call.name in ("gru", "gru_cell"):
        begun = call.argument(1, "hx")
        return _UNIT if _is_small(begun, known) else None
    return None


def _is_small(begun: Any, known: Callable[[Tensor], Reach | None]) -> bool:
    """Whether a state from which a cell goes on lies between -1 and 1."""
    if not isinstance(begun, Tensor):
        return False
    if not begun.requires_grad and not bool(begun.any()):
        return True
    reach = known(begun)
    return reach is not None and reach[0] >= -1 and reach[1] <= 1


def _calculated(call: Call, known: Callable[[Tensor], Reach | None]) -> Reach | None:
    """Return the reach of sums and products of what is known and of plain numbers."""
    sides = [_side(value, known) for value in call.args[:2]]
    if call.kwargs or any(side is None for side in sides):
        return None
    (low, high), *rest = [side for side in sides if side is not None]
    if call.name == "neg":
        return -high, -low
    if not rest:
        return None
    ((other_low, other_high),) = rest
    if call.name == "add":
        return low + other_low, high + other_high
    if call.name == "mul":
        ends = [_times(a, b) for a in (low, high) for b in (other_low, other_high)]
        return min(ends), max(ends)
    below, above = low - other_high, high - other_low
    if isinstance(call.args[1], Tensor):
        return below, above
    # A number minus a tensor is told as a tensor minus a number.
    return min(below, -above), max(above, -below)


def _side(value: Any, known: Callable[[Tensor], Reach | None]) -> Reach | None:
    if isinstance(value, Tensor):
        return known(value)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return (float(value), float(value)) if is_number else None


def _times(one: float, other: float) -> float:
    """Return a product in which nothing of infinity is nothing."""
    return one * other if one and other else 0.0
