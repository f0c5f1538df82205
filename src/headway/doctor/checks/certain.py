"""Findings that follow from logic, without a need for a lack of progress."""

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.progress import progress

# Nothing that is measured on a foreign program is more certain than this.
_CONFIDENCE = 0.98


def certain(
    cause: Cause, evidence: str, remedy: str, *, layer: str | None = None, code: str = ""
) -> Finding:
    """Return a certain error of the check that is named like its cause."""
    return Finding(
        cause=cause,
        severity="error",
        confidence=_CONFIDENCE,
        evidence=evidence,
        remedy=remedy,
        layer=layer,
        code=code,
        check=cause,
        is_certain=True,
    )


def absurd(
    evidence: Evidence,
    cause: Cause,
    confidence: float,
    said: str,
    remedy: str,
    *,
    layer: str | None = None,
    code: str = "",
    is_mistake: bool = False,
) -> Finding:
    """Return a finding about a setting that nobody means, whatever it does here.

    A program that learns well in spite of it gets a warning that no trial can refute; in one
    that does not, it is one suspect among others, unless it `is_mistake` in any program.
    """
    is_fine = progress(evidence).is_fine
    return Finding(
        cause=cause,
        severity="warning" if is_fine else "error",
        confidence=confidence,
        evidence=said,
        remedy=remedy,
        layer=layer,
        code=code,
        check=cause,
        is_certain=is_fine or is_mistake,
    )
