"""Whether gradients reach the first steps of sequences that a recurrent network reads."""

import math
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Batch
from headway.doctor.probes.baselines import Baselines, probe_baselines
from headway.doctor.probes.order_blind import reordered, sequence_shape
from headway.doctor.probes.sources import answering, gradients
from headway.doctor.program import Program

_SAMPLES = 32
_FEWEST_STEPS = 8
# Of the largest gradient of a step, what arrives in the first half: AutoTrainer (2021) calls
# less than 1e-3 vanishing between layers.
VANISHED = 1e-3


@dataclass(frozen=True, kw_only=True)
class Memory:
    """How much of a sequence a recurrent network is trained by.

    Attributes:
        steps: Length of the sequences.
        start: Largest gradient by a step of the first half over that by any step, before
            training.
        end: The same after the program's own training.
        late: What answers without a network reach that see the second half alone; None where
            they were not asked, as gradients arrive.
    """

    steps: int
    start: float
    end: float
    late: Baselines | None = None

    @property
    def has_vanished(self) -> bool:
        """Whether hardly any gradient reached the first half before training or after."""
        return max(self.start, self.end) < VANISHED


def probe_memory(evidence: Evidence, budget: Budget) -> Memory | None:
    """Measure gradients by steps; None where there is no recurrent network or training."""
    if evidence.course is None:
        return None
    program = evidence.make(evidence.program.seed)
    inputs, _ = program.train.some(_SAMPLES)
    shape = sequence_shape(inputs)
    if shape is None or shape[1] < _FEWEST_STEPS:
        return None
    shares = [early_share(p, inputs) for p in (program, evidence.course.program)]
    if any(math.isnan(share) for share in shares):
        return None
    memory = Memory(steps=shape[1], start=shares[0], end=shares[1])
    if not memory.has_vanished:
        return memory
    return replace(memory, late=_of_late_steps(evidence, budget))


def early_share(program: Program, inputs: Any) -> float:
    """Return the largest gradient by a step of the first half over that by any step.

    NaN where no sequences are read step by step.
    """
    shape = sequence_shape(inputs)
    if shape is None:
        return math.nan
    with (
        _counted(program.model) as calls,
        answering(program.model, inputs) as (output, sources),
    ):
        is_recurrent = _is_recurrent(calls, shape[1])
        grads = gradients(output, sources) if is_recurrent else []
    shares: list[float] = []
    for grad in grads:
        if grad.dim() != 3 or grad.shape[:2] != shape:
            continue
        sizes = grad.double().norm(dim=(0, 2))
        if bool(sizes.isfinite().all()) and float(sizes.max()) > 0:
            shares.append(float(sizes[: shape[1] // 2].max() / sizes.max()))
    return max(shares, default=math.nan)


def _of_late_steps(evidence: Evidence, budget: Budget) -> Baselines | None:
    """Return what is reached without the first half of each sequence."""
    program = evidence.program

    def cut(inputs: Any, targets: Any) -> Batch:
        shape = sequence_shape(inputs)
        if shape is None:
            return inputs, targets
        order = torch.arange(shape[1] // 2, shape[1])
        return reordered(inputs, shape, order), targets

    val = program.val.mapped(cut) if program.val is not None else None
    late = replace(program, train=program.train.mapped(cut), val=val)
    with suppress(RuntimeError, ValueError, TypeError, IndexError):
        return probe_baselines(replace(evidence, program=late), budget)
    return None


@contextmanager
def _counted(model: nn.Module) -> Generator[Counter[nn.Module]]:
    """Count the calls of each module."""
    calls: Counter[nn.Module] = Counter()

    def count(module: nn.Module, *_: Any) -> None:
        calls[module] += 1

    handles = [module.register_forward_hook(count) for module in model.modules()]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _is_recurrent(calls: Counter[nn.Module], steps: int) -> bool:
    """Whether a recurrent layer was called, or another one as often as there are steps."""
    if any(isinstance(module, nn.RNNBase) for module in calls):
        return True
    return max(calls.values(), default=0) >= steps - 1
