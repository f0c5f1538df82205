"""One session of the board in a process of its own; prints seconds and bytes as JSON."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from headway.board.board import Board
from headway.runs import METRICS, encode_line

OVERLAID = 50
POINTS = 1000
# Their numbers take more than the cache for them.
MANY = 500
Taken = tuple[float, float]


def taken(ask: Callable[[], Any]) -> Taken:
    """Ask for an answer and make JSON of it, as the server does.

    Returns:
        Seconds on the clock and seconds of the processor.
    """
    start, worked = time.perf_counter(), time.process_time()
    msgspec.json.encode(ask())
    return time.perf_counter() - start, time.process_time() - worked


def new_point(board: Board, root: Path, id_: str) -> Taken:
    """Return what it takes from a new row on disk to the curve that has it."""

    def look() -> dict[str, Any]:
        changed = board.changes()["changed"]
        found = board.series(changed, ["train/loss"], "step", POINTS)
        assert found["series"][0]["x"][-1] == 10**7
        return found

    with (root / id_ / METRICS).open("rb+") as file:
        end = file.seek(0, 2)
        file.write(encode_line({"step": 10**7, "time": time.time(), "train/loss": 0.5}))
        file.flush()
        found = taken(look)
        file.truncate(end)
    return found


def memory() -> float:
    """Return the most memory that this process has had, in MiB."""
    # The same from getrusage would count what the process had from which this one was started.
    lines = Path("/proc/self/status").read_text().splitlines()
    most = next(line for line in lines if line.startswith("VmHWM"))
    return int(most.split()[1]) / 1024


def session(root: Path, *, is_short: bool) -> dict[str, dict[str, Any]]:
    """Return what each answer takes, and the memory (MiB) of the process so far."""
    times: dict[str, Taken] = {}
    used = {"before the first question": memory()}
    board = Board(root)
    times["first table"] = taken(board.runs)
    if is_short:
        return {"times": times, "memory": used}
    ids = [row["id"] for row in board.runs()["runs"]]
    chosen, metric = ids[:: max(1, len(ids) // OVERLAID)][:OVERLAID], ["train/loss"]
    board.changes()
    times["table again"] = taken(board.runs)
    times["look for changes, there are none"] = taken(board.changes)
    times["sparklines of 50 runs"] = taken(lambda: board.sparklines(chosen))
    used["after the table"] = memory()
    times["overlay of 50 runs"] = taken(
        lambda: board.series(chosen, metric, "step", POINTS)
    )
    times["overlay of 50 runs over another axis"] = taken(
        lambda: board.series(chosen, metric, "epoch", POINTS)
    )
    times["one run, all about it"] = taken(lambda: board.run(ids[1]))
    board.changes()
    times["a new row becomes a point"] = new_point(board, root, chosen[0])
    used["after the overlay of 50 runs"] = memory()
    many = ids[:MANY]
    times[f"overlay of {MANY} runs"] = taken(
        lambda: board.series(many, metric, "step", 100)
    )
    used[f"after the overlay of {MANY} runs"] = memory()
    return {"times": times, "memory": used}


def main(root: str, *options: str) -> None:
    """Print what a session found."""
    print(json.dumps(session(Path(root), is_short="short" in options)))
