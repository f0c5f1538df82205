"""Whether a metric counts what the loss leaves out."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from headway.doctor.probes.plain_answers import made_up_answers
from headway.doctor.program import Program, first_tensor, with_main
from headway.doctor.task import TaskFacts


def share_ignored_but_counted(
    program: Program, outputs: Any, targets: Any, task: TaskFacts
) -> float:
    """Return the share of targets with a class that the loss ignores and the metric counts.

    Right answers are made wrong where the loss ignores them: a metric that falls counts them.
    Padding, at the ends of sequences, is no class.

    Args:
        program: With a metric that is a function; 0 where it has none.
        outputs: Of its model.
        targets: Of the same samples.
        task: Says which id the loss ignores.
    """
    if program.step is not None or task.kind != "classes" or task.ignore_index < 0:
        return 0.0
    try:
        return _share(program, outputs, targets, task)
    except Exception:
        # A metric of others may refuse what it has never been given.
        return 0.0


def _share(program: Program, outputs: Any, targets: Any, task: TaskFacts) -> float:
    metric, target = program.metric, first_tensor(targets)
    if not callable(metric):
        return 0.0
    is_ignored = target == task.ignore_index
    if not bool(is_ignored.any()) or bool(is_ignored.all()) or _is_padding(is_ignored):
        return 0.0
    right, wrong = made_up_answers(outputs, targets, replace(task, ignore_index=-100))

    def ask(answer: Tensor) -> float:
        return float(metric(with_main(outputs, answer), targets))

    is_counted = any(
        ask(answer)
        > ask(torch.where(_where(is_ignored, answer, task), wrong[form], answer))
        for form, answer in right.items()
    )
    return float(is_ignored.double().mean()) if is_counted else 0.0


def _where(is_ignored: Tensor, answer: Tensor, task: TaskFacts) -> Tensor:
    """Return the places in the shape of the answers, along all classes."""
    moved = answer.movedim(task.axis, -1)
    return is_ignored.reshape(*moved.shape[:-1], 1).movedim(-1, task.axis)


def _is_padding(is_ignored: Tensor) -> bool:
    """Whether nothing is ignored but at the ends, or the beginnings, of sequences."""
    if is_ignored.dim() < 2:
        return False
    ends = is_ignored.flip(-1).long().cumprod(dim=-1).flip(-1).bool()
    beginnings = is_ignored.long().cumprod(dim=-1).bool()
    return torch.equal(ends, is_ignored) or torch.equal(beginnings, is_ignored)
