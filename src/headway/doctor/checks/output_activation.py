"""A last activation whose numbers cannot be what the targets are."""

import math
from collections.abc import Iterator

from headway.doctor.calls import DISTANCES
from headway.doctor.checks.certain import certain
from headway.doctor.checks.gated import gated
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.learned import is_right
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.loss_records import Head
from headway.doctor.probes.operations import RECURRENT
from headway.doctor.probes.ranges import RANGES
from headway.doctor.progress import progress

_CAUSE: Cause = "output_activation"
_WEIGHTED = frozenset(
    {"linear", "addmm", "conv1d", "conv2d", "conv3d", "matmul", "bilinear"}
)
# Fewer targets out of reach than this may be outliers or noise.
_SHARE = 0.01


def check_output_activation(evidence: Evidence) -> Iterator[Finding]:
    """Find heads that cannot reach the targets, or that the loss cannot take."""
    first: FirstBatch | None = evidence.first_batch
    if first is None:
        return
    for rule in (_over_one, _over_samples, _no_probability, _logits, _reach):
        found = list(rule(evidence, first))
        if found:
            yield from found
            return


def _over_one(_: Evidence, first: FirstBatch) -> Iterator[Finding]:
    head, output = first.head, first.output
    if head is None or output is None or not head.op.endswith("softmax"):
        return
    dim = -1 if head.dim is None else head.dim
    if len(output.shape) > max(dim, 0) and output.shape[dim] == 1:
        yield certain(
            _CAUSE,
            f"A {head.op} over one output, shape {output.shape}, is always "
            f"{'1' if head.op == 'softmax' else '0'}{_where(head)}.",
            "Use a sigmoid for yes or no, and no activation for values.",
            layer=head.layer or None,
            code="nn.Sigmoid()",
        )


def _over_samples(_: Evidence, first: FirstBatch) -> Iterator[Finding]:
    head = first.head
    along = [d for d in first.dangers if d.op.endswith("softmax")]
    if not along or head is None:
        return
    is_head = head.op.endswith("softmax") and along[-1].layer == head.layer
    if is_head or along[-1].layer is None:
        yield certain(
            _CAUSE,
            f"{along[-1].op} goes along the samples of the batch, so that the answer to a "
            "sample depends on the others.",
            "Let it go along the classes.",
            layer=along[-1].layer or None,
            code="softmax(dim=1)",
        )


def _no_probability(_: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """Heads before BCELoss that do not return probabilities."""
    seen = first.loss_named("binary_cross_entropy")
    if seen is None:
        return
    low, high = float(seen.given.min()), float(seen.given.max())
    head = seen.head.op if seen.head else ""
    can_leave = head in _WEIGHTED or _leaves(head)
    if low >= 0 and high <= 1 and not can_leave:
        return
    yield certain(
        _CAUSE,
        f"BCELoss wants probabilities and gets numbers from {low:.3g} to {high:.3g}"
        f"{_where(seen.head)}.",
        "Use BCEWithLogitsLoss on the outputs without an activation, or end with a sigmoid.",
        layer=seen.head.layer or None if seen.head else None,
        code="loss_fn = nn.BCEWithLogitsLoss()",
    )


def _leaves(op: str) -> bool:
    """Whether an activation can return numbers outside of [0, 1]."""
    low, high = RANGES.get(op, (0.0, 1.0))
    return low < 0 or high > 1


def _logits(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """Activations before a loss that wants logits of any size."""
    seen = first.loss_named("cross_entropy", "binary_cross_entropy_with_logits")
    if seen is None or seen.head is None or seen.head.op not in RANGES:
        return
    op, (low, high) = seen.head.op, RANGES[seen.head.op]
    if op in ("softmax", "log_softmax"):
        return
    is_yes_or_no = seen.name != "cross_entropy"
    is_bounded = math.isfinite(high - low) and high - low <= 2
    what = (
        f"{seen.name} wants logits of any size and gets the result of {op}, from {low:g} to "
        f"{high:g}{_where(seen.head)}"
    )
    remedy = f"Remove the {op} after the last layer."
    code = "return logits  # without activation"
    layer = seen.head.layer or None
    if is_bounded:
        others = 1 if is_yes_or_no else seen.given.shape[1] - 1
        margin = high if is_yes_or_no else high - low
        # The cross-entropy of the surest answer.
        best = math.log1p(others * math.exp(-margin))
        told = f"{what}: the loss cannot fall below {best:.2g}."
        yield certain(_CAUSE, told, remedy, layer=layer, code=code)
    elif is_yes_or_no and low >= 0:
        yield certain(
            _CAUSE, f"{what}: it can never say no.", remedy, layer=layer, code=code
        )
    else:
        reached = progress(evidence)
        yield from gated(reached, _CAUSE, 0.8, f"{what}.", remedy, layer=layer, code=code)


def _reach(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """Targets outside of what the head returns, where they are to be equal."""
    seen = first.loss_named(*DISTANCES)
    is_by_hand = not first.losses and evidence.task.kind == "values"
    head = seen.head if seen else first.head
    target = seen.target if seen else first.target
    if not (seen or is_by_hand) or head is None or target is None or head.reach is None:
        return
    if seen is not None and head.op not in RANGES and not seen.is_of_main:
        # States of a cell may be meant to be near those of another one.
        return
    shape = first.output.shape if first.output is not None else target.shape
    if not seen and math.prod(shape) != target.numel():
        # What has another size cannot be meant to be equal, as densities and their numbers.
        return
    if not seen and is_right(evidence) and not progress(evidence).is_fine:
        # Right answers are something else than the targets themselves.
        return
    low, high = head.reach
    target = target.float()
    slack = 1e-3 * float(target.max() - target.min())
    is_out = (target < low - slack) | (target > high + slack)
    share = float(is_out.float().mean())
    if share == 0:
        return
    told = (
        f"The outputs are those of {head.op}, from {low:g} to {high:g}{_where(head)}, and "
        f"{share:.0%} of the targets, from {float(target.min()):.3g} to "
        f"{float(target.max()):.3g}, are out of reach."
    )
    remedy = f"Remove the {head.op} after the last layer, or scale the targets."
    if head.op in RECURRENT:
        remedy = "Put a linear layer after the state of the cell, or scale the targets."
    layer = head.layer or None
    if share >= _SHARE:
        code = "return self.out(h)" if head.op in RECURRENT else "return values"
        yield certain(_CAUSE, told, remedy, layer=layer, code=code)
    else:
        reached = progress(evidence)
        yield from gated(reached, _CAUSE, 0.5, told, remedy, warns=False, layer=layer)


def _where(head: Head | None) -> str:
    return f" (layer {head.layer})" if head is not None and head.layer else ""
