"""What to change in data, labels, heads and losses."""

from collections.abc import Callable

from headway.doctor.finding import Cause
from headway.doctor.remedies.axes import BatchFirst, PermuteAxes
from headway.doctor.remedies.bad_data import DropBadSamples, DropLeak, ImputeBadValues
from headway.doctor.remedies.blind_attention import OpenBlindMasks
from headway.doctor.remedies.classes import OutputPerClass
from headway.doctor.remedies.compression import CompressInput
from headway.doctor.remedies.heads import AddHead, RemoveHead
from headway.doctor.remedies.input_scale import StandardizeInput
from headway.doctor.remedies.labels import FixLabels, LabelChange
from headway.doctor.remedies.losses import ReplaceLoss
from headway.doctor.remedies.metrics import UsualMetric
from headway.doctor.remedies.normalization import InsertNormalization
from headway.doctor.remedies.output_range import ScaleOutput
from headway.doctor.remedies.precision import Float32
from headway.doctor.remedies.rates import (
    ClipGradients,
    SetLearningRate,
)
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.remedies.shapes import SqueezeShapes
from headway.doctor.remedies.situation import USUAL_LR, Situation, rounded
from headway.doctor.remedies.stable_loss import StableLoss
from headway.doctor.remedies.together import Together


def _bad_data(now: Situation) -> list[Remedy]:
    facts = now.evidence.data
    if facts is not None and (facts.val_in_train or 0) > 0:
        return [DropLeak(), DropBadSamples(), ImputeBadValues()]
    return [DropBadSamples(), ImputeBadValues(), DropLeak()]


def _label_encoding(now: Situation) -> list[Remedy]:
    last: list[Remedy] = [OutputPerClass()] if now.lacks_outputs else []
    if now.evidence.task.kind == "values" and now.targets.is_floating_point():
        return [FixLabels("standardized"), ReplaceLoss(now.usual_loss), *last]
    changes: list[Remedy] = [FixLabels(change) for change in _label_changes(now)]
    return [*last, *changes, ReplaceLoss(now.usual_loss)]


def _label_changes(now: Situation) -> list[LabelChange]:
    targets = now.targets
    values = targets.unique()
    is_column = targets.dim() > 1 and targets.shape[-1] == 1
    is_one_hot = targets.dim() > 1 and not is_column and set(values.tolist()) <= {0, 1}
    changes: list[LabelChange] = []
    if set(values.tolist()) == {-1, 1}:
        is_ids = now.num_outputs > 1
        changes.append("consecutive" if is_ids else "zero_one")
    elif now.num_outputs == 1 and values.max() > 1 and len(values) == 2:
        changes.append("zero_one")
    elif not is_one_hot and len(values) <= max(now.num_outputs, 2):
        if values.min() != 0:
            changes.append("from_zero")
        if values.max() - values.min() >= len(values):
            changes.insert(0, "consecutive")
    if is_column:
        changes.append("flat")
    if is_one_hot and now.evidence.task.kind != "multilabel":
        changes.append("ids_of_one_hot")
    if now.num_outputs > 1 and targets.is_floating_point() and not is_one_hot:
        changes.append("whole")
    if now.num_outputs == 1 and not targets.is_floating_point():
        changes.append("float")
    return changes


def heads_and_losses(now: Situation) -> list[Remedy]:
    """Return changes of head and loss after which they fit each other and the targets."""
    fitted = _fitted(now)
    return [*fitted, OutputPerClass()] if now.lacks_outputs else fitted


def _fitted(now: Situation) -> list[Remedy]:
    usual = ReplaceLoss(now.usual_loss)
    if not now.head:
        return [usual]
    removed = Together((RemoveHead(now.head), usual))
    by_head: dict[str, Remedy] = {}
    if now.usual_loss == "bce_with_logits":
        by_head = {"sigmoid": ReplaceLoss("bce")}
    elif now.usual_loss == "cross_entropy":
        by_head = {"log_softmax": ReplaceLoss("nll")}
    kept = by_head.get(now.head)
    if kept is None:
        return [removed, RemoveHead(now.head), usual]
    # A metric of the user's own may count on what the head makes of the outputs.
    if now.has_own_metric:
        return [kept, removed, RemoveHead(now.head)]
    return [removed, RemoveHead(now.head), kept]


def _output_activation(now: Situation) -> list[Remedy]:
    if not now.head:
        missing: list[Remedy] = []
        if "nll" in now.loss_name:
            missing = [AddHead("log_softmax")]
        if now.loss_name in ("bceloss", "bce", "binarycrossentropy"):
            missing = [AddHead("sigmoid")]
        return [*missing, ScaleOutput(), *heads_and_losses(now)]
    return [RemoveHead(now.head), *heads_and_losses(now)]


def _metric(now: Situation) -> list[Remedy]:
    return [UsualMetric("r2" if now.evidence.task.kind == "values" else "accuracy")]


def _numerics(now: Situation) -> list[Remedy]:
    first: list[Remedy] = [Float32()] if now.is_half else []
    calm = SetLearningRate(rounded(now.lr / 10) or USUAL_LR)
    return [
        *first,
        OpenBlindMasks(),
        StableLoss(),
        *heads_and_losses(now)[:1],
        ClipGradients(1.0),
        calm,
    ]


def _input_scale(_: Situation) -> list[Remedy]:
    # The first fits only where standardizing leaves a few huge numbers.
    return [CompressInput(), StandardizeInput(), InsertNormalization()]


def _shape_broadcast(_: Situation) -> list[Remedy]:
    return [SqueezeShapes(), BatchFirst(), PermuteAxes()]


ANSWERS: dict[Cause, Callable[[Situation], list[Remedy]]] = {
    "bad_data": _bad_data,
    "label_encoding": _label_encoding,
    "input_scale": _input_scale,
    "shape_broadcast": _shape_broadcast,
    "loss_mismatch": heads_and_losses,
    "output_activation": _output_activation,
    "metric": _metric,
    "numerics": _numerics,
}
