"""Train several networks whose mean answer is better than that of each."""

import difflib
import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from headway.data import DataSplits
from headway.engine import join, leave, on_first_process
from headway.errors import InputError, RecipeError, RunError
from headway.jobs.description import check_same_data
from headway.jobs.training import Job, choose_recipe, new_folder, resumed_recipe
from headway.recipe import (
    Recipe,
    read_data,
    recipe_from_dict,
    recipe_to_dict,
    recipe_to_toml,
    resolve_recipe,
)
from headway.runs import (
    EnsembleKind,
    EnsembleRecord,
    Run,
    find_ensemble,
    is_ensemble,
    is_run,
    member_folder,
    open_run,
)
from headway.terminal import Display, make_display

# Schedules that fall from their start to their end within one cycle.
_CYCLES = ("cosine", "one-cycle", "linear", "polynomial", "exponential", "wsd")


@dataclass(frozen=True, kw_only=True)
class EnsembleResult:
    """What the training of an ensemble left.

    Attributes:
        folder: Folder of the ensemble.
        members: Run folders of its members.
        trained: Numbers, from 1, of the members that were trained this time.
    """

    folder: Path
    members: tuple[Path, ...]
    trained: tuple[int, ...]


def train_ensemble(
    data: str | None = None,
    *,
    size: int = 5,
    kind: EnsembleKind = "seeds",
    model: str | None = None,
    recipe: str | Recipe = "default",
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    display: Callable[[], Display] | None = None,
) -> EnsembleResult:
    """Train `size` networks into one folder; members that are done stay as they are.

    "seeds" trains each from weights of its own, with the seeds seed, seed + 1, and so on.
    "snapshots" spends the time of one training: it is cut into cycles, each a run of its own
    that starts from the best weights of the one before and goes through the whole schedule.

    Args:
        data: Name of a known set or a path; the recipe's own source where None.
        size: Number of members.
        kind: What makes the members differ.
        model: Name of a model; the recipe's own where None.
        recipe: Name of a recipe, path of a TOML file, or a recipe.
        overrides: Changes such as "optimizer.lr=0.05".
        out: Folder of the ensemble; a new one below runs/ where None.
        display: Makes what a person sees of each member.

    Raises:
        InputError: If data, recipe or model are not as they should be, `size` is below 2, or
            the folder holds something else.
        DivergenceError: If a loss is no longer finite.
        Interrupted: If a signal asked to stop; the state is saved.

    Reference:
        Hansen and Salamon, "Neural Network Ensembles", 1990 (seeds); Huang et al., "Snapshot
        Ensembles: Train 1, get M for free", 2017, section 3 (snapshots). arXiv:1704.00109.

    Example:
        >>> train_ensemble("digits", size=3).folder  # doctest: +SKIP
        PosixPath('runs/2026-11-21-0912-digits-resnet-20-ensemble')
    """
    chosen = choose_recipe(recipe, data=data, model=model, overrides=overrides)
    record = EnsembleRecord(kind=kind, size=size, recipe=recipe_to_dict(chosen))
    _check(record, chosen)
    with ExitStack() as stack:
        stack.callback(leave)
        join(chosen.machine)
        splits = read_data(chosen)
        resolved = resolve_recipe(chosen, splits.info)
        folder = on_first_process(lambda: _begin(out, record, resolved))
        return _train(folder, record, splits, display or make_display)


def resume_ensemble(
    folder: str | Path, *, display: Callable[[], Display] | None = None
) -> EnsembleResult:
    """Train the members of an ensemble that are not done yet.

    Args:
        folder: Folder of the ensemble, or its name below runs/.
        display: Makes what a person sees of each member.

    Raises:
        RunError: If there is no such ensemble, or its data has changed.
    """
    found = find_ensemble(folder)
    if found is None:
        raise RunError(f"{folder} is not an ensemble: it holds no ensemble.json")
    record = EnsembleRecord.read(found)
    chosen = recipe_from_dict(record.recipe)
    with ExitStack() as stack:
        stack.callback(leave)
        join(chosen.machine)
        return _train(found, record, read_data(chosen), display or make_display)


