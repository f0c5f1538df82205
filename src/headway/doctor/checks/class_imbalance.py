"""Classes so rare that the network does well without them."""

import math
from collections.abc import Iterator
from statistics import fmean

import torch
from torch import Tensor

from headway.doctor.checks.certain import absurd
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.probes.data_facts import DataFacts
from headway.doctor.probes.loss_records import SeenLoss
from headway.doctor.probes.watched import Watched
from headway.doctor.progress import progress
from headway.doctor.scoring import Scores

_CAUSE: Cause = "class_imbalance"
# SageMaker Debugger's rule has 10; two classes of 15 and 85 % are half of that.
_RATIO = 5.0
# Of so many classes, such as words, some are rare by nature, and few are ever said.
_MANY = 100
# Accuracy averaged over classes that is so little above chance: rare ones are never said.
_ABOVE_CHANCE = 0.15
# Accuracy above the one that is averaged over classes by this much hides rare ones.
_HIDDEN = 0.15
# Classes with so small a share of the most frequent one's samples are rare. What they lose
# of the accuracy itself, because they are frequent where it is measured.
_RARE = 0.1
_COST = 0.1
# Several frequent classes that are recognized so well are learned: nothing else is wrong.
_WELL = 0.85
# Classes that are so many times as frequent where accuracy is measured were made rare by how
# samples were drawn, and not by what they are; and then they need not be missed by half.
_SHIFT = 3.0
_CLEARLY_MISSED = 0.15
_SURE = 0.8
# Where the mean over classes gains this share of what the accuracy gains, rare classes are
# learned as well as the others: what is missing is missing everywhere.
_EVEN, _LEAST_EVEN = 0.5, 0.03
# Where a constant answer leaves no more of the accuracy than this, what it gains says nothing.
_FULL = 0.05
# Weights for the frequent: classes that differ so much in number, and weights likewise, which
# have nearly the order of the numbers.
_UNEVEN, _FAVORED, _IN_ORDER = 2.0, 1.3, 0.7
# They may be weighted or drawn more often already: trials decide.
_SUSPECTED = 0.6
_CODE = (
    "counts = torch.bincount(y)\n"
    "loss_fn = nn.CrossEntropyLoss(weight=len(y) / (len(counts) * counts))"
)


def check_class_imbalance(evidence: Evidence) -> Iterator[Finding]:
    """Find rare classes that are not recognized, or that the loss itself cares least for."""
    yield from _weighted_the_wrong_way(evidence)
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
    is_blind = is_blind and not _learns_evenly(evidence, scores, chance)
    hides = scores.standard - scores.macro > _HIDDEN
    if not hides or len(data.class_counts) > _MANY:
        yield from _costly(evidence, data.class_counts, scores)
        return
    is_met = _weighs_the_rare(evidence, data.class_counts)
    yield Finding(
        cause=_CAUSE,
        # Who weighs rare classes wants them to be said as often as they are.
        severity="error" if is_blind else "info" if is_met else "warning",
        confidence=_blind_confidence(evidence) if is_blind else 0.5,
        evidence=(
            f"The most frequent class has {most} samples and the rarest {rare}; accuracy is "
            f"{scores.standard:.2f}, but {scores.macro:.2f} when each class counts the same "
            f"(chance: {chance:.2f})."
        ),
        remedy="Weight the classes in the loss, or draw rare ones more often.",
        code=_CODE,
        check=_CAUSE,
    )


def _learns_evenly(evidence: Evidence, scores: Scores, chance: float) -> bool:
    """Whether rare classes are learned about as well as all, of which little is learned."""
    dumb = progress(evidence).dumb
    if 1 - dumb <= _FULL:
        return False
    gained = (scores.standard - dumb) / max(1 - dumb, 1e-9)
    even = (scores.macro - chance) / (1 - chance)
    return even > _LEAST_EVEN and even >= _EVEN * gained


def _weighs_the_rare(evidence: Evidence, counts: dict[int, int]) -> bool:
    """Whether an error on the rarest class costs more than one on the most frequent."""
    first = evidence.first_batch
    rarest, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    weights = (
        [_class_weights(seen) for seen in first.losses if seen.is_of_main] if first else []
    )
    return any(w.get(rarest, 0.0) > w.get(most, math.inf) for w in weights)


