"""Every answer of the board's API, from the run records below one folder."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from headway.board.catalog import Catalog
from headway.board.details import details_of
from headway.board.export import csv_header, csv_of
from headway.board.lab import experiments_of, picture_of, summary_of
from headway.board.layers import LayerStore, layers_of
from headway.board.record import RunFiles, read_object
from headway.board.series import AXES, MetricStore, metric_names, series_of
from headway.board.sparklines import SparklineStore
from headway.board.sweeps import Sweep, find_sweeps, overview_of, sweep_of
from headway.board.table import RunsTable
from headway.errors import InputError, RunError, did_you_mean
from headway.runs import PREDICTIONS

_MEMORY_BYTES = 256 << 20
_LEAST_POINTS, _MOST_POINTS = 3, 100_000


class Board:
    """Answers what the page asks, from files that may grow meanwhile.

    Not made for several threads at once. Runs are named by their folder relative to the root,
    with "/"; nothing outside the root is read, and no link is followed.

    Args:
        root: Folder with runs, which need not exist yet.
        only: Ids of the runs to show, all where None.
        memory_bytes: How much the numbers of the runs looked at last may take; their layers
            may take a quarter of it more.

    Example:
        >>> Board("runs").runs()["runs"]  # doctest: +SKIP
    """

    def __init__(
        self,
        root: str | Path = "runs",
        *,
        only: Collection[str] | None = None,
        memory_bytes: int = _MEMORY_BYTES,
    ) -> None:
        self._catalog = Catalog(Path(root), only=only)
        self._table = RunsTable()
        self._metrics = MetricStore(memory_bytes)
        self._layers = LayerStore(memory_bytes // 4)
        self._lines = SparklineStore(memory_bytes // 16)

    def runs(self, ids: Iterable[str] | None = None) -> dict[str, Any]:
        """Return the table of runs, newest first.

        Args:
            ids: Runs to show, all where None; those that are no longer there are left out.
                What all runs have in common does not depend on it.
        """
        catalog = self._catalog
        catalog.refresh()
        answer = self._table.answer(catalog.root, catalog.runs.values())
        if catalog.found.is_cut:
            text = "there are too many folders below it; not all were looked into"
            where = {"run": "", "file": str(catalog.root), "line": 0}
            answer["damage"].insert(0, {**where, "text": text})
        if ids is not None:
            wanted = frozenset(ids)
            answer["runs"] = [row for row in answer["runs"] if row["id"] in wanted]
            answer["damage"] = [d for d in answer["damage"] if d["run"] in wanted]
        return answer

    def changes(self) -> dict[str, list[str]]:
        """Return the ids of runs that changed, came or went since the last call.

        The first call tells what happened since the first question of any kind: a page that
        asks for the table and then for changes misses nothing in between.
        """
        return self._catalog.changes()

    def series(
        self,
        ids: Iterable[str],
        metrics: Iterable[str],
        x: str = "step",
        points: int = 1000,
    ) -> dict[str, Any]:
        """Return curves, each of at most `points` points that keep its extremes.

        Args:
            ids: Runs.
            metrics: Metrics; a run that lacks one has no curve of it.
            x: "step", "epoch", "time" (seconds since the first row) or "samples".
            points: How many.

        Raises:
            RunError: If there is none of the runs.
            InputError: If `x` or `points` is not as it should be.
        """
        if x not in AXES:
            raise InputError(f"x is one of {', '.join(AXES)}, got {x!r}")
        if not _LEAST_POINTS <= points <= _MOST_POINTS:
            raise InputError(
                f"points is from {_LEAST_POINTS} to {_MOST_POINTS:,}, got {points}"
            )
        wanted = list(dict.fromkeys(metrics))
        return {
            "series": [
                curve
                for run in self._catalog.several(ids)
                for curve in series_of(
                    run, self._metrics.columns(run), wanted, axis=x, points=points
                )
            ]
        }

    def sparklines(self, ids: Iterable[str], metric: str = "") -> dict[str, Any]:
        """Return the course of a metric of each run in a few numbers.

        Args:
            ids: Runs.
            metric: The metric; that by which each run is judged where empty.

        Raises:
            RunError: If there is none of the runs.
        """
        runs = self._catalog.several(ids)
        return {"lines": {run.place.id: self._lines.line(run, metric) for run in runs}}

    def run(self, id_: str) -> dict[str, Any]:
        """Return everything about one run but its curves.

        Raises:
            RunError: If there is no such run.
        """
        run = self._catalog.run(id_)
        return details_of(run, self._metrics.columns(run))

    def folder(self, id_: str) -> Path:
        """Return where a run lies.

        Raises:
            RunError: If there is no such run.
        """
        return self._catalog.run(id_).place.folder

    def layers(self, id_: str, times: int = 400) -> dict[str, Any]:
        """Return the numbers of each layer over the course of a run.

        Args:
            id_: The run.
            times: How many moments at most, evenly spread.

        Raises:
            RunError: If there is no such run, or nothing was kept of its layers.
            InputError: If `times` is out of range.
        """
        if not 1 <= times <= _MOST_POINTS:
            raise InputError(f"times is from 1 to {_MOST_POINTS:,}, got {times}")
        course = self._layers.course(self._catalog.run(id_))
        if course is None:
            raise RunError(
                f"nothing was kept of the layers of {id_!r}; train with logging.layers=true"
            )
        return layers_of(course, times)

    def predictions(self, id_: str) -> dict[str, Any]:
        """Return what a trained run says about its validation part.

        Raises:
            RunError: If there is no such run, or it left no predictions, or damaged ones.
        """
        folder = self._catalog.run(id_).place.folder
        try:
            return read_object(folder / PREDICTIONS)
        except FileNotFoundError as error:
            raise RunError(
                f"{id_!r} has no predictions yet: they are written when a training ends"
            ) from error
        except (OSError, ValueError) as error:
            raise RunError(f"{folder / PREDICTIONS} cannot be read: {error}") from error

    def sweeps(self) -> dict[str, Any]:
        """Return the searches, ensembles and experiments that there are."""
        return {"sweeps": [overview_of(sweep) for sweep in self._sweeps()]}

    def sweep(self, id_: str, metric: str = "") -> dict[str, Any]:
        """Return the trials of a sweep, what differs between them, and what matters.

        Args:
            id_: Folder of the sweep.
            metric: What to judge by; that by which the runs are judged where empty.

        Raises:
            RunError: If there is no such sweep.
        """
        sweeps = {sweep.place.id: sweep for sweep in self._sweeps()}
        if id_ not in sweeps:
            raise RunError(
                f"there is no sweep {id_!r} in {self._catalog.root}."
                f"{did_you_mean(id_, sweeps)} `headway tune` makes one."
            )
        return sweep_of(sweeps[id_], metric)

    def _sweeps(self) -> list[Sweep]:
        catalog = self._catalog
        catalog.refresh()
        return find_sweeps(catalog.found, catalog.runs, catalog.root)

    def lab(self) -> dict[str, Any]:
        """Return the experiments of the lab and how they came out."""
        self._catalog.refresh()
        experiments = experiments_of(self._catalog.found.experiments.values())
        return {"experiments": experiments, "summary": summary_of(experiments)}

    def lab_picture(self, name: str) -> bytes:
        """Return the picture of an experiment as PNG.

        Raises:
            RunError: If there is no such experiment, or no picture of it.
        """
        self._catalog.refresh()
        return picture_of(self._catalog.found.experiments.values(), name)

    def csv(self, ids: Iterable[str], metrics: Iterable[str]) -> Iterator[str]:
        """Return every number of runs as text with commas, piece by piece.

        Args:
            ids: Runs.
            metrics: Metrics; all of each run where empty.

        Raises:
            RunError: If there is none of the runs.
        """
        runs, wanted = self._catalog.several(ids), list(dict.fromkeys(metrics))
        return self._csv(runs, wanted)

    def _csv(self, runs: list[RunFiles], wanted: list[str]) -> Iterator[str]:
        yield csv_header()
        for run in runs:
            columns = self._metrics.columns(run)
            yield from csv_of(run.place.id, columns, wanted or metric_names(columns))
