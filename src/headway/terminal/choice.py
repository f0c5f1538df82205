"""Which display fits where the output goes."""

import os
import sys

from headway.terminal.display import Display
from headway.terminal.json_display import JsonDisplay
from headway.terminal.plain_display import PlainDisplay
from headway.terminal.rich_display import RichDisplay


def make_display(*, quiet: bool = False, json: bool = False) -> Display:
    """Return a bar for a person at a terminal, plain lines for a pipe or a file.

    Args:
        quiet: Say nothing, whatever else is asked for.
        json: Write JSON lines for a program.
    """
    if quiet:
        return Display()
    if json:
        return JsonDisplay()
    return RichDisplay() if _is_terminal() else PlainDisplay()


def _is_terminal() -> bool:
    # Logs of continuous integration pretend to be terminals, but nobody watches them.
    is_watched = "CI" not in os.environ and os.environ.get("TERM") != "dumb"
    return is_watched and sys.stdout.isatty()
