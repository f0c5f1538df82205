"""What happens when one thing is changed: the causes tell themselves apart from symptoms."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.finding import Finding
from headway.doctor.own_metric import OwnMetric, own_metric
from headway.doctor.probes.contrast import (
    LEAST_MARGIN,
    PROVING_SEEDS,
    WORTH_IN_OWN,
    Contrast,
    Contrasts,
    confidence_of,
)
from headway.doctor.probes.suggestions import SWEPT, Arm, is_judged_by_own, suggested
from headway.doctor.probes.suspects import Suspect, usual_suspects
from headway.doctor.progress import Progress, progress
from headway.doctor.short_runs import Reached, ShortRuns

# Share of the budget, and how many runs it is meant to pay for.
_SHARE = 0.45
_NUM_RUNS = 16
# Suspects less likely than this, such as more norms, win something in most programs.
_TELLING = 0.45
_MOST_PROVED = 4
# Only whole trainings say what a change wins in the end: fewer runs, and in more of the time,
# of which as many are left for the proof.
_WHOLE_SHARE, _NUM_WHOLE = 0.6, 6
_PROOF = 2 * len(PROVING_SEEDS)
_CONFIRMING_SEED = 1
# Where a constant answer leaves no more of the accuracy than this, what is told from luck there
# is a fifth of all; so many samples of a rare class differ by less than a twentieth.
_FULL, _ENOUGH_RARE = 5 * LEAST_MARGIN, 200


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
    is_by_own = is_judged_by_own(evidence, reached)
    is_fine = reached.is_fine or is_by_own
    share, num_runs = (_WHOLE_SHARE, _NUM_WHOLE) if is_fine else (_SHARE, _NUM_RUNS)
    runs = ShortRuns(evidence, seconds=budget.part(share), num_runs=num_runs)
    margin = max(LEAST_MARGIN, reached.margin)
    if runs.is_over or not (reached.is_known or reached.has_diverged or is_by_own):
        return Contrasts(margin=margin)
    arms = list(suggested(findings, evidence))
    is_screened = reached.is_fine and reached.has_room and runs.part == 1
    if is_fine and not arms and not is_screened:
        return Contrasts(margin=margin)
    tried: list[tuple[Arm, Reached]] = []
    untreated = runs.run()
    for arm in arms:
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
        _prove(tried, runs, untreated, max(LEAST_MARGIN, margin / 2), own, budget)
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
        is_blunt=_is_blunt(evidence, reached),
    )


def _is_blunt(evidence: Evidence, reached: Progress) -> bool:
    """Whether accuracy hardly moves, though there are enough rare samples to tell."""
    if evidence.task.kind == "multilabel":
        return True
    data = evidence.data
    counts = (data.val_class_counts or data.class_counts) if data else {}
    is_full = 1 - reached.dumb < _FULL
    return is_full and min(counts.values(), default=0) >= _ENOUGH_RARE


def _is_long_enough(
    arm: Arm, tried: list[tuple[Arm, Reached]], untreated: Reached, margin: float
) -> bool:
    """Whether a shorter training than this one wins already, which leaves time to prove it."""
    return arm.cause == "epochs_few" and any(
        other.cause == arm.cause and treated.score - untreated.score > margin
        for other, treated in tried
    )


def _arm(suspect: Suspect) -> Arm:
    return Arm(suspect.cause, suspect.remedy, None, suspect.prior)


def _try(arm: Arm, runs: ShortRuns, tried: list[tuple[Arm, Reached]]) -> None:
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
    tried: list[tuple[Arm, Reached]], untreated: Reached, reached: Progress
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


def _confirm(
    tried: list[tuple[Arm, Reached]],
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
    tried: list[tuple[Arm, Reached]],
    runs: ShortRuns,
    untreated: Reached,
    margin: float,
    own: OwnMetric | None,
    budget: Budget,
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
        or _own_share(arm, t, untreated, own) > WORTH_IN_OWN
    ]
    for number in sorted(gaining, key=sureness, reverse=True)[:_MOST_PROVED]:
        if runs.is_over or not runs.has_time_for(len(PROVING_SEEDS)):
            return
        arm, treated = tried[number]
        # It may be slower than the untreated program.
        if len(PROVING_SEEDS) * treated.seconds < budget.left:
            tried[number] = arm, runs.run(arm.remedy, seeds=(0, *PROVING_SEEDS))


def _own_share(
    arm: Arm, treated: Reached, untreated: Reached, own: OwnMetric | None
) -> float:
    """Return the share that a suspicion's remedy wins of the own metric beyond a constant."""
    if own is None or arm.finding is None:
        return 0.0
    learned = treated.own_scores[0] - own.constant
    gain = treated.own_scores[0] - untreated.own_scores[0]
    return gain / learned if learned > 0 else 0.0


def _contrasts(
    tried: list[tuple[Arm, Reached]], runs: ShortRuns, reached: Progress
) -> Iterator[Contrast]:
    top = max((treated.score for _, treated in tried), default=0.0)
    if reached.is_known:
        top = max(top, reached.good)
    for arm, treated in tried:
        seeds = (0, *PROVING_SEEDS)[: len(treated.scores)]
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
