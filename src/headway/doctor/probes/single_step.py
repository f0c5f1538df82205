"""Whether the answers of a network depend on one step of its sequences alone."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from headway.doctor.probes.order_blind import reordered, sequence_shape
from headway.doctor.program import Program, call_model, main_output
from headway.measure.probe import evaluating

# Of fewer steps one may be meant.
_FEWEST_STEPS = 6


@dataclass(frozen=True, kw_only=True)
class SingleStep:
    """The only step that is read, the first one or the last one, of so many."""

    is_first: bool
    steps: int


def single_step(program: Program, inputs: Any) -> SingleStep | None:
    """Look for a step that alone is read; None where there is none.

    Each step may also have an answer of its own, as in a tagger.
    """
    shape = sequence_shape(inputs)
    if shape is None or shape[1] < _FEWEST_STEPS:
        return None
    count = shape[1]
    numbers = torch.arange(count)
    with evaluating(program.model):

        def answers(order: Tensor) -> Tensor:
            return main_output(call_model(program.model, reordered(inputs, shape, order)))

        plain = answers(numbers)
        if plain.dim() > 1 and plain.shape[1] == count:
            return None
        for kept in (0, count - 1):
            is_kept = numbers == kept
            # Copies of one step replace all the others, and then the kept one.
            fills = [torch.where(is_kept, numbers, fill) for fill in (1, count // 2, -2)]
            is_alone = all(torch.equal(answers(fill % count), plain) for fill in fills)
            other = torch.where(is_kept, count // 2, numbers)
            if is_alone and not torch.equal(answers(other), plain):
                return SingleStep(is_first=kept == 0, steps=count)
    return None
