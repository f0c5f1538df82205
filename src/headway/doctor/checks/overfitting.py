"""The network learns its training data by heart and gets worse on other data."""

import math
from collections.abc import Iterator
from statistics import fmean

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding, Severity
from headway.doctor.own_metric import OwnMetric, own_metric
from headway.doctor.probes.watched import Watched
from headway.doctor.progress import Progress, progress

# How many evaluations after the best must be worse, each than the one at the best.
_RISES = 3
# How much the validation loss must rise above its best, as a share of it: losses of a few
# hundred samples are off by about 5 %, and two standard errors must be passed.
_RISEN = 0.15
# Share of the way from the dumb baseline that the metric must drop from its best to count as
# a loss of what was reached.
_DROPPED = 0.05
_CLEARLY_DROPPED = 0.15
# A metric of the user's own that loses so much of it is a fact, whatever accuracy does.
_MOSTLY_DROPPED = 0.5
# A training metric so far above the validation metric, likewise, is a gap.
_GAP = 0.15
# So far above it, the training data is learned by heart, or most of it: a rise of the loss may
# be over before the second evaluation, and whether stopping helps has to be tried.
_HUGE_GAP = 0.4
_BY_HEART = 0.98
# A program that did not get half of the way on its training data learned nothing by heart.
_LEARNED = 0.5
# So few samples that are learned by heart, with a loss on others that rises by so much and a
# gap of this share, are too few, although what they tell may be most of what there is to tell.
_FEW_SAMPLES = 100
_RISEN_MUCH = 0.5
_SMALL_GAP = 0.1
# A gap of this share needs no rise: a network that is sure early does not get surer.
_CLEAR_GAP = 0.25
# A network that has gone so much of the way to a perfect fit knows its data by heart: with a
# clear gap, whether a cure wins anything is worth a trial.
_MOST_BY_HEART = 0.9
# No doubt is left: the gap itself is the fault.
_SURE = 0.8


def check_overfitting(evidence: Evidence) -> Iterator[Finding]:
    """Find a validation loss that rises while the training loss falls."""
    course: Watched | None = evidence.course
    reached = progress(evidence)
    if course is None or course.has_no_val or not reached.is_known:
        return
    rise = _rise(course)
    dropped = _dropped(course, reached)
    gap = reached.train_metric - reached.metric
    learned = (reached.train_metric - reached.dumb) / max(_range(reached), 1e-9)
    has_gap = gap > max(_GAP * _range(reached), reached.margin) and learned > _LEARNED
    is_wide = gap > max(_HUGE_GAP * _range(reached), reached.margin) and learned > _LEARNED
    is_by_heart = is_wide and reached.train_metric >= _BY_HEART
    least = _SMALL_GAP if rise >= _RISEN_MUCH else _CLEAR_GAP
    is_too_few = (
        evidence.program.train.num_samples <= _FEW_SAMPLES
        and reached.train_metric >= _BY_HEART
        and gap > max(least * _range(reached), reached.margin)
    )
    is_open = rise >= _RISEN or (reached.is_poor and has_gap)
    if not (is_open or is_wide or is_too_few):
        yield from _remembered(reached, evidence.program.train.num_samples)
        return
    own_cost = _own_cost(course, own_metric(evidence)) if rise >= _RISEN else 0.0
    is_lost = own_cost > _MOSTLY_DROPPED
    is_sure = is_by_heart or is_too_few or is_lost
    has_fallen = (has_gap and dropped > _DROPPED) or own_cost > _CLEARLY_DROPPED
    severity: Severity = "info"
    if has_gap and (dropped > _CLEARLY_DROPPED or reached.is_poor):
        severity = "error"
    elif is_sure or is_wide or has_fallen:
        severity = "warning"
    yield Finding(
        cause="overfitting",
        severity=severity,
        confidence=_SURE if is_sure else 0.6 if severity == "error" else 0.5,
        evidence=(
            f"The validation loss ends {rise:.0%} above its lowest while the training loss "
            f"falls; with {evidence.program.train.num_samples} samples the metric is "
            f"{reached.train_metric:.3g} on training and {reached.metric:.3g} on validation "
            f"data.{_told(own_cost)}"
        ),
        remedy="Stop at the best epoch, regularize (decay, dropout), or get or augment data.",
        code=(
            "if val_loss < best:\n"
            "    best, weights = val_loss, copy.deepcopy(model.state_dict())"
        ),
        check="overfitting",
        # A fact that no trial refutes: where data is missing, no remedy wins much.
        is_certain=is_sure and severity == "warning",
    )


def _remembered(reached: Progress, count: int) -> Iterator[Finding]:
    """Find a clear gap to what is known by heart, where the loss did not rise to its end."""
    gap = reached.train_metric - reached.metric
    known = (reached.train_metric - reached.dumb) / max(1 - reached.dumb, 1e-9)
    is_clear = gap > max(_CLEAR_GAP * _range(reached), reached.margin)
    if not (is_clear and known > _MOST_BY_HEART and reached.has_room):
        return
    yield Finding(
        cause="overfitting",
        severity="info",
        confidence=0.5,
        evidence=(
            f"The network knows its {count} training samples by heart: the metric is "
            f"{reached.train_metric:.3g} on them and {reached.metric:.3g} on validation data."
        ),
        remedy="Use fewer weights, regularize (decay, dropout), or get or augment data.",
        check="remembered",
    )


def _rise(course: Watched) -> float:
    """Return the share by which the loss ends above its lowest; 0 where it is no trend."""
    losses = [e.val.loss for e in course.evaluations if e.val is not None]
    if not losses or not all(map(math.isfinite, losses)):
        return 0.0
    best = min(range(len(losses)), key=losses.__getitem__)
    after = losses[best + 1 :]
    train = [e.train.loss for e in course.evaluations]
    if len(after) < _RISES or losses[best] <= 0 or train[-1] >= train[best]:
        return 0.0
    return fmean(after[-_RISES:]) / losses[best] - 1


def _dropped(course: Watched, reached: Progress) -> float:
    """Return how much of the way from the dumb baseline was lost since the best."""
    metrics = [e.val.standard for e in course.evaluations if e.val is not None]
    finite = [metric for metric in metrics if math.isfinite(metric)]
    drop = max(finite, default=math.nan) - reached.metric
    way = _range(reached)
    return drop / way if drop > reached.margin and way > 0 else 0.0


def _own_cost(course: Watched, own: OwnMetric | None) -> float:
    """Return the share of what the user's own metric had reached that it ends without.

    A single evaluation is luck: best and end are means of a few.
    """
    metrics = [e.val.metric for e in course.evaluations if e.val is not None]
    if own is None or len(metrics) < 2 * _RISES or not all(map(math.isfinite, metrics)):
        return 0.0
    starts = range(len(metrics) - _RISES + 1)
    means = [fmean(metrics[start : start + _RISES]) for start in starts]
    reached = max(means) - own.constant
    return (max(means) - means[-1]) / reached if reached > 0 else 0.0


def _told(own_cost: float) -> str:
    if own_cost <= _CLEARLY_DROPPED:
        return ""
    return f" Its own metric ends {own_cost:.0%} below its best, counted from a constant's."


def _range(reached: Progress) -> float:
    return max(reached.good, reached.train_metric) - reached.dumb
