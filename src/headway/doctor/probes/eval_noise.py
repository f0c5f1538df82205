"""What randomness that is left in evaluation mode costs a network that was trained."""

import math
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

import torch
from torch import Tensor

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.probes.baselines import gather
from headway.doctor.probes.plain_answers import with_main
from headway.doctor.program import Program, call_model, main_output, num_in
from headway.doctor.scoring import standard_metric
from headway.measure.probe import evaluating

_EVALUATIONS = 8
# Samples are split into so many parts, whose gains tell a gain from chance.
_PARTS = 8
_SAMPLES, _LEAST_SAMPLES = 512, 64
_SHARE = 0.05
# Differences beyond this share of the spread of outputs are no rounding.
_EPS = 1e-3


@dataclass(frozen=True, kw_only=True)
class EvalNoise:
    """Several evaluations of the same samples by the same trained network.

    Attributes:
        samples: How many.
        evaluations: How often.
        single: Accuracy or R2 of one evaluation, on average.
        together: Of the mean of all outputs.
        error: Standard error of the difference of the two.
    """

    samples: int
    evaluations: int
    single: float
    together: float
    error: float


def probe_eval_noise(evidence: Evidence, budget: Budget) -> EvalNoise | None:
    """Evaluate the trained network several times; None where the answers stay the same."""
    task = evidence.task
    if evidence.course is None or task.kind == "unknown" or task.targets_equal_inputs:
        return None
    program = evidence.course.program
    each = _EVALUATIONS * max(evidence.forward_seconds, 1e-9)
    count = min(_SAMPLES, int(budget.part(_SHARE) / each))
    if count < _LEAST_SAMPLES:
        return None
    inputs, targets = gather(program.val or program.train, count)
    whole, outputs = _evaluated(program, inputs)
    if len(outputs) < _EVALUATIONS or not isinstance(targets, Tensor):
        return None
    name = None if callable(program.metric) else program.metric

    def metric(answers: Tensor, numbers: Tensor) -> float:
        said = with_main(whole, answers[numbers])
        return standard_metric(task, said, targets[numbers], name=name)

    mean = torch.stack(outputs).mean(dim=0)
    order = torch.randperm(num_in(targets), generator=torch.Generator().manual_seed(0))
    parts = order.chunk(_PARTS)
    singles = [fmean(metric(output, part) for output in outputs) for part in parts]
    together = [metric(mean, part) for part in parts]
    gains = [one - other for one, other in zip(together, singles, strict=True)]
    return EvalNoise(
        samples=num_in(targets),
        evaluations=len(outputs),
        single=fmean(singles),
        together=fmean(together),
        error=stdev(gains) / math.sqrt(len(gains)),
    )


def _evaluated(program: Program, inputs: Any) -> tuple[Any, list[Tensor]]:
    """Return the first outputs, and the main one of each; few where they are all equal."""
    with evaluating(program.model):
        whole = call_model(program.model, inputs)
        outputs = [main_output(whole).detach().float()]
        while len(outputs) < _EVALUATIONS:
            torch.manual_seed(len(outputs))
            output = main_output(call_model(program.model, inputs)).detach().float()
            if not _differs(outputs[0], output):
                break
            outputs.append(output)
    return whole, outputs


def _differs(first: Tensor, second: Tensor) -> bool:
    if first.shape != second.shape or first.numel() < 2:
        return False
    gap = (first - second).square().mean().sqrt()
    return bool(gap > _EPS * first.std())
