"""A metric that does not measure how good the answers are."""

import math
from collections.abc import Iterator

from headway.doctor.checks.certain import certain
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.loss_records import Meeting
from headway.doctor.probes.metric_facts import MetricFacts

_CAUSE: Cause = "metric"
_OF_LOGITS = "binary_cross_entropy_with_logits"
# Right answers in the form that a metric is not made for are worth less than this share.
_HALF = 0.5


def check_metric(evidence: Evidence) -> Iterator[Finding]:
    """Find a metric that is not larger for right answers than for wrong ones."""
    first: FirstBatch | None = evidence.first_batch
    if first is None or first.metric is None:
        return
    told = first.metric
    if told.error:
        yield certain(
            _CAUSE,
            f"The metric fails: {told.error}.",
            "Check the shapes and types that the metric gets.",
        )
    elif told.meeting is not None:
        yield _compares_all(told.meeting)
    elif math.isfinite(told.right + told.wrong):
        yield from _misleading(first, told)


def _compares_all(meeting: Meeting) -> Finding:
    return certain(
        _CAUSE,
        f"The metric compares outputs of shape {meeting.output_shape} with targets "
        f"of shape {meeting.target_shape}, every one with every other.",
        "Give outputs and targets the same shape.",
        code="(predicted.squeeze(-1) == target).float().mean()",
    )


def _misleading(first: FirstBatch, told: MetricFacts) -> Iterator[Finding]:
    """Find a metric whose values do not say how good answers are."""
    if told.is_swapped:
        yield certain(
            _CAUSE,
            "The metric is R2 with outputs and targets exchanged: it divides by the variance "
            "of the outputs instead of that of the targets.",
            "Give the targets first.",
            code="r2_score(target, output)",
        )
    elif told.right == told.wrong == told.own:
        yield certain(
            _CAUSE,
            f"The metric is {told.own:.3g} for right answers, for wrong ones and for those "
            "of the untrained network.",
            "Compare the predicted classes, argmax along the classes, with the targets.",
            code="accuracy = (output.argmax(dim=1) == target).float().mean()",
        )
    elif told.right < told.wrong:
        yield certain(
            _CAUSE,
            f"The metric is {told.right:.3g} for right answers and {told.wrong:.3g} for wrong "
            "ones.",
            "Return a metric that is larger for better answers.",
            code="metric = lambda output, target: -error(output, target)",
        )
    elif told.gap <= 0 and told.right != told.wrong:
        yield certain(
            _CAUSE,
            f"The metric does not tell right answers from wrong ones: {told.right:.3g} at most "
            f"for the one and {told.wrong:.3g} at least for the other, by the order of the "
            "samples.",
            "Compare the predicted classes, argmax along the classes, with the targets.",
            code="accuracy = (output.argmax(dim=1) == target).float().mean()",
        )
    elif _wants_probabilities(first, told):
        yield certain(
            _CAUSE,
            f"The loss takes logits, and for right ones the metric is "
            f"{told.by_form['logits']:.3g}; for right probabilities it is {told.right:.3g}.",
            "Give the metric probabilities.",
            code="metric = lambda output, target: accuracy(torch.sigmoid(output), target)",
        )
    elif told.is_stiff:
        yield certain(
            _CAUSE,
            f"The metric is {told.wrong:.3g} for wrong answers, and no more where a quarter, "
            "half or nine in ten of them are right.",
            "Take the mean over the samples as a floating-point number, without rounding.",
            code="accuracy = (output.argmax(dim=1) == target).float().mean()",
        )


def _wants_probabilities(first: FirstBatch, told: MetricFacts) -> bool:
    """Whether right logits, which the loss takes, are worth less than they should be."""
    of_logits = told.by_form.get("logits", math.nan)
    takes_logits = any(seen.name == _OF_LOGITS and seen.is_of_main for seen in first.losses)
    return takes_logits and of_logits < told.wrong + _HALF * (told.right - told.wrong)
