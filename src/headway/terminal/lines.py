"""Lines of text to a stream that may go away."""

import sys
from typing import TextIO


class Lines:
    """Writes whole lines at once; a stream that breaks is given up, the training goes on.

    Args:
        stream: Where to write; standard output where None.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._is_open = True

    def write(self, line: str) -> None:
        """Write one line, now."""
        if not self._is_open:
            return
        try:
            self._stream.write(f"{line}\n")
            self._stream.flush()
        except OSError:  # whoever read it has left; the run record has it all
            self._is_open = False
