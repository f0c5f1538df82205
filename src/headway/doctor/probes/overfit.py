"""Whether one batch can be learned by heart, which any network that is wired well can."""

import math
import time
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import torch
from torch import nn

from headway.doctor.answer import answer_of
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.probes.baselines import gather
from headway.doctor.program import Program, call_model, first_tensor, seed_all
from headway.doctor.remedies.optimizers import SetOptimizer
from headway.doctor.scoring import standard_metric

# Share of the budget.
_SHARE = 0.1
_SAMPLES = 32
_STEPS = 300
_CHECKED_EVERY = 25
# What counts as known by heart: accuracy, R2, or a loss of this share of the first one
# (A. Karpathy, "A Recipe for Training Neural Networks", 2019, asks for nearly none).
_ACCURACY = 0.97
_R2 = 0.9
_LOSS_SHARE = 0.1
_DROPOUTS = (
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)


@dataclass(frozen=True, kw_only=True)
class ByHeart:
    """One attempt to learn a batch by heart.

    Attributes:
        first_loss: Loss before the first update.
        last_loss: Mean loss of the last few updates; NaN where it diverged.
        metric: Accuracy or R2 on the batch at the end, or NaN.
        steps: Updates done.
        is_learned: Whether the batch is known.
        has_diverged: Whether the loss became no number.
    """

    first_loss: float
    last_loss: float
    metric: float
    steps: int
    is_learned: bool
    has_diverged: bool


@dataclass(frozen=True, kw_only=True)
class Overfit:
    """Attempts to learn one batch by heart, dropout off.

    Attributes:
        samples: Samples of the batch.
        own: With the program's own optimizer and step.
        adam: With Adam at its usual rate; None where the own way succeeds.
    """

    samples: int
    own: ByHeart
    adam: ByHeart | None = None

    @property
    def is_possible(self) -> bool:
        """Whether one of the attempts succeeded."""
        return self.own.is_learned or (self.adam is not None and self.adam.is_learned)


def probe_overfit(evidence: Evidence, budget: Budget) -> Overfit:
    """Train on one batch again and again, in the program's own way and then with Adam."""
    seconds = budget.part(_SHARE) / 2
    program = evidence.make(0)
    inputs, targets = gather(program.train, _SAMPLES)
    own = _learn(evidence, program, inputs, targets, seconds)
    adam = None
    if not own.is_learned:
        other = SetOptimizer("adam").apply(evidence.make(0))
        adam = _learn(evidence, other, inputs, targets, seconds)
    return Overfit(samples=len(first_tensor(targets)), own=own, adam=adam)


def _learn(
    evidence: Evidence, program: Program, inputs: Any, targets: Any, seconds: float
) -> ByHeart:
    seed_all(program.seed)
    without_dropout_(program.model)
    begun = time.perf_counter()
    losses: list[float] = []
    metric, is_learned = math.nan, False
    while len(losses) < _STEPS and time.perf_counter() - begun < seconds:
        loss = torch.as_tensor(program.update(inputs, targets)).detach()
        losses.append(float(loss.mean()))
        if not math.isfinite(losses[-1]):
            break
        if len(losses) % _CHECKED_EVERY == 0:
            metric = _metric(evidence, program, inputs, targets)
            is_learned = _is_learned(evidence, metric, losses)
            if is_learned:
                break
    return ByHeart(
        first_loss=losses[0],
        last_loss=fmean(losses[-5:]),
        metric=metric,
        steps=len(losses),
        is_learned=is_learned,
        has_diverged=not math.isfinite(losses[-1]),
    )


def without_dropout_(model: nn.Module) -> None:
    """Switch the dropout of all modules off, recurrent and attention modules included."""
    for module in model.modules():
        if isinstance(module, _DROPOUTS):
            module.p = 0.0
        elif isinstance(module, (nn.RNNBase, nn.MultiheadAttention)):
            module.dropout = 0.0


@torch.no_grad()
def _metric(evidence: Evidence, program: Program, inputs: Any, targets: Any) -> float:
    """Return the metric in the mode of training, in which the batch was learned."""
    outputs = call_model(program.model, inputs)
    try:
        answer = answer_of(program.loss_fn, outputs, targets)
        return standard_metric(evidence.task, answer, targets)
    except (RuntimeError, ValueError, TypeError, IndexError):
        return math.nan


def _is_learned(evidence: Evidence, metric: float, losses: list[float]) -> bool:
    if math.isfinite(metric):
        return metric >= (_R2 if evidence.task.kind == "values" else _ACCURACY)
    return 0 <= losses[-1] < _LOSS_SHARE * losses[0]
