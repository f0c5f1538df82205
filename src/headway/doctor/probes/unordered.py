"""A program's data without the order of the steps of its sequences."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Size, Tensor

from headway.doctor.evidence import Evidence
from headway.doctor.examples import Batch
from headway.doctor.probes.order_blind import sequence_shape


def without_order(evidence: Evidence) -> Evidence:
    """Return evidence about the same samples with the numbers of their steps sorted.

    Each sequence keeps what it holds and how often.
    """
    program = evidence.program
    val = program.val.mapped(_sort) if program.val is not None else None
    return replace(
        evidence, program=replace(program, train=program.train.mapped(_sort), val=val)
    )


def _sort(inputs: Any, targets: Any) -> Batch:
    shape = sequence_shape(inputs)
    return (inputs if shape is None else _sorted(inputs, shape)), targets


def _sorted(inputs: Any, shape: Size) -> Any:
    if isinstance(inputs, Mapping):
        return {name: _sorted(value, shape) for name, value in inputs.items()}
    if not isinstance(inputs, Tensor):
        return tuple(_sorted(value, shape) for value in inputs)
    return inputs.sort(dim=1).values if inputs.shape[:2] == shape else inputs
