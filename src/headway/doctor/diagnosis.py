"""Findings in the order of what to do about them, and the verdict."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from headway.doctor.finding import CAUSES, SEVERITIES, Cause, Finding
from headway.doctor.progress import Progress

# What other faults bring about: said as facts once a fault of the program itself is certain.
_SYMPTOMS: frozenset[Cause] = frozenset(
    {
        "dead_units",
        "saturation",
        "vanishing_gradient",
        "exploding_gradient",
        "lr_high",
        "lr_low",
        "optimizer",
        "batch_size",
        "capacity",
        "epochs_few",
        "overfitting",
        "regularization",
        "init",
        "hidden_activation",
        "normalization",
    }
)
# A program that learns well has no error but a certain one, and a warning only so strong.
_STRONG = 0.8
# One that is below a cheap baseline has warnings from this on.
_STRONG_ENOUGH = 0.55
# A weak suspicion is no error in a program that has gone half of the way to the baseline.
_WEAK = 0.3
_HALFWAY = 0.5
# Of a program that cannot be judged, a suspicion weaker than this is no warning.
_VAGUE = 0.4
# One that has gone so much of it may be another kind of network than its data asks for: only
# a strong suspicion is an error then.
_NEARLY_THERE = 0.65
# A number that is lost is lost in all that is made of it: the first layer says it all.
_SPREADING: frozenset[Cause] = frozenset({"numerics"})
# Share of the first cause's confidence from which on another is as good an explanation.
_NEARLY = 0.8


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What the doctor says about a program.

    Attributes:
        findings: Most likely cause first.
        summary: How well the program learns and what bounds the result, in a sentence.
        notes: What could not be measured, and why.
        seconds: How long it took.
    """

    findings: tuple[Finding, ...]
    summary: str = ""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def is_healthy(self) -> bool:
        """Whether there is no error."""
        return not self.errors

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that are errors."""
        return tuple(f for f in self.findings if f.severity == "error")

    def to_json(self) -> dict[str, Any]:
        """Return what `headway check --json` prints."""
        return {
            "healthy": self.is_healthy,
            "findings": [asdict(finding) for finding in self.findings],
            "summary": self.summary,
            "notes": list(self.notes),
            "seconds": round(self.seconds, 2),
        }


def ordered(findings: Iterable[Finding], progress: Progress) -> tuple[Finding, ...]:
    """Return findings without repetition, causes first, gated by what the program reaches.

    Args:
        findings: Of all checks.
        progress: Of the program's own training.
    """
    gated = [_gated(finding, progress) for finding in findings]
    is_explained = any(f.severity == "error" and f.is_certain for f in gated)
    if is_explained:
        gated = [_as_symptom(finding) for finding in gated]
    gated.sort(key=_rank)
    return tuple(_with_one_cause(_distinct(gated)))


def _gated(finding: Finding, progress: Progress) -> Finding:
    if finding.is_certain or finding.severity == "info":
        return finding
    if not (progress.is_known or progress.has_diverged) and finding.severity == "warning":
        is_told = finding.is_confirmed or finding.confidence >= _VAGUE
        return finding if is_told else replace(finding, severity="info")
    if not progress.is_fine and not _is_nearly_there(progress):
        is_weak = finding.confidence < _WEAK and progress.relative >= _HALFWAY
        return replace(finding, severity="warning") if is_weak else finding
    if not progress.is_fine and finding.confidence >= _STRONG:
        return finding
    least = _STRONG_ENOUGH if progress.is_behind else _STRONG
    is_strong = finding.is_confirmed or finding.confidence >= least
    return replace(finding, severity="warning" if is_strong else "info")


def _is_nearly_there(progress: Progress) -> bool:
    """Whether a program that is below a cheap answer learns most of what that knows."""
    return progress.relative >= _NEARLY_THERE and not progress.has_diverged


def _as_symptom(finding: Finding) -> Finding:
    if finding.is_certain or finding.cause not in _SYMPTOMS:
        return finding
    return replace(finding, severity="info", confidence=finding.confidence / 2)


def _with_one_cause(findings: list[Finding]) -> list[Finding]:
    """Leave one uncertain error, and those nearly as likely: the others are alternatives."""
    uncertain = [f for f in findings if f.severity == "error" and not f.is_certain]
    if not uncertain:
        return findings
    least = _NEARLY * uncertain[0].confidence
    return [
        replace(f, severity="warning") if f in uncertain and f.confidence < least else f
        for f in findings
    ]


def _rank(finding: Finding) -> tuple[int, bool, float, int]:
    return (
        SEVERITIES.index(finding.severity),
        not finding.is_certain,
        -finding.confidence,
        CAUSES.index(finding.cause),
    )


def _distinct(findings: list[Finding]) -> list[Finding]:
    """Keep the first finding of each cause and layer, and two layers of a cause at most."""
    kept: list[Finding] = []
    for finding in findings:
        same = [other for other in kept if other.cause == finding.cause]
        most = 1 if finding.cause in _SPREADING else 2
        if len(same) < most and all(other.layer != finding.layer for other in same):
            kept.append(finding)
    return kept
