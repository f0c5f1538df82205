"""What happens when one thing is changed: the causes tell themselves apart from symptoms."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.finding import SEVERITIES, Cause, Finding
from headway.doctor.probes.suspects import Suspect, prior_of, usual_suspects
from headway.doctor.progress import Progress, progress
from headway.doctor.remedies.propose import propose
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.short_runs import Reached, ShortRuns

# Share of the budget, and how many runs it is meant to pay for.
_SHARE = 0.45
_NUM_RUNS = 16
# Findings that are tried, and remedies for each.
_MOST_FINDINGS = 6
_MOST_REMEDIES = 2
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
_PROVING_SEEDS = (1, 2)
# Suspects less likely than this, such as more norms, win something in most programs.
_TELLING = 0.45
_MOST_PROVED = 4
# Only whole trainings say what a change wins in the end: fewer runs, and in more of the time,
# of which as many are left for the proof.
_WHOLE_SHARE, _NUM_WHOLE = 0.6, 6
_PROOF = 2 * len(_PROVING_SEEDS)
# Metrics closer than this are equal, however many samples there are.
_LEAST_MARGIN = 0.01
_CONFIRMING_SEED = 1
# Checks whose findings rest on trainings already; a schedule shows in whole ones only.
SWEPT = ("lr_high", "lr_low", "other_optimizer", "schedule")


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
    def costs_own_metric(self) -> bool:
        """Whether the program's own metric, where it has one, does not gain on those seeds."""
        gains = _differences(self.treated.own_scores, self.untreated.own_scores)[1:]
        return any(gain <= 0 for gain in gains)


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
    """

    tried: tuple[Contrast, ...] = ()
    margin: float = _LEAST_MARGIN
    is_poor: bool = False
    steps: int = 0
    part: float = 0.0
    dumb: float = math.nan

    def proves(self, contrast: Contrast) -> bool:
        """Whether the change wins a share of what is learned on each of several new seeds."""
        gains = contrast.later_gains
        has_symptom = contrast.finding is not None
        share, part = (_WORTH_WITH_SYMPTOM, _LARGE_PART) if has_symptom else (_WORTH, 1.0)
        is_judged = self.part >= part and math.isfinite(self.dumb)
        is_judged = is_judged and not contrast.costs_own_metric
        if len(gains) < len(_PROVING_SEEDS) or not is_judged:
            return False
        # Both arms are judged by the same samples, of which each seed answers anew.
        luck = max(self.margin / 2, _LEAST_MARGIN)
        if not has_symptom:
            luck = max(self.margin, _LEAST_WORTH)
        least = max(luck, share * (contrast.treated.score - self.dumb))
        return min(gains) > 0 and fmean(gains) > least

    @property
    def best(self) -> Contrast | None:
        """The contrast with the largest gain, or None."""
        return max(self.tried, key=lambda contrast: contrast.gain, default=None)


def _differences(treated: Sequence[float], untreated: Sequence[float]) -> tuple[float, ...]:
    return tuple(one - other for one, other in zip(treated, untreated, strict=True))


@dataclass(frozen=True)
class _Arm:
    cause: Cause
    remedy: Remedy
    finding: Finding | None
    prior: float


def probe_contrasts(
    evidence: Evidence, budget: Budget, findings: Sequence[Finding] = ()
) -> Contrasts:
    """Try the remedies of uncertain findings, and then those of the usual suspects.

    Args:
        evidence: With the sections `baselines` and `course`.
        budget: A part of it is used.
        findings: Of all checks.
    """
    reached = progress(evidence)
    share, num_runs = (_WHOLE_SHARE, _NUM_WHOLE) if reached.is_fine else (_SHARE, _NUM_RUNS)
    runs = ShortRuns(evidence, seconds=budget.part(share), num_runs=num_runs)
    margin = max(_LEAST_MARGIN, reached.margin)
    if runs.is_over or not (reached.is_known or reached.has_diverged):
        return Contrasts(margin=margin)
    suggested = list(_suggested(findings, evidence))
    is_screened = reached.is_fine and reached.has_room and runs.part == 1
    if reached.is_fine and not suggested and not is_screened:
        return Contrasts(margin=margin)
    tried: list[tuple[_Arm, Reached]] = []
    untreated = runs.run()
    for arm in suggested:
        _try(arm, runs, tried)
    if not reached.is_fine or is_screened:
        sure = 0.0 if is_screened else _confirmed_rates(findings)
        for suspect in usual_suspects(evidence):
            sure = max(sure, _surest(tried, untreated, reached))
            # No result of it could outrank what is known.
            if suspect.prior <= sure or (is_screened and suspect.prior < _TELLING):
                break
            if is_screened and not runs.has_time_for(_PROOF + 1):
                break
            _try(_arm(suspect), runs, tried)
    if reached.is_fine:
        _prove(tried, runs, untreated, max(_LEAST_MARGIN, margin / 2))
    else:
        _confirm(tried, runs, untreated, margin)
    return Contrasts(
        tried=tuple(_contrasts(tried, runs, reached)),
        margin=margin,
        is_poor=reached.is_poor,
        steps=runs.steps,
        part=runs.part,
        dumb=reached.dumb,
    )


def _suggested(findings: Sequence[Finding], evidence: Evidence) -> Iterator[_Arm]:
    open_ = [f for f in findings if _is_open(f, evidence)]
    open_.sort(key=lambda f: (SEVERITIES.index(f.severity), -f.confidence))
    for finding in open_[:_MOST_FINDINGS]:
        for remedy in propose(finding, evidence)[:_MOST_REMEDIES]:
            prior = prior_of(finding.cause, evidence)
            yield _Arm(finding.cause, remedy, finding, max(prior, finding.confidence))


def _is_open(finding: Finding, evidence: Evidence) -> bool:
    """Whether a remedy should be tried.

    The sweep has tried what it found, which is enough where something is wrong for sure.
    """
    is_whole = finding.check == "schedule"
    is_swept = evidence.sweep is not None and not progress(evidence).is_fine
    is_tried = finding.check in SWEPT and (is_whole or is_swept)
    is_vague = finding.check == "overfit_one_batch" or finding.severity == "info"
    # Raw inputs cannot be told from raw targets by changing one of the two.
    is_of_both = finding.check == "loss_at_start" and finding.cause == "input_scale"
    # Arms are compared by accuracy, which is what hides rare classes.
    is_hidden = finding.check == "class_imbalance"
    return not (finding.is_certain or is_vague or is_tried or is_of_both or is_hidden)


def _arm(suspect: Suspect) -> _Arm:
    return _Arm(suspect.cause, suspect.remedy, None, suspect.prior)


def _try(arm: _Arm, runs: ShortRuns, tried: list[tuple[_Arm, Reached]]) -> None:
    known = {(other.cause, repr(other.remedy)) for other, _ in tried}
    if runs.is_over or (arm.cause, repr(arm.remedy)) in known:
        return
    treated = runs.run(arm.remedy)
    if not treated.error:
        tried.append((arm, treated))
    elif (part := runs.fitting_part(arm.remedy, arm.cause)) is not None:
        _try(replace(arm, remedy=part), runs, tried)


def _confirmed_rates(findings: Iterable[Finding]) -> float:
    """Return the confidence in a rate that a sweep has tried already."""
    rates = [f.confidence for f in findings if f.check in SWEPT]
    return max(rates, default=0.0)


def _surest(
    tried: list[tuple[_Arm, Reached]], untreated: Reached, reached: Progress
) -> float:
    """Return the confidence of the arm that wins back most of what can be won.

    That is what the baselines promise; past them only a perfect answer leaves no doubt.
    """
    goal = 1.0 if reached.is_fine else reached.good
    way = goal - untreated.score if reached.is_known else math.inf
    return max(
        (
            confidence_of(arm.prior, (treated.score - untreated.score) / way)
            for arm, treated in tried
            if way > 0 and treated.score > untreated.score + reached.margin
        ),
        default=0.0,
    )


def confidence_of(prior: float, recovered: float) -> float:
    """Return how likely a cause is whose change wins back a share of what is lost."""
    return prior * (_LEAST + (1 - _LEAST) * min(1.0, max(0.0, recovered)))


def _confirm(
    tried: list[tuple[_Arm, Reached]],
    runs: ShortRuns,
    untreated: Reached,
    margin: float,
) -> None:
    """Give the arms that gain most another seed, which their means then contain."""
    leaders = sorted(range(len(tried)), key=lambda n: -tried[n][1].score)[:3]
    for number in leaders:
        arm, treated = tried[number]
        if treated.score - untreated.score > margin and not runs.is_over:
            tried[number] = arm, runs.run(arm.remedy, seeds=(0, _CONFIRMING_SEED))


def _prove(
    tried: list[tuple[_Arm, Reached]], runs: ShortRuns, untreated: Reached, margin: float
) -> None:
    """Give the likeliest arms that gain enough the seeds that have to prove it."""
    top = max((treated.score for _, treated in tried), default=0.0)
    way = top - untreated.score

    def sureness(number: int) -> float:
        arm, treated = tried[number]
        return confidence_of(arm.prior, (treated.score - untreated.score) / way)

    gaining = [n for n, (_, t) in enumerate(tried) if t.score - untreated.score > margin]
    for number in sorted(gaining, key=sureness, reverse=True)[:_MOST_PROVED]:
        if runs.is_over or not runs.has_time_for(len(_PROVING_SEEDS)):
            return
        arm, _ = tried[number]
        tried[number] = arm, runs.run(arm.remedy, seeds=(0, *_PROVING_SEEDS))


def _contrasts(
    tried: list[tuple[_Arm, Reached]], runs: ShortRuns, reached: Progress
) -> Iterator[Contrast]:
    top = max((treated.score for _, treated in tried), default=0.0)
    if reached.is_known:
        top = max(top, reached.good)
    for arm, treated in tried:
        seeds = (0, *_PROVING_SEEDS)[: len(treated.scores)]
        untreated = runs.run(seeds=seeds)
        gain = treated.score - untreated.score
        way = top - untreated.score
        yield Contrast(
            cause=arm.cause,
            remedy=arm.remedy,
            finding=arm.finding,
            prior=arm.prior,
            untreated=untreated,
            treated=treated,
            gain=gain,
            recovered=min(1.0, max(0.0, gain / way)) if way > 1e-9 else 0.0,
        )
