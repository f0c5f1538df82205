"""Examine what a user names: a program of a file, a recipe or a run."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from headway.doctor.checkup import begin, check_up
from headway.doctor.diagnosis import Diagnosis
from headway.doctor.fix import fix as fix_program
from headway.doctor.fix import fix_target
from headway.doctor.from_setup import program_of_setup
from headway.doctor.program import MakeProgram, Program, seed_all
from headway.doctor.repair import Repair
from headway.doctor.target import load_target
from headway.engine import free_cores
from headway.errors import TargetError, did_you_mean
from headway.jobs.training import choose_recipe, resumed_recipe
from headway.recipe import Recipe, build, read_data
from headway.recipe.named import RECIPES
from headway.runs import is_known, open_run


def check(target: str, *, budget: float = 60.0, overrides: Sequence[str] = ()) -> Diagnosis:
    """Say what is wrong with a training program, or that nothing is.

    Args:
        target: FILE.py:FUNCTION, where the function returns a Setup or a dict with model,
            loss_fn, optimizer and train; a recipe by name or TOML file; or a run.
        budget: Seconds at most.
        overrides: Changes of a recipe, such as "optimizer.lr=0.05".

    Raises:
        InputError: If there is no such target or it cannot be run.

    Example:
        >>> check("default", overrides=["model.name=mlp"]).is_healthy  # doctest: +SKIP
        True
    """
    _check_budget(budget)
    _take_free_cores()
    make = find_target(target, overrides)
    return check_up(make, begin(make, budget)).diagnosis


def fix(
    target: str,
    *,
    budget: float = 300.0,
    out: str | Path | None = None,
    overrides: Sequence[str] = (),
    say: Callable[[str], None] = lambda _: None,
) -> Repair:
    """Find out what is wrong with a training program, change it and prove that it helps.

    Nothing of the user's is changed.

    Args:
        target: As for `check`.
        budget: Seconds at most, for everything.
        out: Folder that keeps finished trainings, so that a killed repair goes on.
        overrides: Changes of a recipe, such as "optimizer.lr=0.05".
        say: Told in a sentence what is being done.

    Raises:
        InputError: If there is no such target or it cannot be run.
    """
    _check_budget(budget)
    _take_free_cores()
    if _names_function(target):
        _refuse(overrides, target)
        return fix_target(target, budget=budget, out=out, say=say)
    return fix_program(find_target(target, overrides), budget=budget, out=out, say=say)


def find_target(target: str, overrides: Sequence[str] = ()) -> MakeProgram:
    """Return what makes the program that a user names.

    Raises:
        InputError: If there is no such target.
    """
    if _names_function(target):
        _refuse(overrides, target)
        return load_target(target)
    if is_known(target):
        return _of_recipe(resumed_recipe(open_run(target)))
    if target in RECIPES or target.endswith(".toml"):
        return _of_recipe(choose_recipe(target, data=None, model=None, overrides=overrides))
    hint = did_you_mean(target, RECIPES)
    raise TargetError(
        f"there is nothing to check by the name {target!r}.{hint} Expected "
        "FILE.py:FUNCTION (a function that returns a dict with model, loss_fn, optimizer and "
        f"train), a run folder, a recipe ({', '.join(RECIPES)}) or a TOML file"
    )


def _names_function(target: str) -> bool:
    return target.endswith(".py") or target.rpartition(":")[0].endswith(".py")


def _refuse(overrides: Sequence[str], target: str) -> None:
    if overrides:
        raise TargetError(
            f"--set changes recipes; {target} is a program of its own: change it there"
        )


def _of_recipe(recipe: Recipe) -> MakeProgram:
    splits = read_data(recipe)

    def make(seed: int) -> Program:
        seed_all(seed)
        setup = build(replace(recipe, seed=seed), splits)
        return replace(program_of_setup(setup), seed=seed)

    return make


def _check_budget(seconds: float) -> None:
    if not seconds > 0:
        raise TargetError(f"--budget must be a number of seconds above 0, got {seconds:g}")


def _take_free_cores() -> None:
    # A busy neighbor makes steps that count on its core several times slower.
    torch.set_num_threads(min(torch.get_num_threads(), free_cores()))
