"""What a person or a program sees of a training: panels and a bar, lines, or JSON."""

from headway.terminal.choice import make_display
from headway.terminal.display import Display, QuietDisplay
from headway.terminal.facts import EndFacts, StartFacts
from headway.terminal.json_display import JsonDisplay
from headway.terminal.numbers import count, decimal, main_first, metric
from headway.terminal.plain_display import PlainDisplay
from headway.terminal.results import confusions
from headway.terminal.rich_display import RichDisplay

__all__ = [
    "Display",
    "EndFacts",
    "JsonDisplay",
    "PlainDisplay",
    "QuietDisplay",
    "RichDisplay",
    "StartFacts",
    "confusions",
    "count",
    "decimal",
    "main_first",
    "make_display",
    "metric",
]
