"""What nearby inputs tell about targets, without a network."""

import math
from typing import Any

import torch
from torch import Tensor

from headway.doctor.probes.features import sample_features, tensors_in
from headway.doctor.program import first_tensor, num_in
from headway.doctor.scoring import r2
from headway.doctor.task import TaskFacts, class_ids

# Samples whose neighbors are asked, and how often answers are shuffled to compare.
_ASKED = 600
_SHUFFLES = 40
_NEIGHBORS = 5
# Fewer samples have no neighbors to speak of.
_LEAST = 40


def tells(task: TaskFacts, inputs: Any, targets: Any) -> float | None:
    """Return how far the targets of neighbors are from those of strangers.

    Returns:
        In standard deviations of what shuffled targets have; None where it cannot be told.
    """
    count = num_in(targets)
    if task.kind == "unknown" or task.targets_equal_inputs or count < _LEAST:
        return None
    numbers = torch.randperm(count, generator=torch.Generator().manual_seed(0))[:_ASKED]
    answers = _answers(task, targets)
    if answers is None or len(answers) != count:
        return None
    answers = answers[numbers]
    near = _nearest(inputs, numbers)
    generator = torch.Generator().manual_seed(1)
    shuffled = torch.stack(
        [
            _agreement(answers[torch.randperm(len(answers), generator=generator)], near)
            for _ in range(_SHUFFLES)
        ]
    )
    spread = float(shuffled.std())
    if spread == 0:
        return None
    return float(_agreement(answers, near) - shuffled.mean()) / spread


def known(task: TaskFacts, inputs: Any, targets: Any, count: int) -> float:
    """Return accuracy or R2 of the mean answer of the nearest others among `count` samples.

    Returns:
        NaN where samples have no answer of their own, or are too few.
    """
    total = num_in(targets)
    if task.kind == "unknown" or task.targets_equal_inputs or count < _LEAST:
        return math.nan
    answers = _answers(task, targets)
    if answers is None or len(answers) != total:
        return math.nan
    order = torch.randperm(total, generator=torch.Generator().manual_seed(0))
    numbers = order[: min(count, _ASKED)]
    answers = answers[numbers]
    said = answers[_nearest(inputs, numbers)].mean(dim=1)
    if class_ids(task, targets) is not None:
        return float((said.argmax(dim=1) == answers.argmax(dim=1)).float().mean())
    return r2(said, answers)


def _nearest(inputs: Any, numbers: Tensor) -> Tensor:
    """Return the nearest others of each of these samples."""
    features = sample_features(_picked(inputs, numbers))
    features = (features - features.mean(dim=0)) / features.std(dim=0).clamp(min=1e-6)
    distances = torch.cdist(features, features)
    distances.fill_diagonal_(torch.inf)
    return distances.topk(_NEIGHBORS, largest=False).indices


def _answers(task: TaskFacts, targets: Any) -> Tensor | None:
    ids = class_ids(task, targets)
    if ids is not None:
        known = ids.unique()
        if len(known) > 100:
            return None
        return torch.nn.functional.one_hot(torch.searchsorted(known, ids)).float()
    target = first_tensor(targets).detach().float()
    target = target.reshape(len(target), -1).nan_to_num()
    return (target - target.mean(dim=0)) / target.std(dim=0).clamp(min=1e-6)


def _agreement(answers: Tensor, near: Tensor) -> Tensor:
    return (answers[near].mean(dim=1) * answers).sum(dim=1).mean()


def _picked(values: Any, numbers: Tensor) -> Any:
    return [tensor.detach().cpu()[numbers] for tensor in tensors_in(values)]
