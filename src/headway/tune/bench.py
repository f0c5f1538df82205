"""What every step of the procedure works with."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from headway.data import DataSplits
from headway.recipe import Recipe
from headway.tasks import AnyTask
from headway.tune.trial import Trial, run_trial

_PLAN = "plan.json"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A recipe, its data and a folder for trials.

    Attributes:
        recipe: What is tuned; resolved, so that it says everything.
        splits: The data, without its test part.
        task: What the network is trained for.
        folder: Where trials and decisions lie.
        budget: Seconds for all of it, or None for as many as it takes.
        started: When the clock of the budget began.
    """

    recipe: Recipe
    splits: DataSplits
    task: AnyTask
    folder: Path
    budget: float | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def lr(self) -> float:
        """The learning rate to start from."""
        return float(self.recipe.optimizer.lr)

    @property
    def seconds_left(self) -> float | None:
        """Seconds of the budget that are left, or None if there is none."""
        if self.budget is None:
            return None
        return self.budget - (time.monotonic() - self.started)

    @property
    def is_spent(self) -> bool:
        """Whether the budget is used up."""
        left = self.seconds_left
        return left is not None and left <= 0.0

    def trial(self, name: str, recipe: Recipe, splits: DataSplits | None = None) -> Trial:
        """Train once with `recipe`, or read what came of it before."""
        return run_trial(self.folder, name, recipe, splits or self.splits)

    def recipe_with(self, *, lr: float, weight_decay: float) -> Recipe:
        """Return the recipe with another learning rate and weight decay."""
        recipe = self.recipe
        optimizer = replace(recipe.optimizer, lr=lr, weight_decay=weight_decay)
        return replace(recipe, optimizer=optimizer)

    def score(self, trial: Trial) -> float:
        """Return how good the best evaluation of a trial is, larger being better.

        The smaller loss decides between equal ones.
        """
        best = trial.run.best
        if best is None or trial.has_diverged:
            return -float("inf")
        sign = 1.0 if self.task.monitor_mode == "max" else -1.0
        values = best["values"]
        return sign * values[f"val/{self.task.monitor}"] - 1e-6 * values["val/loss"]

    def planned(self, name: str, choose: Callable[[], int]) -> int:
        """Return a choice that depends on the time left, the same one after a restart."""
        path = self.folder / _PLAN
        plan: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        if name not in plan:
            plan[name] = choose()
            path.write_text(json.dumps(plan))
        return plan[name]
