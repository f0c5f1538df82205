"""What all benchmarks share: alternating runs, medians, spread, tables on disk."""

import argparse
import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import rich.console
import rich.table
import torch

from headway.engine import free_cores
from headway.runs import describe_environment

T = TypeVar("T")
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Runs:
    """The values of repeated runs of one arm."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """Interquartile range; 0 for a single run."""
        if len(self.values) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return high - low


def alternate(
    arms: Mapping[str, Callable[[], T]], *, repeats: int, warmups: int = 1
) -> dict[str, list[T]]:
    """Run all arms in turn, again and again, and return what each returned in each round.

    A slow spell of the machine then meets every arm. Each round begins with another arm, so
    that none always follows the same one. The first `warmups` rounds do not count.
    """
    names = list(arms)
    results: dict[str, list[T]] = {name: [] for name in names}
    for round_ in range(warmups + repeats):
        shift = round_ % len(names)
        for name in names[shift:] + names[:shift]:
            gc.collect()
            result = arms[name]()
            if round_ >= warmups:
                results[name].append(result)
    return results


def in_child(threads: int, fn: Callable[..., T], *arguments: Any) -> T:
    """Return fn(*arguments), called in a new process of `threads` torch threads."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_call, threads, fn, *arguments).result()


def _call(threads: int, fn: Callable[..., T], *arguments: Any) -> T:
    torch.set_num_threads(threads)
    return fn(*arguments)


class Clock:
    """Measures the steady seconds per step of any loop, from the batches that it asks for.

    The clock runs from the moment that batch `skip` is asked for until the last one is. So
    neither start nor end of a run counts, and a loop that fetches ahead gains nothing.

    Args:
        skip: Steps before the clock starts.
        num_batches: Batches that the loop will ask for.
    """

    def __init__(self, skip: int, num_batches: int) -> None:
        self._skip = skip
        self._last = num_batches - 1
        self._start = self._end = 0.0

    def watch(self, batches: Iterable[T]) -> Iterator[T]:
        """Yield `batches`, noting the time of two of them."""
        iterator = iter(batches)
        for index in range(self._last + 1):
            if index == self._skip:
                self._start = time.perf_counter()
            elif index == self._last:
                self._end = time.perf_counter()
            yield next(iterator)

    @property
    def seconds_per_step(self) -> float:
        """Seconds between two steps, on average over the run.

        Raises:
            RuntimeError: If the loop did not ask for all batches.
        """
        if self._end <= self._start:
            raise RuntimeError("the loop ended before the last batch")
        return (self._end - self._start) / (self._last - self._skip)


def seconds_per_call(fn: Callable[[], Any], *, calls: int, warmups: int = 1) -> float:
    """Return the seconds of one call of `fn`, averaged over `calls` after `warmups`."""
    for _ in range(warmups):
        fn()
    start = time.perf_counter()
    for _ in range(calls):
        fn()
    return (time.perf_counter() - start) / calls


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text: the first row is the header."""

    title: str
    rows: Sequence[Sequence[str]]

    def print(self) -> None:
        """Show the table in the terminal."""
        header, *body = self.rows
        shown = rich.table.Table(title=self.title, title_justify="left")
        for index, name in enumerate(header):
            shown.add_column(name, justify="right" if index else "left", overflow="fold")
        for row in body:
            shown.add_row(*row)
        # A pipe or a log has no width of its own.
        rich.console.Console(width=None if sys.stdout.isatty() else 120).print(shown)

    def markdown(self) -> str:
        """Return the table as Markdown."""
        header, *body = self.rows
        rule = ["---"] + ["---:"] * (len(header) - 1)
        lines = ["| " + " | ".join(row) + " |" for row in (header, rule, *body)]
        return f"## {self.title}\n\n" + "\n".join(lines)


def compare(
    title: str, results: Mapping[str, Runs], *, base: str, unit: str, scale: float = 1.0
) -> Table:
    """Return a table of the seconds of each arm, and of how much faster than `base` it is.

    Args:
        title: What was measured.
        results: Seconds of all runs by arm.
        base: Arm that the others are compared with, by the ratio of the medians.
        unit: Unit of the table.
        scale: How many of `unit` a second has.
    """
    rows = [["arm", unit, f"spread {unit}", "speed-up", "runs"]]
    for name, runs in results.items():
        numbers = [figure(runs.median * scale), figure(runs.spread * scale)]
        speed_up = f"{results[base].median / runs.median:.3f}"
        rows.append([name, *numbers, speed_up, str(len(runs.values))])
    return Table(title, rows)


def figure(value: float) -> str:
    """Return `value` with about four significant digits and no exponent where it can."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


@dataclass
class Report:
    """What one benchmark found, shown table by table and kept as Markdown.

    Attributes:
        name: File name of the benchmark, without its ending.
        arguments: Its command line: folder, threads and repeats.
        notes: How to read the tables, one sentence or two each.
    """

    name: str
    arguments: argparse.Namespace
    notes: Sequence[str] = ()
    tables: list[Table] = field(default_factory=list[Table])
    machine: str = field(default_factory=lambda: describe_machine())

    def __post_init__(self) -> None:
        print(self.machine)

    def add(self, table: Table) -> None:
        """Show a table, and write the results so far: a long benchmark may be stopped."""
        table.print()
        self.tables.append(table)
        settings = ", ".join(
            f"{k} {v}" for k, v in vars(self.arguments).items() if k != "out"
        )
        notes = "\n".join(f"- {note}" for note in self.notes)
        head = f"# {self.name}\n\n{self.machine}\n\nSettings: {settings}\n\n{notes}\n\n"
        self.arguments.out.mkdir(parents=True, exist_ok=True)
        tables = "\n\n".join(table.markdown() for table in self.tables)
        (self.arguments.out / f"{self.name}.md").write_text(head + tables + "\n")


def describe_machine() -> str:
    """Return one line on hardware, programs and how busy the machine is."""
    facts = describe_environment()
    cpu = facts["cpu"]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{cpu['model']}, {cpu['usable_cores']} of {cpu['cores']} cores usable, "
        f"{memory:.0f} GiB memory; {platform.system()} {platform.release()}, "
        f"Python {facts['python']}, torch {torch.__version__}; "
        f"{free_cores(sample_seconds=1.0)} of the cores free at the start"
    )


def parser(description: str, *, threads: int, repeats: int) -> argparse.ArgumentParser:
    """Return the command line that all benchmarks have in common."""
    made = argparse.ArgumentParser(description=description.splitlines()[0])
    made.add_argument("--threads", type=int, default=threads, help="torch threads")
    made.add_argument("--repeats", type=int, default=repeats, help="runs of every arm")
    made.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    return made
