"""Targets that are the very ids which the network reads, step by step."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from headway.doctor.probes.features import tensors_in
from headway.doctor.probes.plain_answers import made_up_answers
from headway.doctor.program import Program, call_model, main_output, with_main
from headway.doctor.task import TaskFacts, class_axis
from headway.measure.probe import evaluating

# Ids that follow each other differ so often, or the next one is the same answer.
_DIFFERENT = 0.5
# Steps on both sides of the one that is changed.
_LEAST_STEPS = 3
# Where a metric gives the next ids so much of the way from 0 to their worth more than the same
# ones, it is meant for them.
_CLEARLY = 0.5
_CANNOT = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError)


@dataclass(frozen=True, kw_only=True)
class Copied:
    """A loss that wants at each step the id that the network reads there.

    Attributes:
        same: What the program's metric gives for these ids, NaN where it has no function.
        following: Likewise for the ids of the next step.
        is_causal: Whether answers depend on the id at their step and earlier ones alone.
    """

    same: float = math.nan
    following: float = math.nan
    is_causal: bool = False

    @property
    def is_for_next(self) -> bool:
        """Whether the metric takes the ids of the next step for right, and not the same."""
        return self.following - self.same > _CLEARLY * abs(self.following)


def copied(
    program: Program, inputs: Any, outputs: Any, targets: Any, task: TaskFacts
) -> Copied | None:
    """Return what is known of targets that repeat the inputs; None where they do not."""
    if task.kind != "classes" or not task.per_position or not isinstance(targets, Tensor):
        return None
    ids = next((t for t in tensors_in(inputs) if _is_repeated(t, targets, task)), None)
    if ids is None:
        return None
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(0)
            return _asked(program, inputs, outputs, targets, task)
    except _CANNOT:
        return None


def _is_repeated(ids: Tensor, targets: Tensor, task: TaskFacts) -> bool:
    if ids.is_floating_point() or ids.shape != targets.shape or ids.dim() != 2:
        return False
    is_counted = targets != task.ignore_index
    is_same = bool((ids == targets)[is_counted].all())
    changes = (ids[:, 1:] != ids[:, :-1]).float().mean()
    return is_same and float(is_counted.float().mean()) > 0 and float(changes) > _DIFFERENT


def _asked(
    program: Program, inputs: Any, outputs: Any, targets: Tensor, task: TaskFacts
) -> Copied | None:
    """Ask loss and metric about the ids of each step and of the next."""
    same, _ = made_up_answers(outputs, targets, task)
    # Steps may come first.
    later = [
        made_up_answers(outputs, targets.roll(-1, dims=axis), task)[0] for axis in (0, 1)
    ]

    def loss(answer: Tensor) -> float:
        value = program.loss_fn(with_main(outputs, answer), targets)
        return float(torch.as_tensor(value).mean())

    def worth(answer: Tensor) -> float:
        metric = program.metric
        return (
            float(metric(with_main(outputs, answer), targets))
            if callable(metric)
            else math.nan
        )

    if not any(
        loss(same[form]) < min(loss(answers[form]) for answers in later) for form in same
    ):
        return None
    return Copied(
        same=max(worth(answer) for answer in same.values()),
        following=max(worth(answer) for answers in later for answer in answers.values()),
        is_causal=_is_causal(program, inputs, task),
    )


def _is_causal(program: Program, inputs: Any, task: TaskFacts) -> bool:
    """Whether a change of an id changes the answers from its step on, and none before."""
    if not isinstance(inputs, Tensor) or inputs.shape[1] < _LEAST_STEPS:
        return False
    step = inputs.shape[1] // 2
    other = inputs.clone()
    other[:, step] = torch.where(
        inputs[:, step] == inputs.max(), inputs.min(), inputs.max()
    )
    with evaluating(program.model):
        before, after = (main_output(call_model(program.model, x)) for x in (inputs, other))
    moved = (after - before).abs().movedim(class_axis(task, before), -1)
    if moved.shape[:2] != inputs.shape:
        return False
    by_step = moved.flatten(2).amax(dim=(0, 2))
    noise = 1e-5 * float(by_step.max())
    is_later = bool((by_step[step + 1 :] > noise).any())
    return (
        is_later and bool(by_step[step] > noise) and bool((by_step[:step] <= noise).all())
    )
