"""One training of a search: an ordinary run, trained once and read ever after."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from headway.data import DataSplits
from headway.engine import Callback, Setup
from headway.errors import DivergenceError, RunError
from headway.jobs import Job, resumed_recipe
from headway.recipe import Recipe, recipe_to_dict
from headway.runs import Run, is_run
from headway.terminal import Display
from headway.tune.curves import Curve, read_curve

_TRIALS = "trials"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a training of a search left.

    Attributes:
        run: Its record.
    """

    run: Run

    @property
    def has_diverged(self) -> bool:
        """Whether its loss stopped being a number."""
        return self.run.state == "diverged"

    @cached_property
    def curve(self) -> Curve:
        """What was measured while it was trained."""
        return read_curve(self.run)

    @property
    def seconds(self) -> float:
        """Seconds from its first event to its last."""
        times = [float(event["time"]) for event in self.run.events()]
        return max(times) - min(times) if times else 0.0


def run_trial(
    folder: Path,
    name: str,
    recipe: Recipe,
    splits: DataSplits,
    *,
    follow: Callable[[Setup], Sequence[Callback]] | None = None,
) -> Trial:
    """Train with `recipe`, or read what came of it where that is done already.

    Args:
        folder: Folder of the search; the trial lies below it, named by a checksum of its
            recipe.
        name: What the trial is for, in front of the checksum.
        recipe: What to train.
        splits: The data.
        follow: Makes followers of the run; not asked where it is read.
    """
    # Pictures of each of hundreds of trainings would only fill the disk.
    logging = replace(recipe.logging, layers=False, predictions=False, report=False)
    recipe = replace(recipe, logging=logging)
    path = folder / _TRIALS / f"{name}-{_checksum(recipe, splits)}"
    if is_run(path) and Run(path).state == "running":
        raise RunError(f"{path} is being trained by another process; stop it first")
    if is_run(path) and Run(path).state in ("done", "diverged"):
        return Trial(run=Run(path))
    is_begun = is_run(path)
    chosen = resumed_recipe(Run(path)) if is_begun else recipe
    job = Job(chosen, splits)
    followers = follow(job.setup) if follow is not None else ()
    with contextlib.suppress(DivergenceError):  # the record says so
        job.run(path, followers, Display(), resume=is_begun)
    return Trial(run=Run(path))


def _checksum(recipe: Recipe, splits: DataSplits) -> str:
    text = json.dumps([recipe_to_dict(recipe), len(splits.train)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
