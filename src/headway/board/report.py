"""A report: the page of some runs as one file that needs no server and no network."""

import base64
import gzip
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from headway.board.board import Board
from headway.board.page import whole_page
from headway.runs.files import make_folder, write_into_foreign

# What encodeURIComponent of JavaScript leaves as it is, beside letters, digits and "_.-~".
_SAFE = "!*'()"
_AXES = ("step", "epoch", "time", "samples")
# What the layers of all runs may take, two bytes a number.
_LAYER_BYTES = 1_000_000
_MOST_TIMES = 400
_FEWEST_TIMES = 30
# What the curves of all runs may take, in points.
_SUM_OF_POINTS = 60_000
_MOST_POINTS = 1000
_FEWEST_POINTS = 100
_DIGITS = 6


def build_report(folders: Sequence[Path], *, version: str) -> str:
    """Return one page with everything about some runs.

    Args:
        folders: Folders of the runs.
        version: Version of headway that makes it.

    Raises:
        RunError: If a folder holds no run.
    """
    found = [folder.resolve() for folder in folders]
    root = Path(os.path.commonpath(found))
    ids = [folder.relative_to(root).as_posix() for folder in found]
    session = {
        "version": version,
        "root": root.name,
        "csrf": "",
        "is_report": True,
        "created": time.time(),
        "start": _start(ids),
    }
    content = {"session": session, "answers": _answers(Board(root, only=ids), ids)}
    packed = gzip.compress(msgspec.json.encode(content), compresslevel=6, mtime=0)
    names = ", ".join(folder.name for folder in found)
    return whole_page(title=names, data=base64.b64encode(packed).decode())


def write_report(folders: Sequence[Path], path: Path, *, version: str) -> None:
    """Write the page that `build_report` returns.

    Raises:
        RunError: If a folder holds no run, or the disk refuses.
    """
    make_folder(path.parent)
    write_into_foreign(path, build_report(folders, version=version))


def _start(ids: Sequence[str]) -> str:
    """Return the part of the address that shows these runs."""
    if len(ids) == 1:
        return f"#/run?{urlencode({'id': ids[0]})}"
    view = "compare" if len(ids) == 2 else "curves"
    return f"#/{view}?{urlencode([('run', run) for run in ids])}"


def _answers(board: Board, ids: Sequence[str]) -> dict[str, Any]:
    """Return what the page asks for, by the names under which it looks."""
    answers = {_key("runs"): board.runs()}
    runs = {run: board.run(run) for run in ids}
    num_curves = sum(len(found["metrics"]) for found in runs.values()) * len(_AXES)
    points = _between(_FEWEST_POINTS, _SUM_OF_POINTS // max(num_curves, 1), _MOST_POINTS)
    for run, found in runs.items():
        answers[_key("run", id=run)] = found
        answers[_key("sparklines", run=run)] = board.sparklines([run], "")
        answers |= _curves(board, run, found["metrics"], points)
        answers |= _pictures(board, run, found["row"], num_runs=len(ids))
    return answers


def _curves(board: Board, run: str, metrics: Sequence[str], points: int) -> dict[str, Any]:
    return {
        _key("series", run=run, metric=metric, x=axis): {
            "series": [
                _rounded(curve)
                for curve in board.series([run], [metric], axis, points)["series"]
            ]
        }
        for axis in _AXES
        for metric in metrics
    }


def _rounded(curve: dict[str, Any]) -> dict[str, Any]:
    """Return a curve with as many digits as anyone reads, which halves a report."""
    return curve | {
        name: [float(f"{each:.{_DIGITS}g}") for each in curve[name]]
        for name in ("x", "y", "low", "high")
        if curve[name] and isinstance(curve[name][0], float)
    }


def _pictures(
    board: Board, run: str, row: dict[str, Any], *, num_runs: int
) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    if row["has_layers"]:
        answers[_key("layers", id=run)] = _layers(board, run, _LAYER_BYTES // num_runs)
    if row["has_predictions"]:
        answers[_key("predictions", id=run)] = board.predictions(run)
    return answers


def _layers(board: Board, run: str, most_bytes: int) -> dict[str, Any]:
    """Return the layers of a run, at fewer times where it has many."""
    found = board.layers(run, _MOST_TIMES)
    num_rows = len(found["layers"]) * len(found["grids"])
    times = _between(_FEWEST_TIMES, most_bytes // max(2 * num_rows, 1), _MOST_TIMES)
    return found if len(found["steps"]) <= times else board.layers(run, times)


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))


def _key(name: str, **query: str) -> str:
    """Return the name of an answer, as `source.js` puts it together."""
    pairs = urlencode(sorted(query.items()), quote_via=quote, safe=_SAFE)
    return f"/api/{name}?{pairs}" if pairs else f"/api/{name}"
