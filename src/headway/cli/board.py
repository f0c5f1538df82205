"""The commands that show runs: `headway board` and `headway report`."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

import headway
from headway.cli.arguments import File, Flag, Root
from headway.cli.output import print_line
from headway.errors import InputError
from headway.runs import REPORT, find_ensemble, is_run, open_run

_Runs = Annotated[
    Positional[tuple[str, ...]], arg(metavar="RUN [RUN ...]", help_behavior_hint="")
]
_Port = Annotated[int | None, arg(metavar="N", help_behavior_hint="(default: a free one)")]
_Host = Annotated[str, arg(metavar="ADDRESS")]


def board(
    root: Root = Path("runs"),
    /,
    *,
    host: _Host = "127.0.0.1",
    port: _Port = None,
    token: Flag = False,
    no_browser: Flag = False,
) -> None:
    """Show all runs in a browser, live while they train; Ctrl-C ends it.

    Args:
        root: Folder that holds runs, at any depth.
        host: Where to listen. Elsewhere than on loopback, visitors need the token that is
            part of the printed address.
        port: Port to listen at.
        token: Ask for the token on loopback too, which other users of this machine reach.
        no_browser: Print the address and open no browser.
    """
    from headway.board import serve

    def say(line: str) -> None:
        print_line(line)
        sys.stdout.flush()

    serve(
        root,
        version=headway.__version__,
        host=host,
        port=port,
        with_token=token,
        opens_browser=not no_browser,
        say=say,
    )


def report(runs: _Runs = (), /, *, out: File = None) -> None:
    """Write runs as one HTML file that opens anywhere, without a server or a network.

    Args:
        runs: Run folder or ensemble folder, or its name below runs/; several are compared.
        out: File to write; report.html in the folder of a single run, in this folder for
            several.
    """
    if not runs:
        raise InputError("a run is missing: headway report RUN [RUN ...]")
    from headway.board import write_report

    folders = list(dict.fromkeys(f for name in runs for f in _folders(name)))
    path = out or (folders[0] / REPORT if len(folders) == 1 else Path(REPORT))
    write_report(folders, path, version=headway.__version__)
    print_line(str(path))


def _folders(name: str) -> list[Path]:
    ensemble = find_ensemble(name)
    if ensemble is None:
        return [open_run(name).folder]
    members = sorted(filter(is_run, ensemble.iterdir()))
    if not members:
        raise InputError(f"{ensemble} has no members yet: headway resume "
                         f"{shlex.quote(str(ensemble))}")  # fmt: skip
    return members
