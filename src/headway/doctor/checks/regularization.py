"""Regularization that takes away more than the network can learn."""

import math
from collections.abc import Iterator
from typing import Any

from headway.doctor.checks.certain import absurd
from headway.doctor.checks.naming import listed
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.probes.data_facts import DataFacts
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.penalty import Penalty
from headway.doctor.probes.traced import ForwardTrace
from headway.doctor.probes.update_facts import ParameterFacts
from headway.doctor.probes.updates import Updates
from headway.doctor.progress import progress

_CAUSE: Cause = "regularization"
_SURE = 0.82
# Published networks drop half at most (Srivastava et al., "Dropout", 2014, figure 9: error
# grows beyond .6).
_LARGE_DROPOUT = 0.7
_HUGE_DROPOUT = 0.85
# The pull of weight decay next to the gradient of the loss at the start of training.
_STRONG_DECAY = 0.3
_HUGE_DECAY = 1.0
# Decoupled decay settles where lr * wd * w is the usual step of Adam, lr times about .2.
_SIGNAL = 0.2
# What decay has to take away within the training to matter, as an exponent.
_LEAST_SHRINKAGE = 1.0
# The correct class gets less than half of the target.
_LARGE_SMOOTHING = 0.5
_HUGE_SMOOTHING = 0.9
# Validation samples have to tell so much of each other's targets, augmented training samples
# less than this share of it, and the network has to learn less than this share.
_TOLD, _LEFT, _LEARNED = 0.2, 0.4, 0.6
# Where more is left it is a suspicion: less than the first share is told by augmented samples,
# and the network has learned less than the second of what a few samples as they are tell.
_LEFT_AT_COST, _LEARNED_AT_COST = 0.85, 0.8
_SUSPECTED = 0.6


def check_regularization(evidence: Evidence) -> Iterator[Finding]:
    """Look at dropout, weight decay, label smoothing, augmentation and a penalty."""
    yield from _augmented_away(evidence)
    first: FirstBatch | None = evidence.first_batch
    if first is not None and first.penalty is not None:
        yield from _penalized(evidence, first.penalty)
    updates: Updates | None = evidence.updates
    if updates is None:
        return
    if updates.trace is not None:
        yield from _large_dropout(evidence, updates.trace)
        yield from _dropped_output(evidence, updates.trace)
        yield from _smoothed(evidence, updates.trace)
    yield from _decayed(evidence, updates)


def _augmented_away(evidence: Evidence) -> Iterator[Finding]:
    """Find an augmentation that leaves little of what tells the targets."""
    data: DataFacts | None = evidence.data
    reached = progress(evidence)
    if data is None or not reached.is_known or not reached.is_of_new:
        return
    way = data.val_known - reached.dumb
    if not way > max(_TOLD, 2 * reached.margin):
        return
    left = (data.train_known - reached.dumb) / way
    learned = (reached.metric - reached.dumb) / way
    is_lost = left < _LEFT and learned < _LEARNED
    if not is_lost and not (left < _LEFT_AT_COST and learned < _LEARNED_AT_COST):
        return
    until = "until little is left" if is_lost else "as validation samples are not"
    yield Finding(
        cause=_CAUSE,
        severity="error" if is_lost else "warning",
        confidence=_SURE if is_lost else _SUSPECTED,
        evidence=(
            f"Training samples are changed at random each time they are read, {until}: the "
            f"nearest others tell {data.val_known:.3g} of the targets of validation "
            f"samples (accuracy or R2) and {data.train_known:.3g} of those of as many "
            f"augmented training samples, and {reached.describe()}."
        ),
        remedy="Augment less, so that a person still tells the samples apart.",
        code="transforms.RandomResizedCrop(size, scale=(0.6, 1.0))",
        check="regularization",
        is_certain=is_lost,
    )


def _warning(said: str, remedy: str, *, layer: str | None = None, code: str) -> Finding:
    return Finding(
        cause="regularization",
        severity="warning",
        confidence=0.55,
        evidence=said,
        remedy=remedy,
        layer=layer,
        code=code,
        check="regularization",
    )


def _large_dropout(evidence: Evidence, trace: ForwardTrace) -> Iterator[Finding]:
    large = [call for call in trace.dropouts if call.is_on and call.p > _LARGE_DROPOUT]
    if not large:
        return
    most = max(large, key=lambda call: call.p)
    names = listed([call.layer or "the forward pass" for call in large])
    said = f"{names} drops {most.p:.0%} of its units."
    remedy, code = "Set the probability to 0.5 at most.", "nn.Dropout(0.3)"
    if most.p >= _HUGE_DROPOUT:
        layer = most.layer or None
        yield absurd(evidence, _CAUSE, _SURE, said, remedy, layer=layer, code=code)
    else:
        yield _warning(said, remedy, layer=most.layer or None, code=code)


