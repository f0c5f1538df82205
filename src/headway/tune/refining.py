"""Steps 4 and 5: a coarse grid around the rate, and longer trainings around its best."""

from dataclasses import replace

from headway.recipe import Recipe, Schedule
from headway.tune.bench import Bench
from headway.tune.decisions import Decision
from headway.tune.search import Scored, grid_search, random_search
from headway.tune.space import Choice, LogUniform, Settings, Space
from headway.tune.trial import Trial

DECAYS = (1e-4, 1e-5, 0.0)
_LR, _DECAY = "optimizer.lr", "optimizer.weight_decay"
# Most epochs of a trial, with a budget that allows them.
_COARSE_EPOCHS, _REFINED_EPOCHS = 5, 20
_REFINED = 4
# How much of the time that is left a search may plan with.
_SHARE = 0.4


class _Search:
    """Trains at points of a space and remembers the runs.

    Args:
        bench: What is tuned.
        name: What the trials are called.
        epochs: Epochs of each.
    """

    def __init__(self, bench: Bench, name: str, epochs: int) -> None:
        self.trials: list[tuple[Settings, Trial]] = []
        self._bench, self._name, self._epochs = bench, name, epochs

    def __call__(self, settings: Settings) -> float:
        """Return the score at a point; -inf once the budget is used up."""
        bench = self._bench
        if self.trials and bench.is_spent:
            return -float("inf")
        trial = bench.trial(self._name, _training(bench, settings, self._epochs))
        self.trials.append((settings, trial))
        return bench.score(trial)

    def trial_of(self, settings: Settings) -> Trial:
        """Return the run at a point."""
        return next(trial for point, trial in self.trials if point == settings)


def coarse_grid(
    bench: Bench, lr: float, seconds_per_epoch: float
) -> tuple[Decision, Settings]:
    """Step 4: three learning rates around the one found, with weight decay 1e-4, 1e-5 and 0.

    Each for 1 to 5 epochs, as many as the budget allows; 2 without one.

    Reference:
        Li, Adeli and Durante, CS231n, 2024, lecture 6, part 2, "Choosing Hyperparameters".
    """
    space = {_LR: LogUniform(lr / 10**0.5, lr * 10**0.5), _DECAY: Choice(DECAYS)}
    cost = 3 * len(DECAYS) * seconds_per_epoch
    epochs = bench.planned(
        "coarse_epochs", lambda: _epochs(bench, cost, _COARSE_EPOCHS, otherwise=2)
    )
    search = _Search(bench, "coarse", epochs)
    found = grid_search(search, space, points=3)
    decision = _decide(4, "coarse grid", bench, search, found, epochs)
    return decision, found[0].settings


def refine(
    bench: Bench, around: Settings, seconds_per_epoch: float, *, round_number: int
) -> tuple[Decision, Settings, Trial]:
    """Step 5: longer trainings near the best point, at a constant learning rate.

    Four random points within a factor of 2 of it, and the point itself, for 10 epochs; for up
    to 20, or for fewer, as a budget allows.

    Reference:
        Li, Adeli and Durante, CS231n, 2024, lecture 6, part 2, "Choosing Hyperparameters".
    """
    lr, decay = around[_LR], around[_DECAY]
    near = (decay, decay / 3.0, decay * 3.0) if decay else (0.0, 1e-5)
    space: Space = {_LR: LogUniform(lr / 2.0, lr * 2.0), _DECAY: Choice(near)}
    cost = (_REFINED + 1) * seconds_per_epoch
    epochs = bench.planned(
        f"refined_epochs_{round_number}",
        lambda: _epochs(bench, cost, _REFINED_EPOCHS, otherwise=10),
    )
    search = _Search(bench, "refined", epochs)
    itself = Scored(around, search(around))
    others = random_search(search, space, count=_REFINED, seed=round_number)
    found = sorted([itself, *others], key=lambda point: -point.score)
    decision = _decide(5, "refine", bench, search, found, epochs)
    return decision, found[0].settings, search.trial_of(found[0].settings)


def _epochs(bench: Bench, cost: float, most: int, *, otherwise: int) -> int:
    """Return as many epochs as a part of the time allows, from 1 to `most`."""
    left = bench.seconds_left
    if left is None:
        return otherwise
    return max(1, min(most, int(_SHARE * left / cost)))


def _training(bench: Bench, settings: Settings, epochs: int) -> Recipe:
    recipe = bench.recipe_with(lr=settings[_LR], weight_decay=settings[_DECAY])
    return replace(
        recipe,
        schedule=Schedule(name="constant", warmup_steps=0),
        training=replace(recipe.training, epochs=epochs, max_steps=None, patience=None),
    )


def _decide(
    step: int, name: str, bench: Bench, search: _Search, found: list[Scored], epochs: int
) -> Decision:
    best = found[0]
    monitor = bench.task.monitor
    is_passed = best.score > -float("inf")
    value = ""
    if is_passed:
        reached = search.trial_of(best.settings).run.best
        assert reached is not None
        value = f"validation {monitor} {reached['values'][f'val/{monitor}']:.4g}"
    text = (
        f"lr {best.settings[_LR]:.3g} with weight decay {best.settings[_DECAY]:.3g} is the "
        f"best of {len(search.trials)} after {epochs} epochs: {value}"
    )
    if not is_passed:
        text = f"all {len(search.trials)} trainings diverged; lower optimizer.lr"
    tried = [{**settings, "score": bench.score(trial)} for settings, trial in search.trials]
    return Decision(
        step=step,
        name=name,
        is_passed=is_passed,
        text=text,
        numbers={"epochs": epochs, "tried": tried, "best": best.settings},
        trials=tuple(trial.run.name for _, trial in search.trials),
    )
