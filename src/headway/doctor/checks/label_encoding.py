"""Targets that are written in another way than the loss reads them."""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from headway.doctor.checks.certain import certain
from headway.doctor.checks.signal import symptom_severity
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.learned import is_right
from headway.doctor.probes.data_facts import DataFacts
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.loss_records import SeenLoss

_CAUSE: Cause = "label_encoding"
# What torch says about types of targets.
_TYPES = (
    "expected scalar type Long",
    "expected target type",
    "expected target dtype",
    "Expected floating point type for target",
    "not implemented for",
    "Found dtype",
    "expected scalar type Float",
    "result type Float can't be cast",
    "multi-target not supported",
    "target tensor expected",
    "tensor to have scalar type Long",
)


def check_label_encoding(evidence: Evidence) -> Iterator[Finding]:
    """Find ids out of range, labels of -1 and 1 where 0 and 1 are meant, wrong types."""
    yield from _flipped_alone(evidence.data)
    first: FirstBatch | None = evidence.first_batch
    if first is None:
        return
    yield from _viewed(evidence.data, first)
    yield from _copied(evidence, first)
    for rule in (_out_of_range, _blank, _ignored, _beyond_one, _silent, _wrong_type):
        found = list(rule(evidence, first))
        if found:
            yield from found
            return


def _flipped_alone(data: DataFacts | None) -> Iterator[Finding]:
    """An augmentation of pictures that leaves their masks as they were, or of masks alone."""
    if data is None or not data.flipped_alone:
        return
    yield certain(
        _CAUSE,
        f"When the same training samples are read again, {data.flipped_alone}, and the other "
        "side stays: targets then belong to other places of the input.",
        "Flip and turn inputs and targets together.",
        code="image, mask = image.flip(-1), mask.flip(-1)",
    )


def _viewed(data: DataFacts | None, first: FirstBatch) -> Iterator[Finding]:
    """One-hot targets whose axis of classes was moved by a view instead of a permutation."""
    shape = first.targets_shape
    is_alike = first.output is not None and first.output.shape[1:] == shape[1:]
    if data is None or not data.viewed_classes or not is_alike:
        return
    count = data.viewed_classes
    before = (
        (shape[0], *shape[2:], count) if shape[1] == count else (shape[0], count, "...")
    )
    yield certain(
        _CAUSE,
        f"Targets of shape {shape} sum to 1 along none of their axes, but the same numbers do "
        f"so at every place when they are viewed as {_sizes(before)}: a view moved the axis of "
        f"the {count} classes and left their numbers behind, at other places.",
        "Move the axis of the classes by permute (or movedim), not by view or reshape.",
        code="target = F.one_hot(ids, num_classes).movedim(-1, 1).float()",
    )


