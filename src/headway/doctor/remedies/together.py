"""Several remedies as one."""

from dataclasses import dataclass
from typing import ClassVar

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.remedies.remedy import Remedy


@dataclass(frozen=True)
class Together:
    """Apply remedies that only help together, such as another head and another loss.

    Attributes:
        remedies: In the order in which they are applied.
    """

    cause: ClassVar[Cause] = "other"
    remedies: tuple[Remedy, ...]

    def apply(self, program: Program) -> Program:
        """Return the program with all of them, or refuse where one does not fit."""
        for remedy in self.remedies:
            program = remedy.apply(program)
        return program

    def describe(self) -> str:
        """Return what changes."""
        return " ".join(remedy.describe() for remedy in self.remedies)

    def snippet(self) -> str:
        """Return the changes in plain PyTorch."""
        return "\n\n".join(remedy.snippet() for remedy in self.remedies)
