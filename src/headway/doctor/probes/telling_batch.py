"""A metric is asked about samples that differ in their targets."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from headway.doctor.evidence import Evidence
from headway.doctor.examples import Batch, Examples, take
from headway.doctor.probes.baselines import gather
from headway.doctor.probes.metric_facts import MetricFacts, metric_facts
from headway.doctor.program import Program, call_model, first_tensor

# Samples among which others are looked for, and how many of a batch they are at most.
_READ = 512
_SAMPLES, _OTHERS = 64, 16


def told_by_metric(
    evidence: Evidence, program: Program, outputs: Any, targets: Any
) -> MetricFacts | None:
    """Ask a metric about a batch, or about others where all its targets are equal.

    Of a single class many metrics say nothing, such as the area under a curve: a rare class
    may be missing in a batch, and what looks for the unusual is trained without it.
    """
    if not callable(program.metric):
        return None
    if _differ(targets):
        return metric_facts(program, outputs, targets, evidence.task)
    for examples in (program.train, program.val):
        batch = None if examples is None else _of_several(examples)
        if batch is not None:
            with torch.no_grad():
                said = call_model(program.model, batch[0])
            return metric_facts(program, said, batch[1], evidence.task)
    told = metric_facts(program, outputs, targets, evidence.task)
    return None if told is None else replace(told, is_agreed=False)


def _differ(targets: Any) -> bool:
    target = first_tensor(targets)
    # One sample has nothing to differ from, and is asked about all the same.
    return len(target) < 2 or not bool(_like_first(target).all())


def _like_first(target: Tensor) -> Tensor:
    """Return which targets are equal to the first."""
    return (target == target[:1]).reshape(len(target), -1).all(dim=1)


def _of_several(examples: Examples) -> Batch | None:
    """Return samples that do not all have the same target, None where there are none."""
    inputs, targets = gather(examples, _READ)
    is_first = _like_first(first_tensor(targets))
    others = (~is_first).nonzero().flatten()[:_OTHERS]
    if not len(others):
        return None
    same = is_first.nonzero().flatten()[: _SAMPLES - len(others)]
    numbers = torch.cat([same, others]).sort().values
    return take(inputs, numbers), take(targets, numbers)
