"""What a change wins on the same seeds and batches, and whether that is proved."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from headway.doctor.finding import Cause, Finding
from headway.doctor.own_metric import OwnMetric
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.short_runs import Reached

# Seeds that do not choose a change, and have to prove it.
PROVING_SEEDS = (1, 2)
# Metrics closer than this are equal, however many samples there are.
LEAST_MARGIN = 0.01
# The share of its prior that a usual suspect has where its change wins nothing back.
_LEAST = 0.2
# In a program that is fine, a change has to win this share of what is learned, and more than
# luck, on seeds that did not choose it. Healthy programs have left up to an eighth.
_WORTH = 0.15
# Where little is to be learned, a share of it is still luck or taste.
_LEAST_WORTH = 0.05
# Less is enough for a change that a symptom speaks for, also in a part of the training.
_WORTH_WITH_SYMPTOM = 0.07
_LARGE_PART = 0.5
# A longer training wins a little in most programs that come near their end.
_WORTH_OF_MORE = 0.1
# A metric of the user's own may be steeper than accuracy where that is nearly full, and
# differ more from seed to seed: its gain has to be so many standard deviations of that.
WORTH_IN_OWN = 0.1
_SPREADS = 2.0


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Short trainings with and without one change, on the same seeds and batches.

    Attributes:
        cause: What would be the cause if the change helps.
        remedy: The change.
        finding: The finding that suggested it, or None for a usual suspect.
        prior: How plausible the cause is where the change helps.
        untreated: What the program reaches as it is.
        treated: What it reaches with the change, on the same seeds.
        gain: Difference of the scores.
        recovered: Share of the way from the untreated score to the best that any arm or
            baseline reaches, 0 to 1.
    """

    cause: Cause
    remedy: Remedy
    finding: Finding | None
    prior: float
    untreated: Reached
    treated: Reached
    gain: float
    recovered: float

    @property
    def later_gains(self) -> tuple[float, ...]:
        """Differences of the scores on the seeds that did not choose the change."""
        return _differences(self.treated.scores, self.untreated.scores)[1:]

    @property
    def own_gains(self) -> tuple[float, ...]:
        """Differences of the program's own metric, for each seed."""
        return _differences(self.treated.own_scores, self.untreated.own_scores)

    @property
    def costs_own_metric(self) -> bool:
        """Whether the program's own metric, where it has one, does not gain on those seeds."""
        return any(gain <= 0 for gain in self.own_gains[1:])


@dataclass(frozen=True, kw_only=True)
class Contrasts:
    """All contrasts of a program.

    Attributes:
        tried: In the order in which they were tried.
        margin: Gains below this are luck.
        is_poor: Whether the program itself makes poor progress.
        steps: Updates of each run of the untreated program.
        part: Their share of those that the program makes.
        dumb: What a constant answer reaches; NaN where it is not known.
        own: The scale of the program's own metric, where that is a function.
        is_blunt: Whether accuracy hardly moves, whatever the network has learned, so that it
            is no scale for the own metric.
    """

    tried: tuple[Contrast, ...] = ()
    margin: float = LEAST_MARGIN
    is_poor: bool = False
    steps: int = 0
    part: float = 0.0
    dumb: float = math.nan
    own: OwnMetric | None = None
    is_blunt: bool = False

    def proves(self, contrast: Contrast) -> bool:
        """Whether the change wins a share of what is learned on each of several new seeds."""
        return self._proves_by_standard(contrast) or self.proves_by_own(contrast)

    def proves_by_own(self, contrast: Contrast) -> bool:
        """Whether it wins that in the user's own metric, where a symptom speaks for it.

        Accuracy may lose: who gives a metric says what counts.
        """
        own, gains = self.own, contrast.own_gains[1:]
        if own is None or contrast.finding is None or len(gains) < len(PROVING_SEEDS):
            return False
        is_judged = self.part >= _LARGE_PART and self.dumb < 1
        if not is_judged or not all(map(math.isfinite, contrast.own_gains)):
            return False
        scale = 1.0 if self.is_blunt else 1 - self.dumb
        luck = max(self.margin / 2, LEAST_MARGIN) * own.way / scale
        spread = _SPREADS * _spread(contrast)
        learned = fmean(contrast.treated.own_scores) - own.constant
        least = max(luck, spread, WORTH_IN_OWN * learned)
        return min(gains) > 0 and fmean(gains) > least

    def loses_own(self, contrast: Contrast) -> bool:
        """Whether the user's own metric, of which more is better, falls by more than luck.

        Accuracy that is bought with what counts for the user is no gain.
        """
        gains = contrast.own_gains
        if self.own is None or not gains or not all(map(math.isfinite, gains)):
            return False
        return fmean(gains) < -LEAST_MARGIN * self.own.way

    def recovered(self, contrast: Contrast) -> float:
        """Return the share of what is lost that the change wins, by the metric that proves."""
        if self.own is None or not self.proves_by_own(contrast):
            return contrast.recovered
        lost = self.own.right - fmean(contrast.untreated.own_scores)
        won = fmean(contrast.own_gains) / lost if lost > 0 else 0.0
        return max(contrast.recovered, min(1.0, won))

    def _proves_by_standard(self, contrast: Contrast) -> bool:
        gains = contrast.later_gains
        has_symptom = contrast.finding is not None
        share, part = (_WORTH_WITH_SYMPTOM, _LARGE_PART) if has_symptom else (_WORTH, 1.0)
        if contrast.cause == "epochs_few":
            share = max(share, _WORTH_OF_MORE)
        is_judged = self.part >= part and math.isfinite(self.dumb)
        is_judged = is_judged and not contrast.costs_own_metric
        if len(gains) < len(PROVING_SEEDS) or not is_judged:
            return False
        # Both arms are judged by the same samples, of which each seed answers anew.
        luck = max(self.margin / 2, LEAST_MARGIN)
        if not has_symptom:
            luck = max(self.margin, _LEAST_WORTH)
        least = max(luck, share * (contrast.treated.score - self.dumb))
        return min(gains) > 0 and fmean(gains) > least

    @property
    def best(self) -> Contrast | None:
        """The contrast with the largest gain, or None."""
        return max(self.tried, key=lambda contrast: contrast.gain, default=None)


def _spread(contrast: Contrast) -> float:
    """Return what seeds differ by: those of the change, where each of them is better."""
    untreated, treated = contrast.untreated.own_scores, contrast.treated.own_scores
    is_apart = min(treated) > max(untreated)
    return stdev(treated if is_apart else untreated)


def _differences(treated: Sequence[float], untreated: Sequence[float]) -> tuple[float, ...]:
    return tuple(one - other for one, other in zip(treated, untreated, strict=True))


def confidence_of(prior: float, recovered: float) -> float:
    """Return how likely a cause is whose change wins back a share of what is lost."""
    return prior * (_LEAST + (1 - _LEAST) * min(1.0, max(0.0, recovered)))
