"""Read off outputs, targets and loss what a program is trained for."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from headway.doctor.answer import answer_of
from headway.doctor.asked import (
    asks_other_values,
    compares_samples,
    is_distance,
    is_reversed,
)
from headway.doctor.calls import DISTANCES, Call, loss_calls
from headway.doctor.program import first_tensor
from headway.doctor.task import Link, TaskFacts, equal_inputs

# Distinct values are counted among so many entries of the targets.
_MOST_COUNTED = 20_000
_YES_OR_NO = frozenset({"binary_cross_entropy", "binary_cross_entropy_with_logits"})
_CLASS_LOSSES = frozenset({"cross_entropy", "nll_loss", "multi_margin_loss", "kl_div"})


def infer_task(
    inputs: Any, outputs: Any, targets: Any, loss_fn: Any = None, metric: Any = None
) -> TaskFacts:
    """Return the facts about the task of a program.

    Args:
        inputs: A batch, or better a larger part of the training data.
        outputs: What the model says about it or a part of it.
        targets: What it should say, of the same samples as `inputs`.
        loss_fn: The loss; which of torch's losses it calls decides where targets do not.
        metric: The program's metric; "accuracy" and "r2" decide likewise, a function does not.
    """
    try:
        output = answer_of(loss_fn, outputs, targets).detach()
        target = first_tensor(targets).detach()
    except TypeError:
        return TaskFacts(kind="unknown")
    if not target.numel() or target.is_complex() or target.dim() == 0:
        return TaskFacts(kind="unknown")
    part = target[: len(output)] if output.dim() and len(output) else target
    calls = loss_calls(loss_fn, outputs, part if isinstance(targets, Tensor) else targets)
    link = _link(calls)
    if equal_inputs(inputs, target):
        return TaskFacts(kind="values", targets_equal_inputs=True, link=link)
    if metric == "r2":
        return TaskFacts(kind="values", encoding=_value_encoding(target), link=link)
    targets_ = replace(_Targets.of(target), tensor=part)
    facts = _from_rows(output, targets_, calls) or _from_single(
        output, targets_, calls, wants_accuracy=metric == "accuracy"
    )
    reads_answers = any(
        call.name in _CLASS_LOSSES | DISTANCES | _YES_OR_NO for call in calls
    )
    if facts.kind == "classes" and not reads_answers:
        is_unknown = compares_samples(loss_fn, output, part)
        return TaskFacts(kind="unknown") if is_unknown else facts
    if facts.kind == "values":
        is_other = link == "none" and asks_other_values(loss_fn, outputs, targets)
        return TaskFacts(kind="unknown") if is_other else replace(facts, link=link)
    if facts.kind not in ("binary", "multilabel") or output.numel() != part.numel():
        return facts
    is_open = not calls and metric != "accuracy"
    if is_open and is_reversed(loss_fn, output, part, targets_.levels):
        return TaskFacts(kind="unknown")
    return replace(facts, threshold=_threshold(targets_, output, calls, loss_fn))


@dataclass(frozen=True, kw_only=True)
class _Targets:
    """Targets and what their values are like."""

    tensor: Tensor
    low: float
    high: float
    distinct: int
    is_whole: bool

    @classmethod
    def of(cls, target: Tensor) -> "_Targets":
        finite = target[target.isfinite()] if target.is_floating_point() else target
        # Half precision and bool lack some of the functions below.
        finite = finite.flatten().double() if finite.numel() else torch.zeros(1).double()
        part = finite[:: max(1, finite.numel() // _MOST_COUNTED)]
        return cls(
            tensor=target,
            low=float(finite.min()),
            high=float(finite.max()),
            distinct=int(part.unique().numel()),
            is_whole=bool((finite == finite.round()).all()),
        )

    @property
    def is_bits(self) -> bool:
        return self.is_whole and self.low >= 0 and self.high <= 1

    @property
    def is_signs(self) -> bool:
        return self.is_whole and self.low == -1 and self.high <= 1 and self.distinct <= 2

    @property
    def levels(self) -> tuple[float, float]:
        if self.low >= 0 and self.high <= 1:
            return 0.0, 1.0
        if self.is_signs:
            return -1.0, 1.0
        return self.low, self.high if self.high > self.low else self.low + 1


def _from_rows(
    output: Tensor, targets: _Targets, calls: tuple[Call, ...]
) -> TaskFacts | None:
    """Return the facts where targets have an entry for each class or label, else None."""
    target = targets.tensor
    if target.dim() < 2 or target.numel() == len(target) or target.shape != output.shape:
        return None
    names = {call.name for call in calls}
    is_share = targets.low >= 0 and targets.high <= 1
    for axis in (-1, 1):
        sums = target.float().sum(dim=axis)
        if is_share and target.shape[axis] > 1 and bool(((sums - 1).abs() < 1e-4).all()):
            if not (targets.is_bits or names & _CLASS_LOSSES):
                continue
            return TaskFacts(
                kind="classes",
                num_classes=target.shape[axis],
                encoding="one_hot" if targets.is_bits else "soft",
                per_position=target.dim() > 2,
                axis=axis,
            )
    if not (targets.is_bits or targets.is_signs):
        return None
    # One channel of a picture, or one step of a sequence: yes or no at each position.
    is_one_channel = target.dim() > 2 and 1 in (target.shape[1], target.shape[-1])
    return TaskFacts(
        kind="binary" if is_one_channel else "multilabel",
        num_classes=2 if is_one_channel else target.shape[-1 if target.dim() == 2 else 1],
        per_position=target.dim() > 2,
        levels=targets.levels,
    )


def _from_single(
    output: Tensor, targets: _Targets, calls: tuple[Call, ...], *, wants_accuracy: bool
) -> TaskFacts:
    """Return the facts where targets have one entry for each sample or position."""
    target = targets.tensor
    names = {call.name for call in calls}
    axis, width = _axis_of_classes(output, target, calls)
    encoding = _id_encoding(target)
    per_position = target.numel() > len(target)
    ignored = _ignore_index(calls)
    has_ids = targets.is_whole and (targets.low >= 0 or targets.low == ignored)
    is_for_classes = bool(names & _CLASS_LOSSES) or wants_accuracy
    is_id = not target.is_floating_point() or targets.distinct <= width + 1
    if width > 1 and targets.is_whole and is_id and not targets.is_signs:
        return TaskFacts(
            kind="classes",
            num_classes=width,
            encoding=encoding,
            per_position=per_position,
            axis=axis,
            ignore_index=ignored,
        )
    if targets.is_whole and targets.distinct <= 2 and output.numel() == target.numel():
        return TaskFacts(
            kind="binary",
            num_classes=2,
            encoding=encoding,
            per_position=per_position,
            levels=targets.levels,
        )
    if has_ids and is_for_classes:
        return TaskFacts(
            kind="classes",
            num_classes=max(width, int(targets.high) + 1),
            encoding=encoding,
            per_position=per_position,
            axis=axis,
            ignore_index=ignored,
        )
    return TaskFacts(kind="values", encoding=_value_encoding(target))


def _axis_of_classes(
    output: Tensor, target: Tensor, calls: tuple[Call, ...]
) -> tuple[int, int]:
    """Return the axis of classes and how many there are, 1 where outputs are single."""
    flat = target
    if target.dim() > 1 and output.dim() <= target.dim() and target.shape[-1] == 1:
        flat = target.squeeze(-1)
    # A picture of ids often keeps its one channel.
    if flat.dim() == output.dim() > 2 and flat.shape[1] == 1:
        flat = flat.squeeze(1)
    if output.numel() == flat.numel() or output.dim() < 2:
        return -1, 1
    if output.dim() == 2:
        return -1, output.shape[-1]
    is_last = output.shape[:-1] == flat.shape
    is_second = output.shape[:1] + output.shape[2:] == flat.shape
    if is_second and is_last:
        # The loss itself says which: torch's losses have classes second.
        seen = [c.argument(0, "input") for c in calls if c.name in _CLASS_LOSSES]
        is_last = not any(
            isinstance(t, Tensor) and t.shape == output.shape and torch.equal(t, output)
            for t in seen
        )
    if is_second and not is_last:
        return 1, output.shape[1]
    return -1, output.shape[-1]


def _ignore_index(calls: tuple[Call, ...]) -> int:
    for call in calls:
        if call.name in ("cross_entropy", "nll_loss"):
            value = call.argument(4, "ignore_index", -100)
            return int(value) if isinstance(value, int) else -100
    return -100


def _threshold(
    targets: _Targets, output: Tensor, calls: tuple[Call, ...], loss_fn: Any
) -> float | None:
    """Return above which output the program says yes, or None where its loss does not tell."""
    names = {call.name for call in calls}
    middle = sum(targets.levels) / 2
    if names:
        is_share = "binary_cross_entropy" in names
        return 0.5 if is_share else middle if names & DISTANCES else None
    return middle if is_distance(loss_fn, output, targets.tensor, targets.levels) else None


def _link(calls: tuple[Call, ...]) -> Link:
    for call in calls:
        if call.name == "binary_cross_entropy_with_logits":
            return "sigmoid"
        if call.name == "poisson_nll_loss" and call.argument(2, "log_input", True):
            return "exp"
    return "none"


def _id_encoding(target: Tensor) -> str:
    if target.dim() > 1 and target.shape[-1] == 1:
        return "column"
    return "flat" if target.is_floating_point() else "ids"


def _value_encoding(target: Tensor) -> str:
    if target.dim() > 1 and target.shape[-1] == 1:
        return "column"
    return "flat" if target.dim() == 1 else "rows"
