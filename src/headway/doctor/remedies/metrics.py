"""Judge a program by the usual metric of its task."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.errors import RemedyDoesNotFit


@dataclass(frozen=True)
class UsualMetric:
    """Replace a metric of the program's own by the usual one.

    Attributes:
        name: "accuracy" or "r2".
    """

    cause: ClassVar[Cause] = "metric"
    name: Literal["accuracy", "r2"] = "accuracy"

    def apply(self, program: Program) -> Program:
        """Return the program with the usual metric."""
        if not callable(program.metric):
            raise RemedyDoesNotFit("the program has no metric of its own")
        return replace(program, metric=self.name)

    def describe(self) -> str:
        """Return what changes."""
        name = {"accuracy": "the share of right answers", "r2": "R2"}[self.name]
        return f"Judge by {name} of all samples."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        if self.name == "accuracy":
            return "accuracy = (output.argmax(dim=1) == target).float().mean()"
        return (
            "rest = (target - output).square().sum()\n"
            "r2 = 1 - rest / (target - target.mean()).square().sum()"
        )
