"""The arguments that commands take, each with its name and how help shows it."""

from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from headway.errors import InputError

Data = Annotated[Positional[str | None], arg(metavar="[DATA]", help_behavior_hint="")]
Run = Annotated[Positional[str], arg(metavar="RUN", help_behavior_hint="")]
RunsAndData = Annotated[
    Positional[tuple[str, ...]], arg(metavar="RUN [RUN ...] [DATA]", help_behavior_hint="")
]
RunsAndFiles = Annotated[
    Positional[tuple[str, ...]],
    arg(metavar="RUN [RUN ...] FILE [FILE ...]", help_behavior_hint=""),
]
Target = Annotated[Positional[str], arg(metavar="TARGET", help_behavior_hint="")]
PatchFile = Annotated[Path | None, arg(metavar="PATCH", help_behavior_hint="")]
Budget = Annotated[float, arg(metavar="SECONDS")]
Seconds = Annotated[float | None, arg(metavar="SECONDS", help_behavior_hint="")]
Size = Annotated[int | None, arg(metavar="N", help_behavior_hint="")]
Root = Annotated[Positional[Path], arg(metavar="[DIR]")]
Folder = Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="")]
File = Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")]
Model = Annotated[str | None, arg(metavar="NAME", help_behavior_hint="")]
Recipe = Annotated[str, arg(metavar="NAME|FILE")]
Settings = Annotated[
    UseAppendAction[tuple[tuple[str, ...], ...]],
    arg(name="set", metavar="PATH=VALUE [...]", help_behavior_hint="(repeatable)"),
]
Formats = Annotated[
    tuple[Literal["onnx", "torch"], ...], arg(name="format", metavar="{onnx,torch} [...]")
]
Flag = Annotated[bool, arg(help_behavior_hint="")]
Json = Annotated[bool, arg(name="json", help_behavior_hint="")]
Weights = Literal["best", "last"]
Views = Annotated[str, arg(metavar="NAME")]
Draws = Annotated[int, arg(metavar="N")]
BadData = Annotated[
    Literal["error", "skip"] | None, arg(metavar="{error,skip}", help_behavior_hint="")
]


def flat_settings(settings: tuple[tuple[str, ...], ...]) -> list[str]:
    """Return the settings of every `--set`, in order.

    Raises:
        InputError: If one has none.
    """
    if () in settings:
        raise InputError("--set needs at least one setting, such as optimizer.lr=0.05")
    return [setting for group in settings for setting in group]
