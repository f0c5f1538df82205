"""Several labels at once of which each is so rare that it is denied."""

from collections.abc import Iterator
from statistics import median

from torch import Tensor

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.own_metric import own_metric
from headway.doctor.probes.watched import Watched
from headway.doctor.progress import Progress, progress

_CAUSE: Cause = "class_imbalance"
# The ratio of classes that counts as uneven (checks/class_imbalance.py), as a share.
_RARE = 1 / 6
# A network that is as sure as it is right says yes about as often as labels hold; one that
# says it less often than this denies what it half knows, and next to never is a denial.
_DENIED, _ALL_DENIED = 0.8, 0.1
# Share of the way from a constant to a right answer that the user's own metric must leave.
_ROOM = 0.1
_SUSPECTED = 0.5


def check_rare_labels(evidence: Evidence) -> Iterator[Finding]:
    """Find labels that hold for few samples and are said of fewer still.

    That costs nothing by itself, and is only a fact until weights win in the user's metric.
    """
    course: Watched | None = evidence.course
    data = evidence.data
    if course is None or data is None or not course.evaluations or not data.label_shares:
        return
    share = median(data.label_shares)
    said = (course.last.val or course.last.train).said
    if share >= _RARE or not said < _DENIED or _weighs_labels(evidence):
        return
    reached = progress(evidence)
    is_denial = reached.is_poor and said < _ALL_DENIED
    if not is_denial and not _has_room(evidence, course, reached):
        return
    yield Finding(
        cause=_CAUSE,
        severity="warning" if is_denial else "info",
        confidence=_SUSPECTED,
        evidence=(
            f"Most of the {len(data.label_shares)} labels hold for {share:.1%} of the samples "
            f"or fewer, and the trained network says yes {said:.2f} times as often as they "
            "hold."
        ),
        remedy="Weigh the yes of rare labels in the loss, or lower the threshold for it.",
        code="loss_fn = nn.BCEWithLogitsLoss(pos_weight=(no_counts / yes_counts).sqrt())",
        check="rare_labels",
    )


def _has_room(evidence: Evidence, course: Watched, reached: Progress) -> bool:
    own = own_metric(evidence)
    if own is None or reached.is_poor:
        return False
    metric = (course.last.val or course.last.train).metric
    return own.right - metric > _ROOM * own.way


def _weighs_labels(evidence: Evidence) -> bool:
    """Whether the loss weighs the yes of labels already."""
    first = evidence.first_batch
    seen = first.loss_named("binary_cross_entropy_with_logits") if first else None
    weight = seen.call.argument(6, "pos_weight") if seen else None
    return isinstance(weight, Tensor) and bool((weight > 1).any())
