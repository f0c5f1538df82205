"""Findings that need a lack of progress to be more than a suspicion."""

from collections.abc import Iterator

from headway.doctor.finding import Cause, Finding, Severity
from headway.doctor.progress import Progress

# A program that does well in spite of what was seen makes it half as likely to be a fault.
_DOUBT = 0.5


def gated(
    reached: Progress,
    cause: Cause,
    confidence: float,
    evidence: str,
    remedy: str,
    *,
    warns: bool = True,
    doubt: float = _DOUBT,
    layer: str | None = None,
    code: str = "",
    check: str = "",
) -> Iterator[Finding]:
    """Yield an error where a program gets nowhere, a warning or nothing where it learns.

    Args:
        reached: How far the program gets.
        cause: What is wrong.
        confidence: That it is, where the program gets nowhere.
        evidence: What was measured, as a whole sentence.
        remedy: What to change.
        warns: Whether it is worth a word where the program learns.
        doubt: Factor of the confidence there; 1 for what nobody does on purpose.
        layer: Where it was seen.
        code: The change as code.
        check: Name of the check, that of the cause by default.
    """
    severity: Severity = "error" if reached.is_poor else "warning"
    if severity == "warning" and not warns:
        return
    how_far = f" The program learns badly: {reached.describe()}." if reached.is_poor else ""
    yield Finding(
        cause=cause,
        severity=severity,
        confidence=confidence if not reached.is_fine else confidence * doubt,
        evidence=evidence + how_far,
        remedy=remedy,
        layer=layer,
        code=code,
        check=check or cause,
    )
