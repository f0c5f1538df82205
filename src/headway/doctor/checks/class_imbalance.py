"""Classes so rare that the network does well without them."""

import math
from collections.abc import Iterator

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.probes.data_facts import DataFacts
from headway.doctor.probes.watched import Watched

_CAUSE: Cause = "class_imbalance"
# SageMaker Debugger's rule has 10; two classes of 15 and 85 % are half of that.
_RATIO = 5.0
# Accuracy averaged over classes that is so little above chance: rare ones are never said.
_ABOVE_CHANCE = 0.15
# Accuracy above the one that is averaged over classes by this much hides rare ones.
_HIDDEN = 0.15


def check_class_imbalance(evidence: Evidence) -> Iterator[Finding]:
    """Find rare classes that are not recognized though the accuracy looks good."""
    data: DataFacts | None = evidence.data
    course: Watched | None = evidence.course
    if (
        data is None
        or course is None
        or len(data.class_counts) < 2
        or not course.evaluations
    ):
        return
    rare, most = min(data.class_counts.values()), max(data.class_counts.values())
    scores = course.last.val or course.last.train
    if most < _RATIO * rare or not math.isfinite(scores.macro):
        return
    chance = 1 / len(data.class_counts)
    is_blind = scores.macro < chance + _ABOVE_CHANCE * (1 - chance)
    hides = scores.standard - scores.macro > _HIDDEN
    if not hides:
        return
    yield Finding(
        cause=_CAUSE,
        severity="error" if is_blind else "warning",
        confidence=0.75 if is_blind else 0.5,
        evidence=(
            f"The most frequent class has {most} samples and the rarest {rare}; accuracy is "
            f"{scores.standard:.2f}, but {scores.macro:.2f} when each class counts the same "
            f"(chance: {chance:.2f})."
        ),
        remedy="Weight the classes in the loss, or draw rare ones more often.",
        code=(
            "counts = torch.bincount(y)\n"
            "loss_fn = nn.CrossEntropyLoss(weight=len(y) / (len(counts) * counts))"
        ),
        check=_CAUSE,
    )
