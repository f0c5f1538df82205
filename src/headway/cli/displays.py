"""What is shown while networks train, and how to go on where they were stopped."""

import os
import shlex
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from headway.cli.output import waiting
from headway.errors import DivergenceError, Interrupted
from headway.runs import REPORT

if TYPE_CHECKING:
    from headway.terminal import Display


@contextmanager
def displays(*, quiet: bool, as_json: bool) -> "Generator[Callable[[], Display]]":
    """Give each member of an ensemble a display, and say how to go on with all of them."""
    is_silent = quiet or os.environ.get("RANK", "0") != "0"
    with waiting("loading PyTorch", is_silent=is_silent):
        from headway.terminal import make_display
    shown: list[Display] = []

    def make() -> "Display":
        shown.append(make_display(quiet=is_silent, json=as_json))
        return shown[-1]

    try:
        yield make
    except (DivergenceError, Interrupted) as error:
        facts = shown[-1].facts if shown else None
        if facts is not None and facts.folder is not None:
            _add_way_on(error, Path(facts.folder), ensemble=Path(facts.folder).parent)
        raise


@contextmanager
def display(*, quiet: bool, as_json: bool) -> "Generator[Display]":
    """Show a training as asked for, in the first process only, and say how to go on."""
    is_silent = quiet or os.environ.get("RANK", "0") != "0"
    with waiting("loading PyTorch", is_silent=is_silent):
        from headway.terminal import make_display
    with make_display(quiet=is_silent, json=as_json) as shown:
        try:
            yield shown
        except (DivergenceError, Interrupted) as error:
            if shown.facts is not None and shown.facts.folder is not None:
                _add_way_on(error, Path(shown.facts.folder))
            raise


def _add_way_on(
    error: DivergenceError | Interrupted, folder: Path, ensemble: Path | None = None
) -> None:
    if (folder / REPORT).is_file():
        error.add_note(f"How it went: {folder / REPORT}")
    if isinstance(error, Interrupted):
        whole = shlex.quote(str(ensemble or folder))
        error.add_note(f"Go on with: headway resume {whole}")
    elif any(folder.glob("checkpoints/*")):
        error.add_note(f"The last good state is kept in {folder / 'checkpoints'}")
