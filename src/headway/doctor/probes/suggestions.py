"""Which remedies are worth a short training: those of what is suspected and not known."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from headway.doctor.evidence import Evidence
from headway.doctor.finding import SEVERITIES, Cause, Finding
from headway.doctor.own_metric import own_metric
from headway.doctor.probes.suspects import prior_of
from headway.doctor.progress import Progress, progress
from headway.doctor.remedies.following import peak_lr
from headway.doctor.remedies.initialization import Reinitialize
from headway.doctor.remedies.propose import propose
from headway.doctor.remedies.rates import SetLearningRate
from headway.doctor.remedies.remedy import Remedy

# Findings that are tried, and remedies for each.
_MOST_FINDINGS = 6
_MOST_REMEDIES = 2
# Symptoms that weights of a wrong scale bring about.
_OF_WEIGHTS: frozenset[Cause] = frozenset(
    {"dead_units", "saturation", "vanishing_gradient", "exploding_gradient"}
)
# The same change leaves them a confidence of so many times their own at most.
_SURER, _MOST_SURE = 1.6, 0.95
# Where a lower rate cures them, it is likelier that the rate has killed units that were alive.
_KILLED, _ALIVE = 0.65, 0.5
# Facts that cost nothing by themselves, but may hide what a trial shows.
_TRIED_FACTS = (
    "rare_labels",
    "noisy_training",
    "falling_rate",
    "still_rising",
    "remembered",
)
# Checks whose findings rest on trainings already; a schedule shows in whole ones only.
SWEPT = ("lr_high", "lr_low", "other_optimizer", "schedule")


@dataclass(frozen=True)
class Arm:
    """One change that is tried, what it would be the cure of, and how likely that is."""

    cause: Cause
    remedy: Remedy
    finding: Finding | None
    prior: float


def suggested(findings: Sequence[Finding], evidence: Evidence) -> Iterator[Arm]:
    """Yield what the open findings suggest, most likely first."""
    open_ = [f for f in findings if _is_open(f, evidence)]
    open_.sort(key=lambda f: (SEVERITIES.index(f.severity), -f.confidence))
    for finding in open_[:_MOST_FINDINGS]:
        for remedy in propose(finding, evidence)[:_MOST_REMEDIES]:
            prior = prior_of(finding.cause, evidence)
            yield Arm(finding.cause, remedy, finding, max(prior, finding.confidence))
            if _is_killed_by_rate(finding, remedy, evidence):
                yield Arm("lr_high", remedy, None, _KILLED)
            is_draw = isinstance(remedy, Reinitialize) and finding.cause in _OF_WEIGHTS
            if is_draw and _fades_by_weights(findings):
                # The same training says that the weights are what brings the symptom about.
                sure = min(_MOST_SURE, _SURER * finding.confidence)
                yield Arm("init", remedy, None, max(prior_of("init", evidence), sure))


def _is_killed_by_rate(finding: Finding, remedy: Remedy, evidence: Evidence) -> bool:
    """Whether units died in training, so that a lower rate is what does not kill them."""
    if finding.cause != "dead_units" or not isinstance(remedy, SetLearningRate):
        return False
    flow = evidence.flow
    layer = flow.named(finding.layer) if flow and finding.layer else None
    was_alive = layer is None or layer.output.silent_fraction <= _ALIVE
    return was_alive and remedy.lr < peak_lr(evidence.program)


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
    is_by_own = is_judged_by_own(evidence, reached)
    is_judged = is_told and (reached.is_fine or is_by_own)
    is_other = is_by_own and finding.cause != "class_imbalance"
    is_hidden = finding.check == "class_imbalance" and not is_judged
    is_out = is_hidden or is_other
    return not (finding.is_certain or is_vague or is_tried or is_of_both or is_out)


def is_judged_by_own(evidence: Evidence, reached: Progress) -> bool:
    """Whether the program came to its end and only its own metric tells how far it got."""
    is_open = not (reached.is_known or reached.has_diverged)
    is_whole = reached.is_complete and reached.is_of_new
    return is_open and is_whole and own_metric(evidence) is not None
