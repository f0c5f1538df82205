"""A loss that was made for other answers than the ones that it gets."""

from collections.abc import Iterator

import torch
from torch import Tensor

from headway.doctor.calls import DISTANCES
from headway.doctor.checks.certain import absurd, certain
from headway.doctor.checks.gated import gated
from headway.doctor.checks.reduction import of_reduction
from headway.doctor.checks.several_labels import of_several_labels, wants_order
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.learned import goes_right, is_right
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.loss_records import Head
from headway.doctor.progress import progress

_CAUSE: Cause = "loss_mismatch"
# Functions that make probabilities, or that a sigmoid written by hand ends with.
_TO_PROBABILITY = frozenset({"sigmoid", "softmax", "hardsigmoid", "div", "reciprocal"})
_LOGIT_LOSSES = (
    "binary_cross_entropy_with_logits",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
)
_YES_OR_NO = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
# Sums of 32-bit probabilities are off by far less.
_TOLERANCE = 1e-3
# Answers fitted to a loss one by one get each right where the loss is about the targets.
_LEAST_FIT = 0.8


def check_loss_mismatch(evidence: Evidence) -> Iterator[Finding]:
    """Find losses on answers of another kind, such as cross-entropy on probabilities."""
    first: FirstBatch | None = evidence.first_batch
    if first is None:
        return
    rules = (_of_one_class, _on_probabilities, _without_log, of_several_labels)
    for rule in (*rules, _of_values, _reversed):
        found = list(rule(evidence, first))
        if found:
            yield from found
            return
    yield from _on_numbers(evidence, first)
    yield from _on_classes(evidence, first)
    yield from _one_by_one(evidence, first)
    yield from _unfit(evidence, first)
    yield from of_reduction(evidence, first)


