"""The step-by-step way to settings that train: check, overfit, find, search, look, repeat."""

import json
import shlex
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from headway.engine import join, leave
from headway.errors import DataError, InputError, RunError
from headway.jobs import choose_recipe, new_folder
from headway.recipe import (
    Recipe,
    read_data,
    recipe_to_dict,
    recipe_to_toml,
    resolve_recipe,
)
from headway.runs import is_ensemble, is_run
from headway.tasks import build_task, monitor_by
from headway.tune.bench import Bench
from headway.tune.decisions import Decision, write_decisions
from headway.tune.looking import look_at_curves
from headway.tune.rates import find_learning_rate
from headway.tune.refining import coarse_grid, refine
from headway.tune.space import Settings
from headway.tune.start import check_initial_loss, overfit_sample

_ASKED = "tune.json"
_RECIPE = "recipe.toml"
_ROUNDS = 2

Say = Callable[[Decision], None]


@dataclass(frozen=True, kw_only=True)
class TuneResult:
    """What the procedure came to.

    Attributes:
        folder: Decisions, trials and the recipe on disk.
        decisions: Every step that was taken.
        recipe: The recipe to use, or None if a step failed.
        command: The command that trains with it, or "".
    """

    folder: Path
    decisions: tuple[Decision, ...]
    recipe: Recipe | None
    command: str


def tune(
    data: str | None = None,
    *,
    model: str | None = None,
    recipe: str | Recipe = "default",
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    budget: float | None = None,
    say: Say | None = None,
) -> TuneResult:
    """Find a learning rate and weight decay that train, step by step.

    1 the loss before training is that of guessing; 2 a few batches can be learned by heart;
    3 a learning rate that lowers the loss within 100 steps; 4 a coarse grid around it; 5
    longer trainings near the best; 6 a look at the curves; 7 back to 5 where they ask for
    another rate or the best lies at an edge, once. A step that fails ends the procedure and
    says what is wrong. The test part is never looked at.

    Each trial is a run of its own. Called again with the same folder, trials that are done
    are read and not trained again.

    Args:
        data: Name of a known set or a path; the recipe's own source where None.
        model: Name of a model; the recipe's own where None.
        recipe: Name of a recipe, path of a TOML file, or a recipe.
        overrides: Changes such as "model.options.width=32".
        out: Folder for decisions and trials; a new one below runs/ where None.
        budget: Seconds for all of it: trials get fewer epochs, and a search ends where it is
            used up. As many as it takes where None.
        say: Hears of every decision as it is made.

    Raises:
        InputError: If data, recipe or model are not as they should be, `budget` is not above
            0, or the folder holds something else.

    Reference:
        Li, Adeli and Durante, CS231n, 2024, lecture 6, part 2, "Choosing Hyperparameters",
        steps 1 to 7.

    Example:
        >>> tune("digits", model="mlp", budget=60).command  # doctest: +SKIP
        'headway train digits --recipe runs/2026-11-21-0912-digits-mlp-tune/recipe.toml'
    """
    if budget is not None and not budget > 0.0:
        raise InputError(f"budget must be above 0 seconds, got {budget:g}")
    chosen = choose_recipe(recipe, data=data, model=model, overrides=overrides)
    with ExitStack() as stack:
        stack.callback(leave)
        join(chosen.machine)
        bench = _set_up(chosen, out, budget)
        decisions: list[Decision] = []

        def note(decision: Decision) -> bool:
            decisions.append(decision)
            write_decisions(bench.folder, decisions)
            if say is not None:
                say(decision)
            return decision.is_passed

        best = _steps(bench, note)
    if best is None:
        return TuneResult(
            folder=bench.folder, decisions=tuple(decisions), recipe=None, command=""
        )
    found, command = _write_recipe(bench, chosen, best)
    return TuneResult(
        folder=bench.folder, decisions=tuple(decisions), recipe=found, command=command
    )


