"""How long the board takes to answer over 1,000 runs of 10,000 rows, and its memory."""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headway.runs import EVENTS, METRICS, RunRecord, encode_line
from timing import Report, Runs, Table, figure, parser

# A process without torch, which would be most of its memory.
SESSION = "import sys, board_session; board_session.main(*sys.argv[1:])"
NOTES = (
    "Each session is a process of its own that knows nothing of the runs; an answer is timed "
    "with its encoding as JSON. *Processor ms* leaves out the time that other programs took. "
    "The files are in the page cache but for the line that says otherwise.",
    "Every 100 of the rows an evaluation comes in place of a report; a row has 5 to 8 numbers. "
    "An overlay has 1,000 points a run with their extremes, that of 500 runs 100 points.",
    "The board's cache for numbers holds 256 MiB, which those of 500 runs exceed.",
)
# Different courses; writing a thousand of them would take longer than the measurement.
COURSES = 20
NOT_CACHED = "first table, not in the page cache"
Found = dict[str, dict[str, Any]]


def course(rows: int, seed: int) -> bytes:
    """Return the metrics of a run."""
    draw = random.Random(seed)
    return b"".join(encode_line(row(i, rows, draw)) for i in range(1, rows + 1))


def row(index: int, rows: int, draw: random.Random) -> dict[str, float]:
    """Return one report, or an evaluation each hundredth time."""
    where = {"step": 20 * index, "time": 1.8e9 + 0.37 * index, "epoch": index / 50}
    loss = 2.3 * 0.01 ** (index / rows) * draw.lognormvariate(0, 0.3)
    if index % 100:
        numbers = {
            "train/loss": loss,
            "train/grad_norm": draw.random(),
            "lr": draw.random(),
        }
        return {**where, **numbers, "samples_per_second": 5000 * draw.random()}
    names = (
        "val/loss",
        "val/accuracy",
        "val/top5",
        "train_eval/loss",
        "train_eval/accuracy",
    )
    return {**where, **{name: draw.random() for name in names}}


def write_runs(root: Path, *, runs: int, rows: int) -> None:
    """Write run records as a training does."""
    courses = [root / f".course-{seed}" for seed in range(min(COURSES, runs))]
    for seed, path in enumerate(courses):
        path.write_bytes(course(rows, seed))
    for number in range(runs):
        folder = root / f"2026-11-21-{number:04}-digits-resnet-20"
        write_run(folder, number, rows)
        shutil.copyfile(courses[number % len(courses)], folder / METRICS)
    for path in courses:
        path.unlink()


def write_run(folder: Path, number: int, rows: int) -> None:
    """Write the record of a finished run, but for its metrics."""
    draw = random.Random(number)
    recipe = {
        "name": "default",
        "seed": number,
        "data": {"source": "digits", "val_fraction": 0.1, "split_seed": 0},
        "augmentation": dict.fromkeys(map("augmentation {}".format, range(20)), 0.0),
        "model": {"name": f"resnet-{draw.choice((20, 32, 56, 110))}"},
        "task": {"kind": "classification", "monitor": "auto"},
        "optimizer": {
            "name": "sgd",
            "lr": 10 ** draw.uniform(-3, 0),
            "weight_decay": 10 ** draw.uniform(-6, -2),
            "betas": [0.9, 0.999],
        },
        "training": {
            **dict.fromkeys(map("setting {}".format, range(25)), 1),
            "batch_size": 32,
        },
        "machine": dict.fromkeys(map("setting {}".format, range(15)), True),
    }
    environment = {
        "headway": "0.1.0",
        "packages": dict.fromkeys(map("package {}".format, range(20)), "1.0.0"),
        "data": {"name": "digits", "task": "classification", "num_train": 1258},
        "total_steps": 20 * rows,
    }
    record = RunRecord.create(folder, recipe=recipe, environment=environment)
    record.close()
    events = [{"event": "started", "step": 0, "total_steps": 20 * rows}]
    values = {"val/loss": 0.3, "val/accuracy": draw.random(), "train_eval/loss": 0.2}
    for epoch in range(20):
        events.append({"event": "best", "step": epoch, "epoch": epoch, "values": values})
    events += [{"event": "checkpoint", "step": epoch, "file": "x"} for epoch in range(20)]
    events.append({"event": "finished", "step": 20 * rows, "values": values})
    origin = {"pid": 1, "host": "elsewhere"}
    lines = [
        encode_line({**event, "time": 1.8e9 + 60 * i, **origin})
        for i, event in enumerate(events)
    ]
    (folder / EVENTS).write_bytes(b"".join(lines))


@contextmanager
def written_runs(arguments: argparse.Namespace, scratch: Path | None) -> Iterator[Path]:
    """Write the runs into a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        root = Path(name).resolve()
        write_runs(root, runs=arguments.runs, rows=arguments.rows)
        os.sync()
        yield root


def push_out(root: Path) -> None:
    """Ask the system to forget the content of all files."""
    for path in root.rglob("*.*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def session(root: Path, *options: str) -> Found:
    """Return what one session found."""
    command = [sys.executable, "-c", SESSION, str(root), *options]
    here = Path(__file__).parent
    result = subprocess.run(command, check=True, capture_output=True, text=True, cwd=here)
    return json.loads(result.stdout)


def times_table(found: Sequence[Found], unread: Sequence[Found]) -> Table:
    """Return the times of all answers."""
    taken = {name: [each["times"][name] for each in found] for name in found[0]["times"]}
    first = {"first table": taken.pop("first table")}
    first[NOT_CACHED] = [each["times"]["first table"] for each in unread]
    rows = [["answer", "ms", "spread ms", "processor ms"]]
    for name, pairs in {**first, **taken}.items():
        clock = Runs(tuple(1e3 * seconds for seconds, _ in pairs))
        worked = Runs(tuple(1e3 * seconds for _, seconds in pairs))
        rows.append([name, *map(figure, (clock.median, clock.spread, worked.median))])
    return Table("Time to answer", rows)


def memory_table(found: Sequence[Found]) -> Table:
    """Return the memory of a session as it goes on."""
    rows = [["when", "MiB", "spread MiB"]]
    for name in found[0]["memory"]:
        used = Runs(tuple(each["memory"][name] for each in found))
        rows.append([name, figure(used.median), figure(used.spread)])
    return Table("Most memory of the process so far", rows)


def main() -> None:
    """Read the command line, measure and report."""
    made = parser(__doc__, threads=1, repeats=5)
    made.add_argument("--runs", type=int, default=1000)
    made.add_argument("--rows", type=int, default=10_000, help="rows of each run")
    made.add_argument("--scratch", type=Path, help="where the runs are written, 2 GB")
    arguments = made.parse_args()
    scratch = vars(arguments).pop("scratch")  # of no interest to who reads the results
    report = Report("board", arguments, NOTES)
    with written_runs(arguments, scratch) as root:
        session(root, "short")
        found = [session(root) for _ in range(arguments.repeats)]
        unread: list[Found] = []
        for _ in range(arguments.repeats):
            push_out(root)
            unread.append(session(root, "short"))
    report.add(times_table(found, unread))
    report.add(memory_table(found))


if __name__ == "__main__":
    main()