def _of_one_class(_: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """Cross-entropy between the classes of which there is only one."""
    seen = first.loss_named("cross_entropy", "nll_loss")
    if seen is None or first.samples < 2:
        return
    shape = tuple(seen.given.shape)
    if len(shape) == 1 and shape[0] == first.samples:
        yield certain(
            _CAUSE,
            f"{seen.name} gets outputs of shape {shape}: it takes the {shape[0]} samples for "
            "classes of one sample.",
            "Use the loss of one output: BCEWithLogitsLoss for yes or no, MSELoss for values.",
            code="loss_fn = nn.BCEWithLogitsLoss()",
        )
    elif len(shape) > 1 and shape[1] == 1:
        yield certain(
            _CAUSE,
            f"{seen.name} gets outputs of shape {shape}: with one class its value and its "
            "gradient are always the same.",
            "Give the network an output for each class, or use BCEWithLogitsLoss for yes or "
            "no and MSELoss for values.",
            code="loss_fn = nn.BCEWithLogitsLoss()",
        )


def _on_probabilities(_: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """Losses that want logits and get probabilities."""
    seen = first.loss_named("cross_entropy")
    if seen is not None and is_distribution(seen.given):
        yield certain(
            _CAUSE,
            f"CrossEntropyLoss applies a softmax of its own and gets rows that are >= 0 and "
            f"sum to 1 on all {first.samples} samples{_made_by(seen.head)}.",
            "Remove the softmax: give the logits to the loss.",
            layer=_layer(seen.head),
            code="return logits  # without softmax; CrossEntropyLoss has its own",
        )
    seen = first.loss_named(*_LOGIT_LOSSES)
    if seen is None or seen.head is None or seen.head.op not in _TO_PROBABILITY:
        return
    if bool(((seen.given >= 0) & (seen.given <= 1)).all()):
        yield certain(
            _CAUSE,
            f"{seen.name} applies a sigmoid of its own and gets numbers from "
            f"{float(seen.given.min()):.3g} to {float(seen.given.max()):.3g}"
            f"{_made_by(seen.head)}.",
            f"Remove the {seen.head.op} before the loss, or use BCELoss.",
            layer=_layer(seen.head),
            code="return logits  # without sigmoid; BCEWithLogitsLoss has its own",
        )


def _without_log(_: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """Losses that want log-probabilities and get positive numbers."""
    seen = first.loss_named("nll_loss", "kl_div")
    if seen is None or not bool((seen.given > _TOLERANCE).any()):
        return
    is_share = is_distribution(seen.given)
    what = "probabilities" if is_share else "logits"
    yield certain(
        _CAUSE,
        f"{seen.name} wants log-probabilities, which are never above 0, and gets {what} up "
        f"to {float(seen.given.max()):.3g}{_made_by(seen.head)}.",
        "Use log_softmax instead of softmax."
        if is_share
        else "Use CrossEntropyLoss, or put a log_softmax before the loss.",
        layer=_layer(seen.head),
        code="return F.log_softmax(logits, dim=1)",
    )


def _of_values(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """Losses of classes against values."""
    seen = first.loss_named("cross_entropy", "kl_div")
    if (
        seen is not None
        and seen.target is not None
        and seen.target.shape == seen.given.shape
    ):
        target = seen.target.float()
        is_off = bool((target.sum(dim=1) - 1).abs().min() > 0.1) and not wants_order(first)
        if is_off or bool((target < 0).any()):
            yield certain(
                _CAUSE,
                f"{seen.name} wants the probability of each class and gets targets from "
                f"{float(target.min()):.3g} to {float(target.max()):.3g} that do not sum to 1.",
                _for_values(evidence),
            )
    seen = first.loss_named(*_YES_OR_NO, of_main=True)
    if seen is None or seen.target is None or evidence.task.kind != "values":
        return
    low, high = float(seen.target.min()), float(seen.target.max())
    if low < 0 or high > 1:
        yield certain(
            _CAUSE,
            f"{seen.name} wants targets from 0 to 1 and gets values from {low:.3g} to "
            f"{high:.3g}.",
            "Use a loss for values.",
            code="loss_fn = nn.MSELoss()",
        )


def _for_values(evidence: Evidence) -> str:
    if evidence.task.kind == "multilabel":
        return "Use BCEWithLogitsLoss: each label is a yes or no of its own."
    return "Use a loss for values, such as MSELoss."


def _reversed(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """A loss that is smaller for wrong answers, unless its training leads to right ones."""
    facts = first.facts
    if facts is None or not facts.prefers_wrong or goes_right(evidence):
        return
    form = next(iter(facts.right))
    yield certain(
        _CAUSE,
        f"The loss of right answers is {facts.right[form]:.3g} and that of wrong ones "
        f"{facts.wrong[form]:.3g}: training makes the network worse.",
        "Change the sign of the loss, or of the term that compares answers with targets.",
        code="loss = -loss",
    )


def _on_numbers(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """Distances between an output and the number that a kind of place happens to have."""
    seen = first.numbered
    if seen is None:
        return
    told = (
        "its metric is the same where they are numbered in another order"
        if seen.is_told_by_metric
        else "areas of any two numbers lie next to each other"
    )
    yield absurd(
        evidence,
        _CAUSE,
        0.9 if seen.is_told_by_metric else 0.8,
        f"The targets number {seen.count} kinds, one at each position, and the loss is a "
        f"distance between such numbers and one output, although {told}: what lies between "
        "0 and 2 is taken for 1.",
        f"Give the network {seen.count} outputs at each position, and use CrossEntropyLoss.",
        code="loss_fn = nn.CrossEntropyLoss()  # logits (N, C, ...), targets int64 (N, ...)",
    )


def _on_classes(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """Distances between outputs and what stands for a class."""
    task = evidence.task
    seen = first.loss_named(*DISTANCES, of_main=True)
    is_by_hand = not first.losses and _is_distance_by_hand(first)
    if task.kind not in ("classes", "binary") or not (seen or is_by_hand):
        return
    name = seen.name if seen else "a distance written by hand"
    if seen is not None and seen.target is not None and task.kind == "classes":
        ids, given = seen.target, seen.given
        if given.numel() > ids.numel() and ids.numel() > 1:
            if is_right(evidence):
                return
            yield certain(
                _CAUSE,
                f"{name} compares {given.shape[-1]} outputs for each sample, shape "
                f"{tuple(given.shape)}, with class ids of shape {tuple(ids.shape)}.",
                "Use CrossEntropyLoss, which takes class ids.",
                code="loss_fn = nn.CrossEntropyLoss()",
            )
            return
    if task.kind == "binary" and task.levels[0] < 0:
        return
    head = seen.head if seen is not None else first.head
    is_share = head is not None and head.op == "softmax"
    yield from gated(
        progress(evidence),
        _CAUSE,
        0.82 if is_share else 0.7,
        f"The targets are {task.num_classes} classes ({task.encoding}), and the loss is "
        f"{name}, whose gradient fades where the answer is most wrong.",
        "Use CrossEntropyLoss, or BCEWithLogitsLoss for yes or no.",
        doubt=1.0 if is_share else 0.5,
        code="loss_fn = nn.CrossEntropyLoss()"
        if task.kind == "classes"
        else "loss_fn = nn.BCEWithLogitsLoss()",
    )


def _one_by_one(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """A yes or no for each class where exactly one of them is right."""
    seen = first.loss_named(*_YES_OR_NO, of_main=True)
    task = evidence.task
    if seen is None or task.kind != "classes" or task.num_classes < 3:
        return
    yield from gated(
        progress(evidence),
        _CAUSE,
        0.55,
        f"{seen.name} asks a yes or no for each of {task.num_classes} classes, of which "
        "exactly one is right: answering no to all is nearly as good.",
        "Use CrossEntropyLoss on the logits.",
        warns=False,
        code="loss_fn = nn.CrossEntropyLoss()",
    )


def _is_distance_by_hand(first: FirstBatch) -> bool:
    """Whether only the targets themselves have no loss, as numbers and not as classes."""
    if first.facts is None or "levels" not in first.facts.right:
        return False
    right = first.facts.right
    return abs(right["levels"]) < 1e-9 < right["logits"] and right["logits"] > 0.1


def _unfit(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """A loss whose minimum is not at the right answers."""
    facts = first.facts
    if facts is None or facts.silent_levels or not facts.fit < _LEAST_FIT:
        return
    yield from gated(
        progress(evidence),
        _CAUSE,
        0.8,
        f"Free answers that descend the loss get {facts.fit:.0%} of the targets right.",
        "Check that the loss compares each output with its own target.",
        warns=False,
    )


def is_distribution(values: Tensor) -> bool:
    """Return whether the rows along the classes, dimension 1, are >= 0 and sum to 1."""
    if values.dim() < 2 or values.shape[1] < 2 or not values.is_floating_point():
        return False
    values = values.float()
    is_one = (values.sum(dim=1) - 1).abs() < _TOLERANCE
    return bool((values >= 0).all()) and bool(torch.all(is_one))


def _made_by(head: Head | None) -> str:
    if head is None:
        return ""
    where = f" of layer {head.layer}" if head.layer else ""
    return f", made by {head.op}{where}"


def _layer(head: Head | None) -> str | None:
    return head.layer or None if head else None
