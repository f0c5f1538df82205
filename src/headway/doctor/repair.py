"""What a repair came to: the remedies that help, and the proof."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from headway.doctor.arm import Remedies
from headway.doctor.finding import Finding
from headway.doctor.random_search import RandomSearch
from headway.doctor.trial import Trial

Outcome = Literal["healthy", "repaired", "not_repaired"]


@dataclass(frozen=True, kw_only=True)
class Repair:
    """What was found and tried, what is kept, and how well that does on unseen seeds.

    Attributes:
        outcome: "healthy": nothing is wrong and nothing was tried. "repaired": `remedies`
            have been confirmed on seeds that no decision has seen.
        findings: What is wrong with the program, most likely cause first.
        remedies: What to change, in order; empty unless "repaired".
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

    def to_json(self) -> dict[str, Any]:
        """Return what `headway fix --json` prints."""
        values = {
            "verdict": self.outcome,
            "healthy": self.outcome == "healthy",
            "findings": [asdict(finding) for finding in self.findings],
            "remedies": [
                {
                    "cause": remedy.cause,
                    "what": remedy.describe(),
                    "remedy": repr(remedy),
                    "code": remedy.snippet(),
                }
                for remedy in self.remedies
            ],
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


def _without_nan(value: Any) -> Any:
    """Return the same with None for numbers that JSON lacks."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(part) for part in value]
    return value
