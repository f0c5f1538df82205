"""What a learning curve says about the settings, by the rules that lectures give."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Symptom = Literal[
    "diverging", "stuck", "slow", "plateau", "gap", "overfitting", "improving"
]

# Shares of the first loss, by which it must have fallen to count as moving, and as moving well.
_MOVED = 0.01
_MOVED_WELL = 0.2
# Share of everything gained so far that the last fifth of a curve gains if it is not flat.
_FLAT = 0.01
# A training loss below this share of the validation loss is a big gap.
_GAP = 0.5
# How far above its best a validation loss must be to have risen, and below to still fall.
_RISEN = 0.05
_FALLING = 0.01
_ADVICE: dict[Symptom, str] = {
    "diverging": "lower the learning rate, or look at the initialization",
    "stuck": "raise the learning rate, or look at the initialization",
    "slow": "raise the learning rate",
    "plateau": "lower the learning rate",
    "gap": "regularize more, or get more data",
    "overfitting": "stop early and keep the best weights",
    "improving": "keep on training",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """What one rule found in a curve.

    Attributes:
        symptom: What is seen.
        advice: What to do about it.
        evidence: The numbers that it was seen by.
    """

    symptom: Symptom
    advice: str
    evidence: str


def diagnose_curve(
    train: Sequence[float], val: Sequence[float] | None = None
) -> tuple[Advice, ...]:
    """Return what the losses of a training suggest, most urgent first.

    Loss diverging: lower the rate. Not falling: the rate is too low, or the initialization
    bad. Falling slowly: raise the rate. Flat after a fall: lower the rate. Training loss far
    below the validation loss: regularize. Validation loss rising: stop early. Still falling:
    keep on. The losses are compared as means over a fifth of the curve, as they are noisy.

    These are rules of thumb: they say what to try first, and nothing about whether the loss
    that was reached is good.

    Args:
        train: Training losses at equal distances, at least 5, better measured in evaluation
            mode: losses above 0 that are 0 at best.
        val: Validation losses at the same points, or None.

    Raises:
        ValueError: If there are fewer than 5 losses, or `val` is of another length.

    Reference:
        Lund FMAN-45, lecture 9, "Hyperparameter Tuning"; CS231n, lecture 6, part 2, steps 2
        and 6, and "Early Stopping".

    Example:
        >>> [found.symptom for found in diagnose_curve([2.3, 2.5, 4.0, 9.0, 30.0])]
        ['diverging']
        >>> falls = [2.0, 1.0, 0.5, 0.25, 0.12]
        >>> [found.symptom for found in diagnose_curve(falls, [2.0, 1.1, 0.9, 1.0, 1.2])]
        ['gap', 'overfitting']
    """
    if len(train) < 5:
        raise ValueError(f"a curve needs at least 5 losses to judge, got {len(train)}")
    if val is not None and len(val) != len(train):
        raise ValueError(f"got {len(train)} training losses and {len(val)} of validation")
    diverging = _diverging(train)
    if diverging:
        return (diverging,)
    found = [_pace(_fifths(train))]
    if val is not None:
        found += [_gap(train, val), *_validation(val)]
    return tuple(advice for advice in found if advice is not None)


def _fifths(losses: Sequence[float]) -> list[float]:
    """Return the means over five parts of equal length."""
    bounds = [len(losses) * part // 5 for part in range(6)]
    return [math.fsum(losses[a:b]) / (b - a) for a, b in pairwise(bounds)]


def _diverging(train: Sequence[float]) -> Advice | None:
    for index, loss in enumerate(train):
        if not math.isfinite(loss):
            return _advice("diverging", f"loss {index + 1} of {len(train)} is {loss}")
    first, *_, last = _fifths(train)
    if last > (1.0 + _RISEN) * first:
        return _advice("diverging", f"the loss rose from {first:.3g} to {last:.3g}")
    return None


def _pace(fifths: list[float]) -> Advice | None:
    first, before, last = fifths[0], fifths[-2], fifths[-1]
    gained, lately = first - last, before - last
    evidence = f"the loss went from {first:.3g} over {before:.3g} to {last:.3g}"
    if gained < _MOVED * first:
        return _advice("stuck", evidence)
    if gained < _MOVED_WELL * first:
        return _advice("slow", evidence)
    if lately < _FLAT * gained:
        return _advice("plateau", evidence)
    return None


def _gap(train: Sequence[float], val: Sequence[float]) -> Advice | None:
    ours, theirs = _fifths(train)[-1], _fifths(val)[-1]
    if ours < _GAP * theirs:
        return _advice("gap", f"training loss {ours:.3g}, validation loss {theirs:.3g}")
    return None


def _validation(val: Sequence[float]) -> list[Advice]:
    fifths = _fifths(val)
    best, before, last = min(fifths), fifths[-2], fifths[-1]
    evidence = f"validation loss {last:.3g}, before that {before:.3g}, at best {best:.3g}"
    if not last <= (1.0 + _RISEN) * best:  # also where it is not a number
        return [_advice("overfitting", evidence)]
    if last < (1.0 - _FALLING) * before:
        return [_advice("improving", evidence)]
    return []


def _advice(symptom: Symptom, evidence: str) -> Advice:
    return Advice(symptom, _ADVICE[symptom], evidence)
