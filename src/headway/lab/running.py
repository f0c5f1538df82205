"""Run experiments: every arm from every seed, in several processes, and go on after a stop."""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from headway.errors import HeadwayError
from headway.lab.bench import Bench
from headway.lab.catalog import load_experiment
from headway.lab.experiment import Experiment, Requirement, Results
from headway.lab.pictures import PICTURE, draw
from headway.lab.records import (
    Record,
    Unit,
    folder_of,
    read_record,
    read_results,
    write_record,
)
from headway.lab.verdict import Check, Verdict, judge
from headway.runs import FINDING, encode_line, make_folder, write_atomically


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What an experiment came to.

    Attributes:
        experiment: The experiment.
        verdict: Whether its claim was reproduced.
        checks: How each requirement came out.
        results: The numbers of all arms and seeds.
        seconds: Time of all its arms.
        picture: The picture, or None where nothing has run.
        error: Why an arm could not run, or "".
    """

    experiment: Experiment
    verdict: Verdict
    checks: tuple[Check, ...]
    results: Results
    seconds: float
    picture: Path | None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Advance:
    """A unit that is done.

    Attributes:
        unit: Which one.
        done: Units that are done so far.
        total: All units.
        seconds: How long it took.
    """

    unit: Unit
    done: int
    total: int
    seconds: float


def run_experiments(
    names: Sequence[str],
    *,
    root: Path,
    seeds: Sequence[int],
    jobs: int = 1,
    device: str = "cpu",
    again: bool = False,
    say: Callable[[Advance], None] | None = None,
) -> Iterator[Finding]:
    """Run experiments and yield each finding as soon as its last arm is done.

    What has run before, and whose experiment has not changed since, is read.

    Args:
        names: Experiments.
        root: Folder of the lab.
        seeds: Seeds; an exact experiment takes the first alone.
        jobs: Processes.
        device: Where networks are trained.
        again: Forget what is there.
        say: Hears of every unit that is done.
    """
    experiments = [load_experiment(name) for name in names]
    if again:
        for experiment in experiments:
            shutil.rmtree(folder_of(root, experiment), ignore_errors=True)
    waiting = {e.name: list(_missing(e, root, seeds)) for e in experiments}
    errors: dict[str, str] = {}
    for experiment in experiments:
        if not waiting[experiment.name]:
            yield _finish(experiment, root)
    units = [unit for part in waiting.values() for unit in part]
    for done, (unit, outcome) in enumerate(_run_all(units, root, device, jobs), start=1):
        left = waiting[unit.experiment]
        left.remove(unit)
        if isinstance(outcome, str):
            errors[unit.experiment] = outcome
        elif say is not None:
            say(Advance(unit=unit, done=done, total=len(units), seconds=outcome))
        if not left:
            error = errors.get(unit.experiment, "")
            yield _finish(load_experiment(unit.experiment), root, error)


def read_finding(name: str, root: Path) -> Finding:
    """Return what an experiment has come to so far.

    Raises:
        InputError: If there is none of that name.
        RunError: If its numbers are damaged.
    """
    return _find(load_experiment(name), root)


def _find(experiment: Experiment, root: Path, error: str = "") -> Finding:
    """Judge what is on disk."""
    results, seconds = read_results(root, experiment)
    verdict, checks = Verdict.NOT_RUN, ()
    if results.by_seed:
        verdict, checks = judge(experiment, results)
    picture = folder_of(root, experiment) / PICTURE
    return Finding(
        experiment=experiment,
        verdict=Verdict.INCONCLUSIVE if error else verdict,
        checks=checks,
        results=results,
        seconds=seconds,
        picture=picture if results.by_seed and picture.exists() else None,
        error=error,
    )


def _finish(experiment: Experiment, root: Path, error: str = "") -> Finding:
    """Draw what is on disk, judge it and keep the finding beside the picture."""
    results, _ = read_results(root, experiment)
    folder = folder_of(root, experiment)
    if results.by_seed:
        draw(experiment, results, folder)
    finding = _find(experiment, root, error)
    make_folder(folder)
    write_atomically(folder / FINDING, encode_line(describe(finding)).decode())
    return finding


def describe(finding: Finding) -> dict[str, Any]:
    """Return a finding as it is kept, ready for JSON."""
    experiment = finding.experiment
    checks = finding.checks or [None] * len(experiment.requirements)
    return {
        "name": experiment.name,
        "title": experiment.name.replace("-", " "),
        "claim": experiment.claim,
        "source": experiment.source,
        "note": experiment.note,
        "verdict": finding.verdict.value,
        "error": finding.error,
        "seconds": finding.seconds,
        "seeds": list(finding.results.by_seed),
        "requirements": [
            _describe(requirement, check)
            for requirement, check in zip(experiment.requirements, checks, strict=True)
        ],
        "updated": time.time(),
    }


def _describe(requirement: Requirement, check: Check | None) -> dict[str, Any]:
    return {
        "text": requirement.text,
        "is_control": requirement.is_control,
        "is_met": None if check is None else check.is_met,
        "where": requirement.where,
        "values": [] if check is None else list(check.values),
    }


def run_unit(unit: Unit, root: Path, device: str) -> float:
    """Run one arm from one seed, keep what it gave and return the seconds it took."""
    experiment = load_experiment(unit.experiment)
    bench = Bench(folder=folder_of(root, experiment), arm=unit.arm, device=device)
    begun = time.perf_counter()
    numbers = experiment.arms[unit.arm](bench, unit.seed)
    seconds = time.perf_counter() - begun
    write_record(root, experiment, unit, Record(numbers=numbers, seconds=seconds))
    return seconds


def _missing(experiment: Experiment, root: Path, seeds: Sequence[int]) -> Iterator[Unit]:
    for seed in seeds[:1] if experiment.is_exact else seeds:
        for arm in experiment.arms:
            unit = Unit(experiment=experiment.name, arm=arm, seed=seed)
            if read_record(root, experiment, unit) is None:
                yield unit


def _run_all(
    units: Sequence[Unit], root: Path, device: str, jobs: int
) -> Iterator[tuple[Unit, float | str]]:
    """Yield each unit with its seconds, or with why it could not run."""
    if jobs == 1 or len(units) < 2:
        for unit in units:
            yield unit, _try(unit, root, device)
        return
    # Forked processes would inherit the threads of torch; these start anew.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        running: dict[Future[float | str], Unit] = {
            pool.submit(_try, unit, root, device): unit for unit in units
        }
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()


def _try(unit: Unit, root: Path, device: str) -> float | str:
    # Threads of several processes would wait for each other, and times would mean nothing.
    torch.set_num_threads(1)
    try:
        return run_unit(unit, root, device)
    except Exception as error:  # one broken arm must not cost the other experiments
        name = "" if isinstance(error, HeadwayError) else f"{type(error).__name__}: "
        return f"{unit.arm}, seed {unit.seed}: {name}{error}"
