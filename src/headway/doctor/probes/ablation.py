"""What the network makes of its input: whether its answers change with it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.probes.baselines import gather
from headway.doctor.program import Program, call_model, main_output, num_in
from headway.doctor.rows import are_in_columns
from headway.measure.probe import evaluating

_SAMPLES = 256


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """Answers to the true inputs, and to those of other samples.

    Attributes:
        spread_at_start: Standard deviation of the outputs over samples as a share of their
            mean absolute value, median over outputs, before training.
        spread_at_end: The same after the program's own training; NaN where there was none.
        loss: Loss after training on the true inputs.
        shuffled_loss: Loss after training where every sample has the input of another.
    """

    spread_at_start: float = math.nan
    spread_at_end: float = math.nan
    loss: float = math.nan
    shuffled_loss: float = math.nan

    @property
    def is_blind(self) -> bool:
        """Whether the trained network answers the same for any input."""
        return self.spread_at_end < _BLIND


# Outputs that differ by less than this share of themselves are one answer to everything.
_BLIND = 0.01


def probe_ablation(evidence: Evidence, budget: Budget) -> Ablation:
    """Measure how far outputs depend on inputs, before and after training."""
    inputs, targets = gather(evidence.program.train, _SAMPLES)
    start = _outputs(evidence.program, inputs)
    if evidence.course is None:
        return Ablation(spread_at_start=_spread(start))
    trained: Program = evidence.course.program
    order = torch.randperm(num_in(targets), generator=torch.Generator().manual_seed(0))
    end, shuffled = _outputs(trained, inputs), _outputs(trained, _reordered(inputs, order))
    return Ablation(
        spread_at_start=_spread(start),
        spread_at_end=_spread(end),
        loss=_loss(trained, end, targets),
        shuffled_loss=_loss(trained, shuffled, targets),
    )


def _outputs(program: Program, inputs: Any) -> Any:
    with evaluating(program.model):
        return call_model(program.model, inputs)


def _spread(outputs: Any) -> float:
    output = main_output(outputs).detach().float()
    flat = output.reshape(len(output), -1) if output.dim() else output.reshape(1, 1)
    if len(flat) < 2 or not bool(flat.isfinite().all()):
        return math.nan
    share = flat.std(dim=0) / flat.abs().mean(dim=0).clamp(min=1e-12)
    return float(share.median())


def _loss(program: Program, outputs: Any, targets: Any) -> float:
    try:
        with torch.no_grad():
            return float(torch.as_tensor(program.loss_fn(outputs, targets)).mean())
    except (RuntimeError, ValueError, TypeError, IndexError):
        return math.nan


def _reordered(inputs: Any, order: Tensor) -> Any:
    if isinstance(inputs, Mapping):
        return {name: _reordered(value, order) for name, value in inputs.items()}
    if isinstance(inputs, (tuple, list)):
        return tuple(_reordered(value, order) for value in inputs)
    axis = int(are_in_columns(inputs, len(order)))
    return inputs.index_select(axis, order.to(inputs.device))