def _train(
    folder: Path,
    record: EnsembleRecord,
    splits: DataSplits,
    display: Callable[[], Display],
) -> EnsembleResult:
    recipes = _recipes(folder, record, splits)
    members = tuple(member_folder(folder, i + 1) for i in range(record.size))
    trained: list[int] = []
    for path in filter(is_run, members):
        check_same_data(open_run(path), splits)
    for number, (path, recipe) in enumerate(zip(members, recipes, strict=True), start=1):
        if state := on_first_process(lambda path=path: _state(path)):
            _train_member(path, recipe, splits, display, is_begun=state == "begun")
            trained.append(number)
    return EnsembleResult(folder=folder, members=members, trained=tuple(trained))


def _train_member(
    path: Path,
    recipe: Recipe,
    splits: DataSplits,
    display: Callable[[], Display],
    *,
    is_begun: bool,
) -> None:
    if is_begun:
        recipe = resumed_recipe(open_run(path))
    with display() as shown:
        Job(recipe, splits).run(path, (), shown, resume=is_begun)


def _recipes(folder: Path, record: EnsembleRecord, splits: DataSplits) -> list[Recipe]:
    """Return what each member is trained with."""
    asked = recipe_from_dict(record.recipe)
    chosen = resolve_recipe(asked, splits.info)
    if record.kind == "snapshots":
        chosen = replace(_cycle(chosen, record.size), schedule=asked.schedule)
    recipes = [replace(chosen, seed=chosen.seed + i) for i in range(record.size)]
    if record.kind == "seeds":
        return recipes
    starts = [chosen.model.init_from]
    starts += [str(member_folder(folder, i).resolve()) for i in range(1, record.size)]
    return [
        replace(recipe, model=replace(recipe.model, init_from=start))
        for recipe, start in zip(recipes, starts, strict=True)
    ]


def _cycle(recipe: Recipe, size: int) -> Recipe:
    """Return the recipe of one of `size` cycles that together last as long as `recipe`."""
    training = recipe.training
    steps = training.max_steps
    return replace(
        recipe,
        training=replace(
            training,
            epochs=math.ceil(int(training.epochs) / size),
            max_steps=None if steps is None else math.ceil(steps / size),
        ),
    )


def _state(path: Path) -> Literal["new", "begun"] | None:
    """Return whether a member is still to be trained, and None if it is done."""
    if not is_run(path):
        return "new"
    state = Run(path).state
    if state == "running":
        raise RunError(f"{path} is still being trained by another process; stop it first")
    return None if state == "done" else "begun"


def _check(record: EnsembleRecord, recipe: Recipe) -> None:
    if record.size < 2:
        raise InputError(f"an ensemble has at least 2 members, got {record.size}")
    if record.kind == "snapshots" and recipe.schedule.name not in _CYCLES:
        raise RecipeError(
            "the snapshots of an ensemble are taken where the learning rate has fallen, "
            f"once in every cycle: schedule.name must be one of {', '.join(_CYCLES)}, got "
            f"{recipe.schedule.name!r}"
        )


def _begin(out: str | Path | None, record: EnsembleRecord, resolved: Recipe) -> Path:
    """Return the folder of the ensemble, with its record; refuse one that holds another."""
    folder = new_folder(out, resolved, "-ensemble")
    if is_run(folder):
        raise RunError(f"{folder} already holds a run; choose another folder with --out.")
    if is_ensemble(folder):
        _check_same(folder, EnsembleRecord.read(folder), record)
    record.write(folder)
    return folder


def _check_same(folder: Path, old: EnsembleRecord, new: EnsembleRecord) -> None:
    """Let an ensemble of seeds grow; refuse any other change."""
    grows = old.kind == new.kind == "seeds" and new.size >= old.size
    if old.recipe == new.recipe and (grows or (old.kind, old.size) == (new.kind, new.size)):
        return
    changes = [f"{old.size} {old.kind}, now {new.size} {new.kind}"]
    if old.recipe != new.recipe:
        changes = _differences(old, new)
    raise RunError(
        f"{folder} already holds another ensemble ({'; '.join(changes)}); choose another "
        "folder with --out."
    )


def _differences(old: EnsembleRecord, new: EnsembleRecord) -> list[str]:
    before, after = (recipe_to_toml(recipe_from_dict(r.recipe)) for r in (old, new))
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[:2] in ("- ", "+ ")][:4]
