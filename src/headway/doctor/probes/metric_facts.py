"""What a program's own metric says about right answers, wrong ones and the network's."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import torch

from headway.doctor.probes.loss_records import Meeting
from headway.doctor.probes.loss_trace import LossTracer
from headway.doctor.probes.plain_answers import made_up_answers, with_main
from headway.doctor.program import Program
from headway.doctor.task import TaskFacts

_CANNOT = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError)


@dataclass(frozen=True, kw_only=True)
class MetricFacts:
    """What a metric function returns for one batch.

    Attributes:
        own: For what the untrained network says.
        right: The most for right answers in any form: logits, probabilities, values.
        wrong: The least for wrong answers in any form.
        error: What it raised for the network's answers, or "".
        meeting: Where it compared every output with every target, or None.
    """

    own: float = math.nan
    right: float = math.nan
    wrong: float = math.nan
    error: str = ""
    meeting: Meeting | None = None


def metric_facts(
    program: Program, outputs: Any, targets: Any, task: TaskFacts
) -> MetricFacts | None:
    """Ask a program's metric about made-up answers; None where it has no function."""
    metric = program.metric
    if not callable(metric):
        return None

    def ask(answer: Any) -> float:
        try:
            return float(metric(answer, targets))
        except _CANNOT:
            return math.nan

    tracer = LossTracer(program, (), targets)
    with torch.no_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with tracer.on():
                tracer.take_output(outputs)
                own = float(metric(outputs, targets))
        except _CANNOT as error:
            first_line = str(error).partition("\n")[0]
            return MetricFacts(error=f"{type(error).__name__}: {first_line}")
        right, wrong = made_up_answers(outputs, targets, task)
        said = [ask(with_main(outputs, answer)) for answer in right.values()]
        other = [ask(with_main(outputs, answer)) for answer in wrong.values()]
    outer = next((m for m in tracer.trace.meetings if m.is_outer), None)
    finite = [value for value in said if math.isfinite(value)]
    least = [value for value in other if math.isfinite(value)]
    return MetricFacts(
        own=own,
        right=max(finite, default=math.nan),
        wrong=min(least, default=math.nan),
        meeting=outer,
    )
