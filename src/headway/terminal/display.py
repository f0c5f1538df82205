"""What a person or a program is told while a network is trained."""

from types import TracebackType
from typing import Self

from headway.engine import Callback
from headway.terminal.facts import EndFacts, StartFacts


class Display(Callback):
    """Follows a run and says nothing; the base of the displays that do.

    Around a training it is entered like a file, so that the terminal is free again however
    the training ends.

    Attributes:
        facts: What was known before the first step, or None before that.

    Example:
        >>> with Display() as display:
        ...     display.message("nobody hears this")
    """

    def __init__(self) -> None:
        self.facts: StartFacts | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.on_end()

    def begin(self, facts: StartFacts) -> None:
        """Show what is about to be trained."""
        self.facts = facts

    def finish(self, facts: EndFacts) -> None:
        """Show what was learned."""

    def message(self, text: str) -> None:
        """Show one line."""


QuietDisplay = Display