def _steps(bench: Bench, note: Callable[[Decision], bool]) -> Settings | None:
    """Go through the steps; return the best settings, or None where one failed."""
    initial = check_initial_loss(bench)
    if not (note(initial) and note(overfit_sample(bench))):
        return None
    rate, lr, seconds_per_step = find_learning_rate(bench, initial.numbers["loss"])
    if not note(rate):
        return None
    seconds_per_epoch = seconds_per_step * _steps_per_epoch(bench)
    coarse, best = coarse_grid(bench, lr, seconds_per_epoch)
    if not note(coarse):
        return None
    round_number = 0
    while True:
        round_number += 1
        refined, best, trial = refine(
            bench, best, seconds_per_epoch, round_number=round_number
        )
        if not note(refined):
            return None
        look, factor = look_at_curves(bench, trial)
        note(look)
        again = _again(bench, refined, factor, is_last=round_number == _ROUNDS)
        note(again)
        if not again.numbers["again"]:
            return best
        best = {**best, "optimizer.lr": best["optimizer.lr"] * factor}


def _again(bench: Bench, refined: Decision, factor: float, *, is_last: bool) -> Decision:
    """Step 7: whether to go back to step 5."""
    tried = [point["optimizer.lr"] for point in refined.numbers["tried"]]
    lr = refined.numbers["best"]["optimizer.lr"]
    is_at_edge = len(tried) > 2 and lr in (min(tried), max(tried))
    asked = factor != 1.0 or is_at_edge
    why = "the curves ask for another learning rate" if factor != 1.0 else ""
    why = why or ("the best learning rate is the last of those tried" if is_at_edge else "")
    go = asked and not is_last and not bench.is_spent
    text = f"back to step 5: {why}" if go else "done: the best settings stand"
    if asked and not go:
        text = f"done, although {why}: " + (
            f"{_ROUNDS} rounds are enough" if is_last else "the budget is used up"
        )
    return Decision(
        step=7,
        name="go on or stop",
        is_passed=True,
        text=text,
        numbers={"again": go, "factor": factor, "is_at_edge": is_at_edge},
    )


def _set_up(chosen: Recipe, out: str | Path | None, budget: float | None) -> Bench:
    splits = read_data(chosen)
    if splits.val is None or not len(splits.val):
        raise DataError(
            f"{splits.info.name} has no validation part to choose by: data.val_fraction "
            "must be above 0"
        )
    resolved = resolve_recipe(chosen, splits.info)
    task = build_task(splits.info, splits.train.targets)
    if chosen.task.monitor != "auto":
        monitor_by(task, chosen.task.monitor)
    folder = new_folder(out, resolved, "-tune")
    _check_folder(folder, chosen)
    return Bench(
        recipe=resolved,
        splits=replace(splits, test=None),
        task=task,
        folder=folder,
        budget=budget,
    )


def _check_folder(folder: Path, chosen: Recipe) -> None:
    """Keep what is tuned; refuse a folder that holds something else."""
    if is_run(folder) or is_ensemble(folder):
        raise RunError(f"{folder} already holds a run; choose another folder with --out.")
    path = folder / _ASKED
    asked = json.dumps(recipe_to_dict(chosen), sort_keys=True)
    if path.exists() and path.read_text() != asked:
        raise RunError(
            f"{folder} holds the tuning of another recipe; choose another folder with --out."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(asked)
    except OSError as error:
        raise RunError(f"cannot write {folder}: {error.strerror}.") from error


def _steps_per_epoch(bench: Bench) -> int:
    batch_size = int(bench.recipe.training.batch_size)
    return max(1, bench.splits.info.num_train // batch_size)


def _write_recipe(bench: Bench, chosen: Recipe, best: Settings) -> tuple[Recipe, str]:
    """Write what was asked for with the best settings; return it and its command."""
    found = replace(
        chosen,
        model=bench.recipe.model,
        optimizer=replace(
            chosen.optimizer,
            name=bench.recipe.optimizer.name,
            lr=best["optimizer.lr"],
            weight_decay=best["optimizer.weight_decay"],
        ),
    )
    path = bench.folder / _RECIPE
    path.write_text(recipe_to_toml(found), encoding="utf-8")
    source = shlex.quote(found.data.source)
    return found, f"headway train {source} --recipe {shlex.quote(str(path))}"
