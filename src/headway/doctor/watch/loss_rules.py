"""Rules about the course of the losses."""

import math
from itertools import pairwise

from headway.doctor.finding import Finding
from headway.doctor.watch.view import View

# Independent noise of batches has a correlation of 0 and a standard error of 0.07 over 200
# losses; its deviations from a trend of 11 losses have one of -0.1. Every second step is on
# the same side.
_ALTERNATION, _SAME_SIDE = -0.4, 0.3
# Smaller updates do not jump over a minimum: it is the data that alternate.
_JUMP = 1e-3
# A rise over the lowest level and over the start that no healthy spike lasts at.
_RISE = 1.5
_LEAST_STEPS = 100
_PLATEAU_STEPS = 300
# Below this part of the weights an update changes nothing in thousands of steps: there is no
# need to wait for them.
_TINY_UPDATE = 3e-5
# Evaluations in a row with a higher validation loss, and its rise over the best one, as a part
# of it: healthy networks reach the first of these by becoming too sure of themselves. A rise
# by so small a part of the loss at the start is none.
_RISING = 3
_OVERFITS, _OVERFITS_MUCH = 0.1, 0.5
_LEAST_RISE = 0.02
# How much higher the loss of training data may be in evaluation mode than in training mode.
_GAP = 2.0
_LOWER_RATE = 'for group in optimizer.param_groups:\n    group["lr"] /= 3'


def lost(view: View) -> Finding | None:
    """Find a loss that is no number."""
    if view.losses.first_lost is None or math.isfinite(view.losses.last):
        return None
    return Finding(
        cause="lr_high" if view.losses.first_lost > 1 else "numerics",
        severity="error",
        confidence=0.6,
        evidence=(
            f"The loss of step {view.losses.first_lost} is not finite; the last level "
            f"before was {view.losses.now:.4g}."
        ),
        remedy="Look at the inputs of that step for NaN, or lower the learning rate.",
        code=_LOWER_RATE,
        check="watch",
        is_certain=True,
    )


def diverging(view: View) -> Finding | None:
    """Find a loss that leaves its lowest level and its start behind and goes on rising."""
    losses = view.losses
    if losses.count < 20 or math.isnan(losses.lowest):
        return None
    last = losses.blocks[-max(4, len(losses.blocks) // 8) :]
    level, rise = min(last), losses.start + (_RISE - 1) * abs(losses.start)
    is_rising = sum(last[len(last) // 2 :]) >= sum(last[: len(last) // 2])
    if not is_rising or level < rise or level < losses.lowest + abs(losses.lowest) / 2:
        return None
    return Finding(
        cause="lr_high",
        severity="error",
        confidence=0.7,
        evidence=(
            f"The loss rises: it was {losses.start:.4g} at the start, "
            f"{losses.lowest:.4g} at its lowest and is {losses.now:.4g} now."
        ),
        remedy="Lower the learning rate three to ten times, or clip the gradients.",
        code=_LOWER_RATE,
        check="watch",
    )


def oscillating(view: View) -> Finding | None:
    """Find a loss that goes up and down in turn without getting anywhere."""
    losses = view.losses
    if losses.count < _LEAST_STEPS or not losses.makes_no_progress:
        return None
    correlation = losses.correlation(1)
    if correlation > _ALTERNATION or losses.correlation(2) < _SAME_SIDE:
        return None
    if view.usual_update < _JUMP:
        return None
    return Finding(
        cause="lr_high",
        severity="warning",
        confidence=0.5,
        evidence=(
            f"The loss goes up and down in turn (correlation {correlation:.2f} of one step "
            f"with the next), and {view.course}."
        ),
        remedy="Lower the learning rate three to ten times.",
        code=_LOWER_RATE,
        check="watch",
    )


def plateau(view: View) -> Finding | None:
    """Find a loss that has not left its start."""
    losses = view.losses
    ratio = view.usual_update
    is_tiny = ratio < _TINY_UPDATE
    if losses.count < (_LEAST_STEPS if is_tiny else _PLATEAU_STEPS):
        return None
    if not (losses.makes_no_progress and losses.is_flat):
        return None
    moved = "" if math.isnan(ratio) else f"; a step changes the weights by {ratio:.1e}"
    return Finding(
        cause="lr_low" if is_tiny else "other",
        severity="warning",
        confidence=0.6 if is_tiny else 0.3,
        evidence=(
            f"The loss has not left its level: {view.course} after {losses.count} steps{moved}."
        ),
        remedy=(
            "Raise the learning rate ten times."
            if is_tiny
            else "Run `headway check` on this program: it looks for the cause."
        ),
        check="watch",
    )


def overfitting(view: View) -> Finding | None:
    """Find a validation loss that rises while the training loss goes on falling."""
    known = [e for e in view.evaluations if e.val is not None]
    values = [e.val for e in known if e.val is not None]
    if len(values) <= _RISING:
        return None
    best, first = min(values), view.losses.start
    best_at = values.index(best)
    is_rising = all(a < b for a, b in pairwise(values[-_RISING - 1 :]))
    train = [e.running if e.train is None else e.train for e in known]
    if not is_rising or len(values) - best_at <= _RISING or train[-1] > train[best_at]:
        return None
    rise = (values[-1] - best) / max(abs(best), _LEAST_RISE / _OVERFITS * abs(first), 1e-12)
    if rise < _OVERFITS:
        return None
    return Finding(
        cause="overfitting",
        severity="warning" if rise > _OVERFITS_MUCH else "info",
        confidence=0.6,
        evidence=(
            f"The validation loss rises from {best:.4g} (step {known[best_at].step}) to "
            f"{values[-1]:.4g}, while the training loss falls from {train[best_at]:.4g} to "
            f"{train[-1]:.4g}."
        ),
        remedy="Stop at the best validation loss, or add augmentation or weight decay.",
        check="watch",
    )


def train_eval_gap(view: View) -> Finding | None:
    """Find training data whose loss is far higher in evaluation mode."""
    last = [e for e in view.evaluations if e.train is not None][-2:]
    if len(last) < 2:
        return None
    for one in last:
        assert one.train is not None
        margin = (_GAP - 1) * abs(one.running) + 0.1 * abs(view.losses.start)
        if not one.train > one.running + margin:
            return None
    return Finding(
        cause="normalization",
        severity="warning",
        confidence=0.5,
        evidence=(
            f"On training data the loss is {last[-1].train:.4g} in evaluation mode and "
            f"{last[-1].running:.4g} in training mode."
        ),
        remedy=(
            "Use larger batches or group norm: the running statistics of batch norm do not "
            "fit the data."
        ),
        check="watch",
    )
