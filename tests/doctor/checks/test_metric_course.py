"""A metric has to rise as a network learns."""

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.checks.metric_course import check_metric_course
from headway.doctor.evidence import Evidence
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.metric_facts import MetricFacts
from headway.doctor.program import Program
from headway.doctor.scoring import Scores
from headway.doctor.task import TaskFacts
from headway.doctor.training import Course, Evaluation

LOSSES = [1.0, 0.5, 0.3, 0.2, 0.15, 0.1]
FALLING = [0.5, 0.3, 0.2, 0.1, 0.08, 0.05]


def after(
    losses: list[float],
    metrics: list[float],
    *,
    val: list[float],
    right: float = float("nan"),
) -> Evidence:
    """Return the evidence of a training in which loss and metric were these."""

    def scores(values: list[float]) -> list[Scores]:
        pairs = zip(losses, values, strict=True)
        return [Scores(loss=loss, metric=v, has_own_metric=True) for loss, v in pairs]

    model = nn.Linear(2, 1)

    def metric(output: Tensor, target: Tensor) -> float:
        return 0.0

    program = Program(
        model=model,
        loss_fn=nn.MSELoss(),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        train=None,  # pyright: ignore[reportArgumentType]
        metric=metric,
    )
    evidence = Evidence(
        make=lambda _: program, program=program, task=TaskFacts(kind="unknown")
    )
    course = Course(steps=100, planned_steps=100)
    course.evaluations = [
        Evaluation(step=n, epoch=n, train=one, val=two)
        for n, (one, two) in enumerate(zip(scores(metrics), scores(val), strict=True))
    ]
    evidence.course = course
    evidence.first_batch = FirstBatch(metric=MetricFacts(own=0.5, right=right))
    return evidence


def test_a_metric_that_falls_with_the_loss_is_named():
    (found,) = check_metric_course(after(LOSSES, FALLING, val=FALLING))

    assert (found.cause, found.severity) == ("metric", "warning")
    assert "from 0.5 to 0.05" in found.evidence


RISING = [1 - value for value in FALLING]


@pytest.mark.parametrize(
    "evidence",
    [
        after(LOSSES, RISING, val=RISING),
        after(LOSSES, RISING, val=FALLING),
        after(LOSSES, FALLING, val=[0.5, 0.5, 0.4, 0.4, 0.4, 0.4]),
        after([1.0, 0.99, 0.99, 0.98, 0.98, 0.97], FALLING, val=FALLING),
        after(LOSSES, [-value for value in RISING], val=[-value for value in RISING]),
        after(LOSSES, FALLING, val=FALLING, right=1.0),
        after(LOSSES, [0.5, 0.02, 0.3, 0.02, 0.3, 0.05], val=FALLING),
    ],
    ids=[
        "rising",
        "falling on new samples only",
        "falling a little",
        "a loss that stays",
        "errors with a minus",
        "right answers are known",
        "up and down",
    ],
)
def test_other_metrics_have_no_finding(evidence: Evidence):
    assert list(check_metric_course(evidence)) == []
