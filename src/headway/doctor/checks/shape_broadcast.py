"""Outputs and targets whose shapes differ, so that each output meets strange targets."""

from collections.abc import Iterator

from headway.doctor.calls import DISTANCES
from headway.doctor.checks.certain import absurd, certain
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.loss_records import Meeting

_CAUSE: Cause = "shape_broadcast"
_SURE = 0.85
_MISMATCHES = (
    "must match the size of tensor",
    "must be the same as",
    "is different to the",
)


def check_shape_broadcast(evidence: Evidence) -> Iterator[Finding]:
    """Find losses in which torch silently repeats outputs or targets."""
    first: FirstBatch | None = evidence.first_batch
    if first is None or first.output is None:
        return
    for meeting in first.meetings:
        if _is_accident(evidence, first, meeting):
            yield certain(
                _CAUSE,
                f"{meeting.op} of outputs {meeting.output_shape} and targets "
                f"{meeting.target_shape} compares {_compared(meeting)}.",
                "Give outputs and targets the same shape.",
                code=_code(meeting),
            )
            return
    yield from _exchanged(evidence, first)
    if first.strays.samples or first.strays.places:
        whose = "another sample" if first.strays.samples else "other places of the sample"
        yield certain(
            _CAUSE,
            f"A target that is changed alters what the loss wants of {whose}, and not of the "
            f"output that it belongs to: outputs have shape {first.output.shape} and targets "
            f"{first.targets_shape}.",
            "Put the classes last before outputs and targets are flattened: permute, then "
            "reshape.",
            code="scores = scores.movedim(1, -1).reshape(-1, num_classes)",
        )
        return
    for accident in first.accidents[:1]:
        one, other = accident.shapes
        yield certain(
            _CAUSE,
            f"{accident.op} of shapes {one} and {other} on the way to the loss makes a square "
            f"of every sample with every other, of which {accident.end} makes one number.",
            "Give both sides the same shape.",
            code="advantage = advantage.squeeze(-1)  # (n,), as the other side",
        )
        return
    if any(text in first.error for text in _MISMATCHES) and _is_same_size(first):
        yield certain(
            _CAUSE,
            f"Outputs of shape {first.output.shape} and targets of shape "
            f"{first.targets_shape} do not fit: {first.error}.",
            "Give outputs and targets the same shape.",
            code="loss = loss_fn(output, target.view_as(output))",
        )


def _exchanged(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """Find views that name the axes in another order and leave the numbers where they are."""
    for reshape in first.reshapes[:1]:
        yield absurd(
            evidence,
            _CAUSE,
            _SURE,
            f"{reshape.op} makes {reshape.after} of {reshape.before}"
            f"{f' in {reshape.layer}' if reshape.layer else ''}: the axes have exchanged their "
            "sizes, and the numbers have not moved, so that each row holds parts of several.",
            "Use permute or transpose where axes are to be exchanged, not view or reshape.",
            layer=reshape.layer or None,
            code="x = x.permute(0, 2, 1)  # not x.view(...)",
            is_mistake=True,
        )


def _is_accident(evidence: Evidence, first: FirstBatch, meeting: Meeting) -> bool:
    if meeting.op in DISTANCES:
        # One output for each class against class ids is the wrong loss.
        return meeting.is_outer or evidence.task.kind not in ("classes", "binary")
    # A shape that the loss itself has made is meant.
    is_raw = first.output is not None and meeting.output_shape == first.output.shape
    return meeting.is_outer and is_raw and meeting.target_shape == first.targets_shape


def _compared(meeting: Meeting) -> str:
    if meeting.is_outer:
        return "every output with every target: each sample is pulled to the mean of all"
    return "several outputs with one target, or several targets with one output"


def _code(meeting: Meeting) -> str:
    if meeting.output_shape[-1] == 1 and len(meeting.output_shape) > len(
        meeting.target_shape
    ):
        return "loss = loss_fn(output.squeeze(-1), target)"
    return "loss = loss_fn(output, target.view_as(output))"


def _is_same_size(first: FirstBatch) -> bool:
    assert first.output is not None
    sizes = [_product(first.output.shape), _product(first.targets_shape)]
    return sizes[0] == sizes[1] and first.output.shape != first.targets_shape


def _product(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count
