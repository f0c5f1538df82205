"""Step 3: the learning rate that makes the loss fall."""

import math
from dataclasses import replace

from headway.recipe import Recipe, Schedule
from headway.tune.bench import Bench
from headway.tune.decisions import Decision
from headway.tune.trial import Trial

RATES = (1e-1, 1e-2, 1e-3, 1e-4)
_STEPS = 100
_REPORTS = 10
_SMALL_DECAY = 1e-4
# Part of the first loss that counts as a significant drop.
_DROP = 0.1


def find_learning_rate(bench: Bench, first_loss: float) -> tuple[Decision, float, float]:
    """Step 3: train on all data with small weight decay for 100 steps at several rates.

    The rate with the lowest loss over its last steps is taken. One whose loss is no longer
    finite, or above where it began, is diverging.

    Args:
        bench: What is tuned; its own learning rate is tried beside 1e-1 to 1e-4.
        first_loss: Loss before training.

    Returns:
        The decision, the learning rate, and the seconds of one step.

    Reference:
        Li, Adeli and Durante, CS231n, 2024, lecture 6, part 2, "Choosing Hyperparameters".
    """
    rates = sorted({*RATES, bench.lr}, reverse=True)
    trials = {lr: bench.trial("rate", _short(bench, lr)) for lr in rates}
    losses = {lr: _last_loss(trial) for lr, trial in trials.items()}
    lr = min(losses, key=lambda rate: losses[rate])
    drop = (first_loss - losses[lr]) / first_loss
    is_passed = drop >= _DROP
    diverging = [rate for rate, loss in losses.items() if not loss <= first_loss]
    text = f"lr {lr:g} lowers the loss the most, from {first_loss:.4g} to {losses[lr]:.4g}"
    if not is_passed:
        text = (
            f"no learning rate lowers the loss within {_STEPS} steps: from {first_loss:.4g} "
            f"to {losses[lr]:.4g} at best. Look at the data and its labels"
        )
    if diverging:
        text += f"; diverging: {', '.join(f'{rate:g}' for rate in diverging)}"
    decision = Decision(
        step=3,
        name="learning rate",
        is_passed=is_passed,
        text=text,
        numbers={
            "first_loss": first_loss,
            "last_loss": {f"{rate:g}": loss for rate, loss in losses.items()},
            "lr": lr,
            "diverging": diverging,
        },
        trials=tuple(trial.run.name for trial in trials.values()),
    )
    return decision, lr, max(trial.seconds for trial in trials.values()) / _STEPS


def _short(bench: Bench, lr: float) -> Recipe:
    recipe = bench.recipe_with(lr=lr, weight_decay=_SMALL_DECAY)
    return replace(
        recipe,
        schedule=Schedule(name="constant", warmup_steps=0),
        training=replace(
            recipe.training,
            epochs=_STEPS,  # more than enough; the steps end it
            max_steps=_STEPS,
            evaluate_every=_STEPS,
            report_every=_STEPS // _REPORTS,
            patience=None,
        ),
    )


def _last_loss(trial: Trial) -> float:
    """Return the mean of the last fifth of the losses, infinite if it diverged."""
    if trial.has_diverged:
        return math.inf
    last = trial.curve.losses[-(_REPORTS // 5) :]
    loss = math.fsum(last) / len(last)
    return loss if math.isfinite(loss) else math.inf
