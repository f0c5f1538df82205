"""Cures of certain faults that the metric cannot prove: they may not do harm."""

import math
from collections.abc import Iterable

from headway.doctor.arm import ArmResult, Remedies
from headway.doctor.comparing import comparable, mean_gain, mean_value
from headway.doctor.repair import Advice
from headway.doctor.trial import CONFIRMING, LEAST_GAIN
from headway.doctor.workbench import Workbench

_SEEDS = CONFIRMING[:3]
# A loss is only luck below so many standard errors of the mean difference.
_ERRORS = 1.0


def advise(bench: Workbench, cures: Iterable[Remedies], kept: Remedies) -> list[Advice]:
    """Say which cures that are not kept should be made all the same, and whether they harm.

    Args:
        bench: Trains the arms.
        cures: One set for each fault that is certain.
        kept: What is proved already.
    """
    advised: list[Advice] = []
    for cure in cures:
        known = set(map(repr, kept))
        fresh = tuple(remedy for remedy in cure if repr(remedy) not in known)
        if not fresh or {remedy.cause for remedy in fresh} & {r.cause for r in kept}:
            continue
        advice = _tried(bench, fresh, kept)
        advised.append(advice)
        kept = (*kept, *fresh) if advice.is_harmless else kept
    return advised


def _tried(bench: Workbench, cure: Remedies, kept: Remedies) -> Advice:
    """Compare the program with and without a cure, on the seeds that confirm."""
    before: list[ArmResult] = []
    after: list[ArmResult] = []
    for seed in _SEEDS:
        without, with_ = bench.run(kept, seed), bench.run((*kept, *cure), seed)
        if without is None or with_ is None:
            break
        before.append(without)
        after.append(with_)
    is_tried = len(after) == len(_SEEDS)
    return Advice(
        remedies=cure,
        is_harmless=is_tried and mean_gain(after, before) >= -_tolerance(before, after),
        before=mean_value(before),
        after=mean_value(after),
    )


def _tolerance(before: list[ArmResult], after: list[ArmResult]) -> float:
    """Return the loss that is no more than luck."""
    values, scale = comparable([*after, *before])
    count = len(after)
    differences = [(values[n] - values[n + count]) / scale for n in range(count)]
    mean = math.fsum(differences) / count
    variance = math.fsum((value - mean) ** 2 for value in differences) / (count - 1)
    return max(LEAST_GAIN, _ERRORS * math.sqrt(variance / count))
