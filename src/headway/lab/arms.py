"""Arms that train a recipe, and what several of them measure."""

import math
from collections.abc import Callable

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Numbers
from headway.recipe import Recipe
from headway.tune import Trial


def trained(recipe: Recipe, measure: Callable[[Trial], Numbers]) -> Arm:
    """Return an arm that trains `recipe` and measures what came of it.

    Args:
        recipe: What to train; the seed is that of the arm.
        measure: Reads numbers off the run and its network.
    """

    def arm(bench: Bench, seed: int) -> Numbers:
        return measure(bench.train(recipe, seed=seed))

    return arm


def errors(trial: Trial) -> Numbers:
    """Return the errors on training and on validation data at each evaluation, in percent."""
    curve = trial.curve
    return {
        "steps": curve.eval_steps,
        "train_error": [100 * (1 - value) for value in curve.train["accuracy"]],
        "val_error": [100 * (1 - value) for value in curve.val["accuracy"]],
    }


def steps_to(trial: Trial, accuracy: float) -> float:
    """Return the step at which the validation accuracy first reached `accuracy`, or inf.

    Args:
        trial: The training; it is as precise as it was evaluated often.
        accuracy: The goal, in 0..1.
    """
    curve = trial.curve
    reached = zip(curve.eval_steps, curve.val["accuracy"], strict=True)
    return float(next((step for step, value in reached if value >= accuracy), math.inf))
