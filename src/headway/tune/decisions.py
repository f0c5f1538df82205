"""What the procedure decided, why, and with which numbers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from headway.runs import encode_line

DECISIONS = "decisions.jsonl"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One step of the procedure.

    Attributes:
        step: Number of the step, from 1 to 7.
        name: What the step is called.
        is_passed: Whether the procedure goes on.
        text: What was decided, in one sentence.
        numbers: What it was decided by.
        trials: Runs that it rests on.
    """

    step: int
    name: str
    is_passed: bool
    text: str
    numbers: Mapping[str, Any] = field(default_factory=dict[str, Any])
    trials: tuple[str, ...] = ()


def write_decisions(folder: Path, decisions: list[Decision]) -> None:
    """Write all decisions so far, one JSON object a line, in the place of the old ones."""
    lines = b"".join(encode_line(asdict(decision)) for decision in decisions)
    path = folder / DECISIONS
    temporary = path.with_name(f".{DECISIONS}.writing")
    temporary.write_bytes(lines)
    temporary.replace(path)