def _dropped_output(evidence: Evidence, trace: ForwardTrace) -> Iterator[Finding]:
    for call in trace.dropouts:
        if call.is_output and call.is_on and call.p > 0:
            yield absurd(
                evidence,
                _CAUSE,
                _SURE,
                f"dropout with p={call.p:g} works on the output itself: {call.p:.0%} of the "
                "answers are 0 whatever the network says.",
                "Move dropout before the last layer.",
                layer=call.layer or None,
                code="nn.Sequential(..., nn.Dropout(p), nn.Linear(width, num_outputs))",
            )
            return


def _smoothed(evidence: Evidence, trace: ForwardTrace) -> Iterator[Finding]:
    if trace.label_smoothing < _LARGE_SMOOTHING:
        return
    said = (
        f"label smoothing of {trace.label_smoothing:g} leaves "
        f"{1 - trace.label_smoothing:.0%} of the target to the correct class."
    )
    remedy = "Set label smoothing to 0.1 at most."
    code = "nn.CrossEntropyLoss(label_smoothing=0.1)"
    if trace.label_smoothing >= _HUGE_SMOOTHING:
        yield absurd(evidence, _CAUSE, _SURE, said, remedy, code=code)
    else:
        yield _warning(said, remedy, code=code)


def _penalized(evidence: Evidence, penalty: Penalty) -> Iterator[Finding]:
    if penalty.pull < _STRONG_DECAY:
        return
    said = (
        f"the training step adds an {penalty.norm.upper()} penalty of the weights: it pulls "
        f"them to 0 with {penalty.pull:.2g} times the force of the loss, and the loss of the "
        f"first batch is {penalty.loss:.3g} with and {penalty.plain_loss:.3g} without it."
    )
    remedy = "Multiply the penalty by a much smaller factor, or leave it out."
    code = "loss = loss_fn(model(x), y) + 1e-5 * penalty"
    if penalty.pull > _HUGE_DECAY:
        yield absurd(evidence, _CAUSE, _SURE, said, remedy, code=code)
    else:
        yield _warning(said, remedy, code=code)


def _decayed(evidence: Evidence, updates: Updates) -> Iterator[Finding]:
    program = evidence.program
    groups: list[dict[str, Any]] = program.optimizer.param_groups
    decay = max((float(group.get("weight_decay") or 0.0) for group in groups), default=0.0)
    lr = max((float(group.get("lr") or 0.0) for group in groups), default=0.0)
    way = lr * program.epochs * program.train.num_batches
    weights = [p for p in updates.parameters if p.is_held and len(p.shape) > 1]
    is_adaptive = any("betas" in group or "alpha" in group for group in groups)
    is_decoupled = any(group.get("decoupled_weight_decay") for group in groups)
    pull = _decoupled_pull(weights, decay) if is_decoupled else _pull(weights, decay)
    # Where decay goes through Adam's scale, weights move by lr whatever their size is.
    shrinkage = way / _rms(weights) if is_adaptive and not is_decoupled else way * decay
    if pull > _STRONG_DECAY and shrinkage > _LEAST_SHRINKAGE:
        is_huge = pull > _HUGE_DECAY
        yield Finding(
            cause=_CAUSE,
            severity="error" if is_huge else "warning",
            confidence=_SURE if is_huge else 0.55,
            evidence=(
                f"weight decay {decay:g} pulls the weights to 0 with {pull:.2g} times the "
                "force of the loss at the start, and the training is long enough for it."
            ),
            remedy="Set weight decay to 1e-4.",
            code="weight_decay=1e-4",
            check="regularization",
        )


def _pull(weights: list[ParameterFacts], decay: float) -> float:
    """Return the norm of the decay over that of the gradient."""
    grad = math.sqrt(sum(p.grad_norm**2 for p in weights))
    norm = math.sqrt(sum(p.norm**2 for p in weights))
    return decay * norm / grad if grad > 0 and math.isfinite(grad) else 0.0


def _decoupled_pull(weights: list[ParameterFacts], decay: float) -> float:
    """Return the size of the weights over the size at which decoupled decay holds them."""
    return decay * _rms(weights) / _SIGNAL


def _rms(weights: list[ParameterFacts]) -> float:
    """Return the typical size of a weight, and never 0."""
    count = sum(p.numel for p in weights)
    square = sum(p.norm**2 for p in weights)
    return max(math.sqrt(square / count), 1e-12) if count else 1.0
