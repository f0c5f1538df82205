"""The program's own training, watched: what it reaches and how its weights move."""

import math
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.program import Program
from headway.doctor.training import Course, train

# Share of the budget that the program's own training may take.
_SHARE = 0.4
# Enough evaluations to tell a rise over three of them from noise.
_EVALUATIONS = 15
# Share of that time for an evaluation, and how many samples it looks at. Fewer than the least
# would not tell a network that learns from one that guesses.
_EVALUATION_SHARE = 0.05
_FEWEST_SAMPLES, _MOST_SAMPLES = 64, 1024
# How many updates are measured, besides the first ones.
_MEASURED = 20
_FIRST = 3
# Evaluations from which the loss of a last fifth can be told.
_LEAST_EVALUATIONS = 5


@dataclass(frozen=True, kw_only=True)
class UpdateNumbers:
    """What one update did to the weights.

    Attributes:
        step: Its number from 1.
        ratios: Norm of the change over norm of the weight by name of the parameter; vectors
            are left out.
        grad_norms: Norm of the gradient that is left after the update by name; parameters
            without a gradient are absent.
    """

    step: int
    ratios: dict[str, float]
    grad_norms: dict[str, float]

    @property
    def ratio(self) -> float:
        """The median ratio of the weights that moved, or 0."""
        moved = sorted(value for value in self.ratios.values() if value > 0)
        return moved[len(moved) // 2] if moved else 0.0


@dataclass(kw_only=True)
class Watched(Course):
    """The course of the program's own training.

    Attributes:
        program: The program after that training.
        updates: Numbers of some updates, in order.
        rates: Largest learning rate of the groups in each update.
        eval_from: Number of the update from which on all had the model in evaluation mode, or
            None.
    """

    program: Program
    updates: list[UpdateNumbers] = field(default_factory=list[UpdateNumbers])
    rates: list[float] = field(default_factory=list[float])
    eval_from: int | None = None

    @property
    def has_no_val(self) -> bool:
        """Whether there is no validation data."""
        return not self.evaluations or self.evaluations[0].val is None

    @property
    def last_fall(self) -> float:
        """Share of all that the training loss fell by that the last fifth brings, or 0."""
        losses = [evaluation.train.loss for evaluation in self.evaluations]
        if len(losses) < _LEAST_EVALUATIONS or not losses[0] - losses[-1] > 0:
            return 0.0
        part = max(1, len(losses) // 5)
        before, last = fmean(losses[-2 * part : -part]), fmean(losses[-part:])
        return (before - last) / (losses[0] - losses[-1])

    @property
    def last_rise(self) -> float:
        """Share of all that the metric rose by that the last fifth brings, or 0."""
        metrics = [(e.val or e.train).metric for e in self.evaluations]
        if len(metrics) < _LEAST_EVALUATIONS or not all(map(math.isfinite, metrics)):
            return 0.0
        part = max(1, len(metrics) // 5)
        before, last = fmean(metrics[-2 * part : -part]), fmean(metrics[-part:])
        rose = last - metrics[0]
        return (last - before) / rose if rose > 0 else 0.0

    @property
    def largest_ratio(self) -> float:
        """The largest update-to-weight ratio; 0 where nothing was measured."""
        return max((u.ratio for u in self.updates if math.isfinite(u.ratio)), default=0.0)

    @property
    def median_ratio(self) -> float:
        """The median update-to-weight ratio after the first updates; NaN where unknown."""
        ratios = sorted(u.ratio for u in self.updates if u.step > _FIRST)
        return ratios[len(ratios) // 2] if ratios else math.nan


def probe_watched(evidence: Evidence, budget: Budget, *, seed: int = 0) -> Watched:
    """Run the user's own program for its own epochs, as far as a part of the budget goes."""
    program = evidence.make(seed)
    planned = program.epochs * program.train.num_batches
    watcher = _UpdateWatcher(program, every=max(2, planned // _MEASURED))
    seconds = budget.part(_SHARE)
    with watcher.watching():
        course = train(
            program,
            max_seconds=seconds,
            evaluations=_EVALUATIONS,
            eval_samples=_affordable(seconds, evidence.forward_seconds),
            on_step=watcher,
        )
    return Watched(
        **vars(course),
        program=program,
        updates=watcher.updates,
        rates=watcher.rates,
        eval_from=watcher.eval_from,
    )


def _affordable(seconds: float, forward_seconds: float) -> int:
    """Return how many samples the first and the last evaluation may look at."""
    if not forward_seconds:
        return _MOST_SAMPLES
    affordable = int(_EVALUATION_SHARE * seconds / forward_seconds)
    return max(_FEWEST_SAMPLES, min(_MOST_SAMPLES, affordable))


class _UpdateWatcher:
    """Compares the weights before and after an update, now and then."""

    def __init__(self, program: Program, *, every: int) -> None:
        self._model, self._every = program.model, every
        self._groups: list[dict[str, Any]] = program.optimizer.param_groups
        self._before: dict[str, Tensor] = self._weights()
        self.updates: list[UpdateNumbers] = []
        self.rates: list[float] = []
        self.eval_from: int | None = None
        self._is_eval = False

    @contextmanager
    def watching(self) -> Generator[None]:
        """Note in which mode the model is called for updates, where it takes a hook."""
        try:
            hook = self._model.register_forward_pre_hook(self._before_forward)
        except RuntimeError:
            # A scripted module.
            yield
            return
        try:
            yield
        finally:
            hook.remove()

    def _before_forward(self, model: nn.Module, _: Any) -> None:
        if torch.is_grad_enabled():
            self._is_eval = not model.training

    def __call__(self, step: int, inputs: Any, targets: Any, loss: float) -> None:
        if not self._is_eval:
            self.eval_from = None
        elif self.eval_from is None:
            self.eval_from = step
        # The schedule moves after this: these are the rates of the update itself.
        self.rates.append(max((float(g.get("lr", 0.0)) for g in self._groups), default=0.0))
        if self._before:
            self.updates.append(self._numbers(step))
        is_next = step < _FIRST or (step + 1) % self._every == 0
        self._before = self._weights() if is_next else {}

    def _weights(self) -> dict[str, Tensor]:
        named = self._model.named_parameters()
        # Vectors are biases and scales: from zero on, any change of them is infinite.
        return {
            name: p.detach().clone() for name, p in named if not is_lazy(p) and p.dim() > 1
        }

    @torch.no_grad()
    def _numbers(self, step: int) -> UpdateNumbers:
        ratios: dict[str, float] = {}
        grad_norms: dict[str, float] = {}
        for name, parameter in self._model.named_parameters():
            before = self._before.get(name)
            if before is not None and before.shape == parameter.shape:
                change = (parameter - before).norm()
                ratios[name] = float(change / before.norm().clamp(min=1e-12))
            if parameter.grad is not None:
                grad_norms[name] = float(parameter.grad.norm())
        return UpdateNumbers(step=step, ratios=ratios, grad_norms=grad_norms)
