"""What a repair came to: the remedies that help, and the proof."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from headway.doctor.arm import Remedies
from headway.doctor.finding import Finding
from headway.doctor.random_search import RandomSearch
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.trial import Trial

Outcome = Literal["healthy", "repaired", "advised", "not_repaired"]


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What cures a fault that is certain, though the metric cannot show that it helps.

    Attributes:
        remedies: In the order in which they are applied.
        is_harmless: Whether it was tried and costs nothing; then it is part of the treated
            program.
        before: Mean of the metric without it, NaN where there was no time to try.
        after: The same with it.
    """

    remedies: Remedies
    is_harmless: bool = False
    before: float = math.nan
    after: float = math.nan

    def to_json(self) -> dict[str, Any]:
        """Return what `headway fix --json` says about it."""
        return {
            "remedies": [_told(remedy) for remedy in self.remedies],
            "in_treated_program": self.is_harmless,
            "before": self.before,
            "after": self.after,
        }


@dataclass(frozen=True, kw_only=True)
class Repair:
    """What was found and tried, what is kept, and how well that does on unseen seeds.

    Attributes:
        outcome: "healthy": nothing is wrong and nothing was tried. "repaired": `remedies`
            have been confirmed on seeds that no decision has seen. "advised": nothing is
            proved, but certain faults have a cure that costs nothing.
        findings: What is wrong with the program, most likely cause first.
        remedies: What to change, in order; empty unless "repaired".
        advised: Cures of certain faults that the metric cannot prove.
        trials: Every paired experiment that decided, in order.
        proof: The untreated program against the treated one on unseen seeds.
        search: Random search with as much time, on the same unseen seeds.
        trainings: Trainings that the repair took.
        seconds: How long it took, random search included.
        notes: What else is worth knowing, one sentence each.
        code: The treated program as a Python file, or "" where none can be written.
        snippet: The change as lines of plain PyTorch.
        patch: The change as a unified diff of the user's file, or "".
    """

    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    remedies: Remedies = ()
    advised: tuple[Advice, ...] = ()
    trials: tuple[Trial, ...] = ()
    proof: Trial | None = None
    search: RandomSearch | None = None
    trainings: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    code: str = ""
    snippet: str = ""
    patch: str = ""

    @property
    def is_repaired(self) -> bool:
        """Whether there is a change that helps beyond doubt."""
        return self.outcome == "repaired"

    @property
    def treatment(self) -> Remedies:
        """What the treated program has: all that is proved, or advised and harmless."""
        harmless = (advice.remedies for advice in self.advised if advice.is_harmless)
        return sum(harmless, self.remedies)

    def to_json(self) -> dict[str, Any]:
        """Return what `headway fix --json` prints."""
        values = {
            "verdict": self.outcome,
            "healthy": self.outcome == "healthy",
            "findings": [asdict(finding) for finding in self.findings],
            "remedies": [_told(remedy) for remedy in self.remedies],
            "advised": [advice.to_json() for advice in self.advised],
            "trials": [trial.to_json() for trial in self.trials],
            "proof": self.proof.to_json() if self.proof else None,
            "random_search": self.search.to_json() if self.search else None,
            "treated_program": self.code,
            "snippet": self.snippet,
            "patch": self.patch,
            "trainings": self.trainings,
            "seconds": round(self.seconds, 2),
            "notes": list(self.notes),
        }
        return _without_nan(values)


def _told(remedy: Remedy) -> dict[str, Any]:
    return {
        "cause": remedy.cause,
        "what": remedy.describe(),
        "remedy": repr(remedy),
        "code": remedy.snippet(),
    }


def _without_nan(value: Any) -> Any:
    """Return the same with None for numbers that JSON lacks."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(part) for part in value]
    return value
