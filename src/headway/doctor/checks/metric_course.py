"""A metric that training lowers."""

import math
from collections.abc import Iterator

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.training import Course, Evaluation

_CAUSE: Cause = "metric"
_CONFIDENCE = 0.8
# Fewer evaluations have no course.
_LEAST_EVALUATIONS = 5
# What is left of the loss, and of the metric, where a training lowers both.
_LEFT = 0.5
# Share of the pairs of evaluations in which the one with the lower loss has the lower metric.
_TOGETHER = 0.9


def check_metric_course(evidence: Evidence) -> Iterator[Finding]:
    """Find a metric that falls with the loss, on training and on validation data.

    Where right answers can be made up, the metric is asked about them; elsewhere the network
    shows what better answers are worth, as its loss becomes smaller on new samples too.
    """
    course: Course | None = evidence.course
    first: FirstBatch | None = evidence.first_batch
    if course is None or first is None or first.metric is None or course.stop != "done":
        return
    if not math.isnan(first.metric.right):
        return
    parts = _parts(course.evaluations)
    if not parts or not all(_fall_together(part) for part in parts):
        return
    losses, metrics = zip(*parts[-1], strict=True)
    yield Finding(
        cause=_CAUSE,
        severity="warning",
        confidence=_CONFIDENCE,
        evidence=(
            f"The training lowers the metric from {metrics[0]:.3g} to {metrics[-1]:.3g} as the "
            f"loss falls from {losses[0]:.3g} to {losses[-1]:.3g}: it takes better answers for "
            "worse ones."
        ),
        remedy="Return a metric that is larger for better answers.",
        code="metric = lambda output, target: -error(output, target)",
        check="metric_course",
        is_certain=True,
    )


def _parts(evaluations: list[Evaluation]) -> list[list[tuple[float, float]]]:
    """Return loss and metric of each evaluation, on training and on validation data."""
    if len(evaluations) < _LEAST_EVALUATIONS:
        return []
    scores = [[e.train for e in evaluations], [e.val for e in evaluations if e.val]]
    return [[(s.loss, s.metric) for s in part] for part in scores if part]


def _fall_together(part: list[tuple[float, float]]) -> bool:
    """Whether loss and metric lose much, the one with the other."""
    (loss, metric), (last_loss, last_metric) = part[0], part[-1]
    has_fallen = 0 <= last_loss < _LEFT * loss and 0 <= last_metric < _LEFT * metric
    moves = [
        (one[0] - two[0]) * (one[1] - two[1])
        for number, one in enumerate(part)
        for two in part[:number]
    ]
    together = sum(move >= 0 for move in moves)
    return has_fallen and together >= _TOGETHER * len(moves)