def _weighted_the_wrong_way(evidence: Evidence) -> Iterator[Finding]:
    """Find class weights of a loss that grow with the frequency of the classes."""
    first, data = evidence.first_batch, evidence.data
    if first is None or data is None or len(data.class_counts) < 2:
        return
    for seen in first.losses:
        weights = _class_weights(seen) if seen.is_of_main else {}
        shared = [n for n in data.class_counts if weights.get(n, 0.0) > 0]
        shared.sort(key=lambda n: data.class_counts[n])
        if len(shared) < 2:
            continue
        rare, most = shared[0], shared[-1]
        counts = [float(data.class_counts[n]) for n in shared]
        if counts[-1] < _UNEVEN * counts[0] or weights[most] < _FAVORED * weights[rare]:
            continue
        if _correlation_of_ranks([weights[n] for n in shared]) < _IN_ORDER:
            continue
        yield absurd(
            evidence,
            _CAUSE,
            _SURE,
            f"The class weights of the loss grow with the frequency of the classes: class "
            f"{most} with {counts[-1]:g} samples has {weights[most]:.3g}, and class {rare} "
            f"with {counts[0]:g} has {weights[rare]:.3g}.",
            "Give rare classes the larger weights.",
            code=_CODE,
            is_mistake=True,
        )
        return


def _correlation_of_ranks(values: list[float]) -> float:
    """Return Spearman's correlation of values with their places."""
    ranks = torch.tensor(values).argsort(stable=True).argsort().double()
    places = torch.arange(len(values), dtype=ranks.dtype)
    return float(torch.corrcoef(torch.stack([ranks, places]))[0, 1])


def _class_weights(seen: SeenLoss) -> dict[int, float]:
    """Return what an error on each class costs, {} where the loss has no weights."""
    if seen.name in ("cross_entropy", "nll_loss"):
        weight = seen.call.argument(2, "weight")
        if isinstance(weight, Tensor) and weight.dim() == 1:
            return dict(enumerate(weight.tolist()))
    if seen.name == "binary_cross_entropy_with_logits":
        weight = seen.call.argument(6, "pos_weight")
        if isinstance(weight, Tensor) and weight.numel() == 1:
            return {0: 1.0, 1: float(weight)}
    return {}


def _blind_confidence(evidence: Evidence) -> float:
    """Return how sure it is; where the program gets as far as any, nothing else is wrong."""
    return _SURE if progress(evidence).is_fine else 0.75


def _costly(
    evidence: Evidence, counts: dict[int, int], scores: Scores
) -> Iterator[Finding]:
    """Find classes that are rare in training and are missed where they are frequent."""
    most = max(counts.values())
    known = [n for n, recall in enumerate(scores.recalls) if math.isfinite(recall)]
    rare = [n for n in known if counts.get(n, 0) <= _RARE * most]
    frequent = [scores.recalls[n] for n in known if n not in rare]
    if not rare or not frequent:
        return
    missed, found = fmean(scores.recalls[n] for n in rare), fmean(frequent)
    cost = found - scores.standard
    if cost <= _COST:
        return
    # What they cost is their share of the samples times how much more often they are missed.
    share = cost / max(found - missed, cost)
    train_share = sum(counts.get(n, 0) for n in rare) / sum(counts.values())
    is_shifted = share > _SHIFT * train_share and found - missed > _CLEARLY_MISSED
    is_sure = missed <= found / 2
    if not is_sure and not is_shifted:
        return
    # A constant answer recognizes one class, which has no other reason where that is frequent
    # in training alone.
    is_learned = found >= _WELL and (len(frequent) > 1 or is_shifted)
    is_all = progress(evidence).is_poor and is_learned
    yield Finding(
        cause=_CAUSE,
        severity="error" if is_all else "warning",
        confidence=_SURE if is_sure else _SUSPECTED,
        evidence=(
            f"Of the classes with {most} samples {found:.0%} are recognized, and {missed:.0%} "
            f"of those with a tenth of that or less, which brings the accuracy down to "
            f"{scores.standard:.2f}."
        ),
        remedy="Weight the classes in the loss, or draw rare ones more often.",
        code=_CODE,
        check=_CAUSE,
        # What was counted stays true where no remedy wins much: rare samples are few.
        is_certain=is_sure,
    )
