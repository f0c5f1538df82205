"""What happens when one thing is changed: the causes tell themselves apart from symptoms."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.finding import SEVERITIES, Cause, Finding
from headway.doctor.own_metric import OwnMetric, own_metric
from headway.doctor.probes.suspects import Suspect, prior_of, usual_suspects
from headway.doctor.progress import Progress, progress
from headway.doctor.remedies.initialization import Reinitialize
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
# A longer training wins a little in most programs that come near their end.
_WORTH_OF_MORE = 0.1
# A metric of the user's own may be steeper than accuracy where that is nearly full, and
# differ more from seed to seed: its gain has to be so many standard deviations of that.
_WORTH_IN_OWN = 0.1
_SPREADS = 2.0
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
# Symptoms that weights of a wrong scale bring about.
_OF_WEIGHTS: frozenset[Cause] = frozenset(
    {"dead_units", "saturation", "vanishing_gradient", "exploding_gradient"}
)
# The same change leaves them a confidence of so many times their own at most.
_SURER, _MOST_SURE = 1.6, 0.95
# Facts that cost nothing by themselves, but may hide what a trial shows.
_TRIED_FACTS = ("rare_labels",)
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
    margin: float = _LEAST_MARGIN
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
        if own is None or contrast.finding is None or len(gains) < len(_PROVING_SEEDS):
            return False
        is_judged = self.part >= _LARGE_PART and self.dumb < 1
        if not is_judged or not all(map(math.isfinite, contrast.own_gains)):
            return False
        scale = 1.0 if self.is_blunt else 1 - self.dumb
        luck = max(self.margin / 2, _LEAST_MARGIN) * own.way / scale
        spread = _SPREADS * stdev(contrast.untreated.own_scores)
        learned = fmean(contrast.treated.own_scores) - own.constant
        least = max(luck, spread, _WORTH_IN_OWN * learned)
        return min(gains) > 0 and fmean(gains) > least

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
    # Where accuracy tells nothing, the user's own metric can prove a suspicion of imbalance.
    is_by_own = _is_judged_by_own(evidence, reached)
    is_fine = reached.is_fine or is_by_own
    share, num_runs = (_WHOLE_SHARE, _NUM_WHOLE) if is_fine else (_SHARE, _NUM_RUNS)
    runs = ShortRuns(evidence, seconds=budget.part(share), num_runs=num_runs)
    margin = max(_LEAST_MARGIN, reached.margin)
    if runs.is_over or not (reached.is_known or reached.has_diverged or is_by_own):
        return Contrasts(margin=margin)
    suggested = list(_suggested(findings, evidence))
    is_screened = reached.is_fine and reached.has_room and runs.part == 1
    if is_fine and not suggested and not is_screened:
        return Contrasts(margin=margin)
    tried: list[tuple[_Arm, Reached]] = []
    untreated = runs.run()
    for arm in suggested:
        if not (reached.is_fine and _is_long_enough(arm, tried, untreated, margin)):
            _try(arm, runs, tried)
    if not is_fine or is_screened:
        sure = 0.0 if is_screened else _confirmed_rates(findings)
        for suspect in usual_suspects(evidence):
            sure = max(sure, _surest(tried, untreated, reached))
            # No result of it could outrank what is known.
            if suspect.prior <= sure or (is_screened and suspect.prior < _TELLING):
                break
            if is_screened and not runs.has_time_for(_PROOF + 1):
                break
            _try(_arm(suspect), runs, tried)
    if is_fine:
        own = own_metric(evidence)
        _prove(tried, runs, untreated, max(_LEAST_MARGIN, margin / 2), own)
    else:
        _confirm(tried, runs, untreated, margin)
    return Contrasts(
        tried=tuple(_contrasts(tried, runs, reached)),
        margin=margin,
        is_poor=reached.is_poor,
        steps=runs.steps,
        part=runs.part,
        dumb=reached.dumb,
        own=own_metric(evidence),
        is_blunt=evidence.task.kind == "multilabel",
    )


def _is_judged_by_own(evidence: Evidence, reached: Progress) -> bool:
    """Whether the program came to its end and only its own metric tells how far it got."""
    is_open = not (reached.is_known or reached.has_diverged)
    is_whole = reached.is_complete and reached.is_of_new
    return is_open and is_whole and own_metric(evidence) is not None


def _suggested(findings: Sequence[Finding], evidence: Evidence) -> Iterator[_Arm]:
    open_ = [f for f in findings if _is_open(f, evidence)]
    open_.sort(key=lambda f: (SEVERITIES.index(f.severity), -f.confidence))
    for finding in open_[:_MOST_FINDINGS]:
        for remedy in propose(finding, evidence)[:_MOST_REMEDIES]:
            prior = prior_of(finding.cause, evidence)
            yield _Arm(finding.cause, remedy, finding, max(prior, finding.confidence))
            is_draw = isinstance(remedy, Reinitialize) and finding.cause in _OF_WEIGHTS
            if is_draw and _fades_by_weights(findings):
                # The same training says that the weights are what brings the symptom about.
                sure = min(_MOST_SURE, _SURER * finding.confidence)
                yield _Arm("init", remedy, None, max(prior_of("init", evidence), sure))


def _fades_by_weights(findings: Iterable[Finding]) -> bool:
    """Whether gradients fade or grow from the start, and no activation function is why."""
    findings = list(findings)
    is_bounded = any(finding.cause == "hidden_activation" for finding in findings)
    return any(f.check == "gradient_flow" for f in findings) and not is_bounded


def _is_open(finding: Finding, evidence: Evidence) -> bool:
    """Whether a remedy should be tried.

    The sweep has tried what it found, which is enough where something is wrong for sure.
    """
    is_whole = finding.check == "schedule"
    is_swept = evidence.sweep is not None and not progress(evidence).is_fine
    is_tried = finding.check in SWEPT and (is_whole or is_swept)
    is_fact = finding.severity == "info" and finding.check not in _TRIED_FACTS
    is_vague = finding.check == "overfit_one_batch" or is_fact
    # Raw inputs cannot be told from raw targets by changing one of the two.
    is_of_both = finding.check == "loss_at_start" and finding.cause == "input_scale"
    # Arms are compared by accuracy, which is what hides rare classes, if by nothing else.
    is_told = own_metric(evidence) is not None and finding.severity == "warning"
    reached = progress(evidence)
    is_by_own = _is_judged_by_own(evidence, reached)
    is_judged = is_told and (reached.is_fine or is_by_own)
    is_other = is_by_own and finding.cause != "class_imbalance"
    is_hidden = finding.check == "class_imbalance" and not is_judged
    is_out = is_hidden or is_other
    return not (finding.is_certain or is_vague or is_tried or is_of_both or is_out)


def _is_long_enough(
    arm: _Arm, tried: list[tuple[_Arm, Reached]], untreated: Reached, margin: float
) -> bool:
    """Whether a shorter training than this one wins already, which leaves time to prove it."""
    return arm.cause == "epochs_few" and any(
        other.cause == arm.cause and treated.score - untreated.score > margin
        for other, treated in tried
    )


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
    tried: list[tuple[_Arm, Reached]],
    runs: ShortRuns,
    untreated: Reached,
    margin: float,
    own: OwnMetric | None,
) -> None:
    """Give the likeliest arms that gain enough the seeds that have to prove it."""
    top = max((treated.score for _, treated in tried), default=0.0)
    way = top - untreated.score

    def sureness(number: int) -> float:
        arm, treated = tried[number]
        gain = treated.score - untreated.score
        share = gain / way if gain > margin else 0.0
        return confidence_of(
            arm.prior, max(share, _own_share(arm, treated, untreated, own))
        )

    gaining = [
        n
        for n, (arm, t) in enumerate(tried)
        if t.score - untreated.score > margin
        or _own_share(arm, t, untreated, own) > _WORTH_IN_OWN
    ]
    for number in sorted(gaining, key=sureness, reverse=True)[:_MOST_PROVED]:
        if runs.is_over or not runs.has_time_for(len(_PROVING_SEEDS)):
            return
        arm, _ = tried[number]
        tried[number] = arm, runs.run(arm.remedy, seeds=(0, *_PROVING_SEEDS))


def _own_share(
    arm: _Arm, treated: Reached, untreated: Reached, own: OwnMetric | None
) -> float:
    """Return the share that a suspicion's remedy wins of the own metric beyond a constant."""
    if own is None or arm.finding is None:
        return 0.0
    learned = treated.own_scores[0] - own.constant
    gain = treated.own_scores[0] - untreated.own_scores[0]
    return gain / learned if learned > 0 else 0.0


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
