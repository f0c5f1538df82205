"""A metric that does not measure how good the answers are."""

import math
from collections.abc import Iterator

from headway.doctor.calls import DISTANCES
from headway.doctor.checks.certain import certain
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.own_metric import learns_by_own
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.loss_records import Meeting
from headway.doctor.probes.metric_facts import MetricFacts

_CAUSE: Cause = "metric"
# Losses that say in which form the outputs are, and heads that do where the loss does not.
_FORM_OF_LOSS = {
    "binary_cross_entropy_with_logits": "logits",
    "multilabel_soft_margin_loss": "logits",
    "nll_loss": "log-probabilities",
    "binary_cross_entropy": "probabilities",
}
_SHARES = frozenset({"sigmoid", "hardsigmoid", "softmax"})
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
    elif first.copied is not None and first.copied.is_for_next:
        # The labels are at fault (checks/label_encoding.py).
        return
    elif _is_meant(told) and not (_is_blind(told) and learns_by_own(evidence)):
        # One that rises with the training is not constant, and wants what the loss wants.
        yield from _misleading(first, told)


def _is_meant(told: MetricFacts) -> bool:
    """Whether the metric takes answers that the loss takes for right or wrong."""
    return told.is_agreed and math.isfinite(told.right + told.wrong)


def _is_blind(told: MetricFacts) -> bool:
    """Whether right answers are worth no more than wrong ones, in any form."""
    return told.right <= told.wrong or set(told.by_form) <= told.blind


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
    elif _is_opposed(first, told):
        yield _of_opposite(first, told)
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
    elif (form := _form(first)) and _is_worth_less(told, form):
        yield _of_another_form(told, form)
    elif told.is_stiff:
        yield certain(
            _CAUSE,
            f"The metric is {told.wrong:.3g} for wrong answers, and no more where a quarter, "
            "half or nine in ten of them are right.",
            "Take the mean over the samples as a floating-point number, without rounding.",
            code="accuracy = (output.argmax(dim=1) == target).float().mean()",
        )


def _is_opposed(first: FirstBatch, told: MetricFacts) -> bool:
    """Whether right answers are worth less than wrong ones in a form that the loss likes."""
    facts, worth = first.facts, told.by_form
    if facts is None or not set(worth) <= told.blind or not told.right >= told.wrong:
        return False
    form = min(worth, key=lambda other: worth[other])
    is_liked = facts.right.get(form, math.nan) < facts.wrong.get(form, math.nan)
    return is_liked and worth[form] < told.wrong


def _of_opposite(first: FirstBatch, told: MetricFacts) -> Finding:
    """Say that loss and metric want the opposite of each other.

    Answers that are never negative, and are no probabilities, are distances: small ones mean
    yes to the metric, so that the loss has it wrong.
    """
    output, head = first.output, first.head
    is_share = head is not None and head.op in _SHARES
    is_distance = output is not None and output.low >= 0 and not is_share
    form = min(told.by_form, key=lambda other: told.by_form[other])
    return certain(
        "loss_mismatch" if is_distance else _CAUSE,
        f"Loss and metric want opposite answers: those that the loss prefers have a metric of "
        f"{told.by_form[form]:.3g}, and others have {told.wrong:.3g} at least.",
        "Exchange the terms of yes and no in the loss, or the labels that it gets."
        if is_distance
        else "Return a metric that is larger for better answers.",
        code="loss = loss_fn(distance, 1 - label)" if is_distance else "",
    )


def _form(first: FirstBatch) -> str:
    """Return in which form the network gives its answers, "" where that is not known."""
    names = [seen.name for seen in first.losses if seen.is_of_main]
    form = next((_FORM_OF_LOSS[name] for name in names if name in _FORM_OF_LOSS), "")
    is_open = not form and DISTANCES.issuperset(names)
    if is_open and first.head is not None and first.head.op in _SHARES:
        form = "probabilities"
    output = first.output
    # A loss may get what it is not made for, which is a fault of its own.
    is_share = output is not None and output.low >= 0 and output.high <= 1
    return "" if form == "probabilities" and not is_share else form


def _is_worth_less(told: MetricFacts, form: str) -> bool:
    """Whether right answers of this form are worth less than they should be."""
    value = told.by_form.get(form, math.nan)
    is_low = value < told.wrong + _HALF * (told.right - told.wrong)
    return form in told.blind or (form == "logits" and is_low)


def _of_another_form(told: MetricFacts, form: str) -> Finding:
    best = max(told.by_form, key=lambda other: told.by_form[other])
    code = "accuracy = ((output > 0.5) == (target > 0.5)).float().mean()"
    if form == "logits":
        code = "metric = lambda output, target: accuracy(torch.sigmoid(output), target)"
    return certain(
        _CAUSE,
        f"The network gives {form}, and for right ones the metric is "
        f"{told.by_form[form]:.3g}; for right answers as {best} it is {told.right:.3g}.",
        f"Let the metric take {form} for what they are: a sigmoid belongs to logits, and a "
        "threshold of 0.5 to probabilities.",
        code=code,
    )
