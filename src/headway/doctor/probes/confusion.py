"""Which class the trained network says for which."""

from dataclasses import dataclass

import torch
from torch import Tensor

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.probes.baselines import gather
from headway.doctor.program import Program, call_model
from headway.doctor.task import TaskFacts, class_ids, predicted_ids
from headway.measure.probe import evaluating

_SAMPLES = 512
_MOST_CLASSES = 1000


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """How often each class (row) is answered with each class (column).

    Attributes:
        train: On training samples, in evaluation mode.
        val: On validation samples.
    """

    train: Tensor
    val: Tensor


def probe_confusion(evidence: Evidence, budget: Budget) -> Confusion | None:
    """Count the answers of the trained network; None without classes or validation data."""
    del budget
    course = evidence.course
    if course is None or evidence.task.kind not in ("classes", "binary"):
        return None
    program, task = course.program, evidence.task
    if program.val is None:
        return None
    pairs = [_pairs(program, part, task) for part in (program.train, program.val)]
    if any(not pair.numel() for pair in pairs):
        return None
    count = int(max(pair.max() for pair in pairs)) + 1
    if count > _MOST_CLASSES:
        return None
    train, val = (
        (pair[0] * count + pair[1]).bincount(minlength=count**2).reshape(count, count)
        for pair in pairs
    )
    return Confusion(train=train, val=val)


def _pairs(program: Program, examples: Examples, task: TaskFacts) -> Tensor:
    """Return true and said classes, one column for each sample or position."""
    inputs, targets = gather(examples, _SAMPLES)
    with evaluating(program.model):
        said = predicted_ids(task, call_model(program.model, inputs))
    truth = class_ids(task, targets)
    if said is None or truth is None or said.shape != truth.shape:
        return torch.empty(2, 0, dtype=torch.long)
    is_counted = (truth >= 0) & (said >= 0)
    return torch.stack([truth[is_counted].cpu(), said[is_counted].cpu()])
