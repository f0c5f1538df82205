"""What happens when one thing is changed: the causes tell themselves apart from symptoms."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

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
# A change that wins this share of what is lost has found the cause; less than the second is
# nothing, whatever the change.
_RECOVERED = 0.7
_NOTHING = 0.15
# The confidence of a finding is multiplied by a number from the first, where its remedy does
# nothing, to the sum of both, where it wins back everything.
_REFUTED = 0.3
_SUPPORTED = 1.2
_MOST_CONFIDENT = 0.95
# The share of its prior that a usual suspect has where its change wins nothing back.
_LEAST = 0.2
# Metrics closer than this are equal, however many samples there are.
_LEAST_MARGIN = 0.01
_CONFIRMING_SEED = 1
# Checks whose findings rest on trainings already; a schedule shows in whole ones only.
_SWEPT = ("lr_high", "lr_low", "other_optimizer", "schedule")


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


@dataclass(frozen=True, kw_only=True)
class Contrasts:
    """All contrasts of a program.

    Attributes:
        tried: In the order in which they were tried.
        margin: Gains below this are luck.
        is_poor: Whether the program itself makes poor progress.
        steps: Updates of each run of the untreated program.
    """

    tried: tuple[Contrast, ...] = ()
    margin: float = _LEAST_MARGIN
    is_poor: bool = False
    steps: int = 0

    @property
    def best(self) -> Contrast | None:
        """The contrast with the largest gain, or None."""
        return max(self.tried, key=lambda contrast: contrast.gain, default=None)


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
    runs = ShortRuns(evidence, seconds=budget.part(_SHARE), num_runs=_NUM_RUNS)
    margin = max(_LEAST_MARGIN, reached.margin)
    if runs.is_over or not (reached.is_known or reached.has_diverged):
        return Contrasts(margin=margin)
    suggested = list(_suggested(findings, evidence))
    if reached.is_fine and not suggested:
        return Contrasts(margin=margin)
    tried: list[tuple[_Arm, Reached]] = []
    untreated = runs.run()
    for arm in suggested:
        _try(arm, runs, tried)
    if not reached.is_fine:
        sure = _confirmed_rates(findings)
        for suspect in usual_suspects(evidence):
            sure = max(sure, _surest(tried, untreated, reached))
            # No result of it could outrank what is known.
            if suspect.prior <= sure:
                break
            _try(_arm(suspect), runs, tried)
    _confirm(tried, runs, untreated, margin)
    return Contrasts(
        tried=tuple(_contrasts(tried, runs, reached)),
        margin=margin,
        is_poor=reached.is_poor,
        steps=runs.steps,
    )


def rerank(findings: Iterable[Finding], contrasts: Contrasts) -> list[Finding]:
    """Return findings with the confidence that their contrasts leave them.

    A finding whose remedy wins nothing while another wins much is only an info. A usual
    suspect whose change helps becomes a finding of its own.
    """
    by_finding = {id(c.finding): c for c in _weakest_first(contrasts) if c.finding}
    is_explained = any(c.recovered >= _RECOVERED for c in contrasts.tried)
    judged = [
        _judged(finding, by_finding.get(id(finding)), contrasts, is_explained)
        for finding in findings
    ]
    known = {finding.cause: finding for finding in judged}
    for contrast in contrasts.tried:
        if contrast.finding is None and _helps(contrast, contrasts):
            found = _found(contrast, contrasts)
            older = known.get(found.cause)
            if older is None or older.confidence < found.confidence:
                judged.append(found)
                known[found.cause] = found
    return sorted(judged, key=lambda f: (SEVERITIES.index(f.severity), -f.confidence))


def _weakest_first(contrasts: Contrasts) -> list[Contrast]:
    return sorted(contrasts.tried, key=lambda contrast: contrast.gain)


def _suggested(findings: Sequence[Finding], evidence: Evidence) -> Iterator[_Arm]:
    open_ = [f for f in findings if _is_open(f, evidence)]
    open_.sort(key=lambda f: (SEVERITIES.index(f.severity), -f.confidence))
    for finding in open_[:_MOST_FINDINGS]:
        for remedy in propose(finding, evidence)[:_MOST_REMEDIES]:
            prior = prior_of(finding.cause, evidence)
            yield _Arm(finding.cause, remedy, finding, max(prior, finding.confidence))


def _is_open(finding: Finding, evidence: Evidence) -> bool:
    """Whether a remedy should be tried; the sweep has tried what it found."""
    is_whole = finding.check == "schedule"
    is_tried = finding.check in _SWEPT and (is_whole or evidence.sweep is not None)
    is_vague = finding.cause == "other" or finding.severity == "info"
    return not (finding.is_certain or is_vague or is_tried)


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
    rates = [f.confidence for f in findings if f.check in _SWEPT]
    return max(rates, default=0.0)


def _surest(
    tried: list[tuple[_Arm, Reached]], untreated: Reached, reached: Progress
) -> float:
    """Return the confidence of the arm that wins back most of what the baselines promise."""
    way = reached.good - untreated.score if reached.is_known else math.inf
    return max(
        (
            _confidence(arm.prior, (treated.score - untreated.score) / way)
            for arm, treated in tried
            if way > 0 and treated.score > untreated.score + reached.margin
        ),
        default=0.0,
    )


def _confidence(prior: float, recovered: float) -> float:
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


def _contrasts(
    tried: list[tuple[_Arm, Reached]], runs: ShortRuns, reached: Progress
) -> Iterator[Contrast]:
    top = max((treated.score for _, treated in tried), default=0.0)
    if reached.is_known:
        top = max(top, reached.good)
    for arm, treated in tried:
        seeds = (0, _CONFIRMING_SEED)[: len(treated.scores)]
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


def _helps(contrast: Contrast, contrasts: Contrasts) -> bool:
    return (
        contrasts.is_poor
        and contrast.gain > contrasts.margin
        and contrast.recovered > 2 * _NOTHING
    )


def _judged(
    finding: Finding, contrast: Contrast | None, contrasts: Contrasts, is_explained: bool
) -> Finding:
    if finding.is_certain or contrast is None:
        return finding
    is_nothing = contrast.recovered < _NOTHING or contrast.gain <= contrasts.margin
    share = 0.0 if is_nothing else contrast.recovered
    supported = finding.confidence * (_REFUTED + _SUPPORTED * share)
    if not is_nothing:
        supported = max(supported, _confidence(contrast.prior, contrast.recovered))
    is_idle = is_nothing and (is_explained or not contrasts.is_poor)
    return replace(
        finding,
        confidence=min(_MOST_CONFIDENT, supported),
        severity="info" if is_idle else finding.severity,
        evidence=f"{finding.evidence} {_told(contrast)}",
        code=finding.code or contrast.remedy.snippet(),
    )


def _found(contrast: Contrast, contrasts: Contrasts) -> Finding:
    return Finding(
        cause=contrast.cause,
        severity="error",
        confidence=_confidence(contrast.prior, contrast.recovered),
        evidence=_told(contrast),
        remedy=contrast.remedy.describe(),
        code=contrast.remedy.snippet(),
        check="contrasts",
    )


def _told(contrast: Contrast) -> str:
    """Say what the change did."""
    change = contrast.remedy.describe().rstrip(".")
    return (
        f"Tried in {contrast.treated.steps} updates: {change[0].lower()}{change[1:]} gives "
        f"{contrast.treated.score:.3g} instead of {contrast.untreated.score:.3g}."
    )
