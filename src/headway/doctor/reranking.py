"""Findings with the confidence that trying their remedies leaves them."""

from collections.abc import Iterable
from dataclasses import replace
from statistics import fmean

from headway.doctor.finding import SEVERITIES, Finding, Severity
from headway.doctor.probes.contrast import Contrast, Contrasts, confidence_of
from headway.doctor.probes.suggestions import SWEPT

# A change that wins this share of what is lost has found the cause; less than the second is
# nothing, whatever the change.
_RECOVERED = 0.7
_NOTHING = 0.15
# The confidence of a finding is multiplied by a number from the first, where its remedy does
# nothing, to the sum of both, where it wins back everything.
_REFUTED = 0.3
_SUPPORTED = 1.2
_MOST_CONFIDENT = 0.95


def rerank(findings: Iterable[Finding], contrasts: Contrasts) -> list[Finding]:
    """Return findings with the confidence that their contrasts leave them.

    A finding whose remedy wins nothing while another wins much is only an info. A usual
    suspect whose change helps becomes a finding of its own.
    """
    by_finding = {id(c.finding): c for c in _weakest_first(contrasts) if c.finding}
    is_explained = any(
        c.recovered >= _RECOVERED and not contrasts.loses_own(c) for c in contrasts.tried
    )
    judged = [
        _judged(finding, by_finding.get(id(finding)), contrasts, is_explained)
        for finding in findings
    ]
    known = {finding.cause: finding for finding in judged}
    for contrast in contrasts.tried:
        if contrast.finding is None and _helps(contrast, contrasts):
            found = _found(contrast, contrasts)
            if not _is_known(found, known.get(found.cause)):
                judged.append(found)
                known[found.cause] = found
    return sorted(judged, key=lambda f: (SEVERITIES.index(f.severity), -f.confidence))


def _is_known(found: Finding, older: Finding | None) -> bool:
    """Whether a finding of the same cause says as much; a fact is less than what is proved."""
    if older is None or (found.is_confirmed and older.severity == "info"):
        return False
    return older.confidence >= found.confidence


def _weakest_first(contrasts: Contrasts) -> list[Contrast]:
    return sorted(contrasts.tried, key=lambda contrast: contrast.gain)


def _helps(contrast: Contrast, contrasts: Contrasts) -> bool:
    if not contrasts.is_poor:
        return contrasts.proves(contrast)
    if contrasts.loses_own(contrast):
        return False
    return contrast.gain > contrasts.margin and contrast.recovered > 2 * _NOTHING


def _judged(
    finding: Finding, contrast: Contrast | None, contrasts: Contrasts, is_explained: bool
) -> Finding:
    if finding.is_certain or contrast is None:
        return finding
    is_proved = contrasts.proves(contrast)
    is_small = contrast.recovered < _NOTHING or contrast.gain <= contrasts.margin
    is_nothing = (is_small or contrasts.loses_own(contrast)) and not is_proved
    share = 0.0 if is_nothing else contrasts.recovered(contrast)
    supported = finding.confidence * (_REFUTED + _SUPPORTED * share)
    if finding.check in SWEPT:
        # It rests on trainings already, which the same trainings cannot support once more.
        supported = finding.confidence * (_REFUTED + (1 - _REFUTED) * share)
    elif not is_nothing:
        supported = max(supported, confidence_of(contrast.prior, share))
    is_idle = is_nothing and (is_explained or not contrasts.is_poor)
    # More of the same always wins a little: it has to be proved where nothing else is wrong.
    is_more = finding.cause == "epochs_few" and not contrasts.is_poor
    is_idle = is_idle or (is_more and not is_proved)
    return replace(
        finding,
        confidence=min(_MOST_CONFIDENT, supported),
        severity="info" if is_idle else _raised(finding.severity, is_proved=is_proved),
        evidence=f"{finding.evidence} {_told(contrast, contrasts)}",
        code=finding.code or contrast.remedy.snippet(),
        is_confirmed=is_proved,
    )


def _raised(severity: Severity, *, is_proved: bool) -> Severity:
    """Return how bad it is once trials have proved it: what is proved is no mere fact."""
    return "warning" if is_proved and severity == "info" else severity


def _found(contrast: Contrast, contrasts: Contrasts) -> Finding:
    return Finding(
        cause=contrast.cause,
        severity="error" if contrasts.is_poor else "warning",
        confidence=confidence_of(contrast.prior, contrast.recovered),
        evidence=_told(contrast, contrasts),
        is_confirmed=contrasts.proves(contrast),
        remedy=contrast.remedy.describe(),
        code=contrast.remedy.snippet(),
        check="contrasts",
    )


def _told(contrast: Contrast, contrasts: Contrasts) -> str:
    """Say what the change did."""
    change = contrast.remedy.describe().rstrip(".")
    told = (
        f"Tried in {contrast.treated.steps} updates: {change[0].lower()}{change[1:]} gives "
        f"{contrast.treated.score:.3g} instead of {contrast.untreated.score:.3g}"
    )
    if contrasts.proves_by_own(contrast):
        treated, own = contrast.treated.own_scores, contrast.untreated.own_scores
        told += f", and {fmean(treated):.3g} instead of {fmean(own):.3g} in its own metric"
    return f"{told}."