def _copied(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """Labels that are not moved against the inputs of a network that is to foretell them."""
    copied = first.copied
    if copied is None:
        return
    is_asked = callable(evidence.program.metric)
    if not (copied.is_for_next if is_asked else copied.is_causal):
        return
    told = (
        f"the metric gives {copied.following:.3g} for the ids of the next step and "
        f"{copied.same:.3g} for these"
        if is_asked
        else "no answer sees what comes later: there is nothing to foretell"
    )
    yield certain(
        _CAUSE,
        "The targets are the ids that the network reads, and the loss wants each at the very "
        f"step where it is read, while {told}. It learns to repeat its input.",
        "Compare the output of each step with the id of the next one.",
        code="loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())",
    )


def _sizes(shape: tuple[int | str, ...]) -> str:
    return f"({', '.join(map(str, shape))})"


def _out_of_range(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """Class ids without an output."""
    seen = first.loss_named("cross_entropy", "nll_loss", "multi_margin_loss")
    if seen is None or seen.target is None or not _has_ids(seen):
        return
    width = seen.given.shape[1]
    low, high = _lowest_and_highest(evidence, first, seen)
    if low >= 0 and high < width:
        return
    if low == 1 and high == width:
        told = f"Class ids count from 1 to {high}; the loss counts {width} outputs from 0."
        remedy, code = "Subtract 1 from the class ids.", "target = target - 1"
    else:
        told = f"Class ids go from {low} to {high}, and there are outputs for 0 to {width - 1}."
        remedy = "Number the classes from 0, or give the network an output for each."
        code = "classes, target = target.unique(return_inverse=True)"
    yield certain(_CAUSE, told, remedy, code=code)


def _blank(_: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """A class of the targets that CTC takes for the blank between two of them."""
    seen = next((x for x in first.losses if x.name == "ctc_loss" and x.is_of_output), None)
    words = None if seen is None else _words(seen)
    if seen is None or words is None:
        return
    blank = int(seen.call.argument(4, "blank", 0))
    share = float((words == blank).double().mean()) if words.numel() else 0.0
    if not share:
        return
    yield certain(
        _CAUSE,
        f"{share:.1%} of the targets of ctc_loss are {blank}, which is its blank: what is read "
        "leaves blanks out, so this class is never read.",
        "Number the classes so that none is the blank, and give the network an output more.",
        code="target = target + 1  # 0 is the blank; num_outputs = num_classes + 1",
    )


def _ignored(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """A class that the loss takes for what is not to be learned."""
    if not first.ignored:
        return
    ignored = evidence.task.ignore_index
    finding = certain(
        _CAUSE,
        f"{first.ignored:.0%} of the targets are {ignored}, which the loss ignores and the "
        "metric counts: this class is never learned.",
        "Give what is not to be learned a number that no class has, such as -100.",
        code="loss_fn = nn.CrossEntropyLoss()  # ignores -100",
    )
    yield replace(finding, severity=symptom_severity(evidence))


def _words(seen: SeenLoss) -> Tensor | None:
    """Return the targets of CTC without what they are filled up with."""
    targets, lengths = (
        seen.call.argument(1, "targets"),
        seen.call.argument(3, "target_lengths"),
    )
    if not isinstance(targets, Tensor) or lengths is None:
        return None
    lengths = torch.as_tensor(lengths, device=targets.device)
    if targets.dim() == 1:
        return targets[: int(lengths.sum())]
    places = torch.arange(targets.shape[-1], device=targets.device)
    return targets[places < lengths.reshape(-1, 1)]


def _has_ids(seen: SeenLoss) -> bool:
    target = seen.target
    if target is None or seen.given.dim() < 2 or seen.given.shape[1] < 2:
        return False
    return not target.is_floating_point() and target.shape != seen.given.shape


def _lowest_and_highest(
    evidence: Evidence, first: FirstBatch, seen: SeenLoss
) -> tuple[int, int]:
    """Return the range of ids that count, in the batch and in what was read of the data."""
    assert seen.target is not None
    ignored = seen.call.argument(4, "ignore_index", -100)
    ids = seen.target[seen.target != ignored]
    found = [int(ids.min()), int(ids.max())] if ids.numel() else [0, 0]
    data: DataFacts | None = evidence.data
    is_of_classes = evidence.task.kind == "classes" and seen.is_of_main
    if data is not None and is_of_classes and _gets_all(first, seen.target):
        found.extend(data.class_counts)
    return min(found), max(found)


def _gets_all(first: FirstBatch, given: Tensor) -> bool:
    """Whether a loss got the targets as they are, and not a part of them for one head."""
    target = first.target
    if target is None or target.numel() != given.numel():
        return False
    # Positions may come first.
    pair = (ids.flatten().double().sort().values for ids in (target, given))
    return torch.equal(*pair)


def _beyond_one(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """Yes and no as -1 and 1, 1 and 2 or 0 and 255 before a loss for 0 and 1."""
    names = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
    seen = first.loss_named(*names, of_main=True)
    if seen is None or seen.target is None or evidence.task.kind == "values":
        return
    low, high = float(seen.target.min()), float(seen.target.max())
    if low >= 0 and high <= 1:
        return
    if evidence.task.encoding == "ids" and evidence.task.num_classes > 2:
        yield certain(
            "loss_mismatch",
            f"{seen.name} wants a yes or no for each output and gets the numbers of "
            f"{evidence.task.num_classes} classes.",
            "Train scores without a last sigmoid with the cross entropy, which takes numbers "
            "of classes.",
            code="loss_fn = torch.nn.CrossEntropyLoss()",
        )
        return
    yield certain(
        _CAUSE,
        f"{seen.name} wants targets of 0 and 1 and gets {low:g} to {high:g}.",
        "Write no as 0 and yes as 1.",
        code=f"target = (target > {(low + high) / 2:g}).float()",
    )


def _silent(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """Labels of 0 in a loss for -1 and 1, which multiplies by them."""
    if first.facts is None or not first.facts.silent_levels or is_right(evidence):
        return
    silent = ", ".join(f"{level:g}" for level in first.facts.silent_levels)
    low, high = evidence.task.levels
    yield certain(
        _CAUSE,
        f"Samples with the target {silent} have no gradient at all; the targets are {low:g} "
        f"and {high:g}.",
        "Write no as -1 and yes as 1, as the loss wants them, or use BCEWithLogitsLoss.",
        code="target = target * 2 - 1",
    )


def _wrong_type(_: Evidence, first: FirstBatch) -> Iterator[Finding]:
    if not first.error or not any(text in first.error for text in _TYPES):
        return
    is_class_loss = any(s.name in ("cross_entropy", "nll_loss") for s in first.losses)
    has_column = is_class_loss and first.targets_shape[-1:] == (1,)
    yield certain(
        _CAUSE,
        f"The loss does not take targets of type {first.targets_dtype} and shape "
        f"{first.targets_shape}: {first.error}.",
        "Give class ids as one whole number for each sample."
        if is_class_loss
        else "Give the targets as floating-point numbers.",
        code=(
            "target = target.squeeze(-1).long()" if has_column else "target = target.long()"
        )
        if is_class_loss
        else "target = target.float()",
    )
