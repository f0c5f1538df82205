"""What a remedy is: one change of a training program, and the same change in words and code."""

from typing import ClassVar, Protocol, runtime_checkable

from headway.doctor.finding import Cause
from headway.doctor.program import Program


@runtime_checkable
class Remedy(Protocol):
    """One change of a program: a frozen dataclass whose `repr` is valid code.

    Applied to programs of equal seeds it gives equal programs, and it keeps all that it does
    not concern. Remedies compose: `second.apply(first.apply(program))`.

    Attributes:
        cause: The cause that it is meant for first.
    """

    cause: ClassVar[Cause]

    def apply(self, program: Program) -> Program:
        """Return the changed program; `program` is fresh, and may be changed in place.

        Raises:
            RemedyDoesNotFit: If there is nothing to change in this program, or no way to.
        """
        ...

    def describe(self) -> str:
        """Return the change in one sentence that starts with a verb."""
        ...

    def snippet(self) -> str:
        """Return the change as lines of plain PyTorch for the user's own program."""
        ...
