"""The commands that train: `headway train`, `resume` and `tune`.

What needs torch is imported by the functions, so that `--help` answers at once.
"""

import os
import shlex
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from headway.cli.arguments import (
    BadData,
    Data,
    Flag,
    Folder,
    Json,
    Model,
    Recipe,
    Run,
    Seconds,
    Settings,
    Size,
    flat_settings,
)
from headway.cli.displays import display, displays
from headway.cli.output import print_json, print_line, waiting
from headway.errors import InputError
from headway.runs import find_ensemble

if TYPE_CHECKING:
    from headway.jobs import EnsembleResult


def train(
    data: Data = None,
    /,
    *,
    model: Model = None,
    recipe: Recipe = "default",
    settings: Settings = (),
    bad_data: BadData = None,
    out: Folder = None,
    ensemble: Size = None,
    ensemble_kind: Literal["seeds", "snapshots"] = "seeds",
    quiet: Flag = False,
    as_json: Json = False,
) -> None:
    """Train a network and keep everything about it in a run folder.

    Args:
        data: Known set (digits, mnist, fashion-mnist, emnist-letters, cifar10, cifar100),
            path of a folder of images or of .npz, .npy, idx, .csv or .parquet files,
            text:FILE to learn a text, or made sequences (adding, copy, temporal-order); the
            recipe's own data if left out.
        model: Network, as `headway models` lists them; the data decides if left out.
        recipe: Settings to start from: default, fast, he2015-cifar, very-deep or a TOML
            file.
        settings: Settings to change, such as optimizer.lr=0.05 training.epochs=20.
        bad_data: Whether unreadable images and rows with missing values are an error, which
            they are if nothing is said, or are left out and reported.
        out: Run folder; a new one below runs/ if left out.
        ensemble: Train N networks whose mean answer is better than that of each; given the
            same --out again, only members that are not done.
        ensemble_kind: Members from N seeds, or N snapshots in the time of one training.
        quiet: Print nothing but errors.
        as_json: Print JSON lines.
    """
    chosen: dict[str, Any] = {
        "model": model,
        "recipe": recipe,
        "overrides": [*flat_settings(settings), *_bad_data(bad_data)],
        "out": out,
    }
    if ensemble is not None:
        with displays(quiet=quiet, as_json=as_json) as make_display:
            from headway import jobs

            result = jobs.train_ensemble(
                data, size=ensemble, kind=ensemble_kind, display=make_display, **chosen
            )
        _print_ensemble(result, quiet=quiet, as_json=as_json)
        return
    with display(quiet=quiet, as_json=as_json) as shown:
        from headway import jobs

        jobs.train(data, display=shown, **chosen)


def resume(run: Run, /, *, quiet: Flag = False, as_json: Json = False) -> None:
    """Go on with a run that stopped, exactly where it was.

    Args:
        run: Run folder or ensemble folder, or its name below runs/.
        quiet: Print nothing but errors.
        as_json: Print JSON lines.
    """
    if find_ensemble(run) is not None:
        with displays(quiet=quiet, as_json=as_json) as make_display:
            from headway import jobs

            result = jobs.resume_ensemble(run, display=make_display)
        _print_ensemble(result, quiet=quiet, as_json=as_json)
        return
    with display(quiet=quiet, as_json=as_json) as shown:
        from headway import jobs

        jobs.resume(run, display=shown)


def tune(
    data: Data = None,
    /,
    *,
    model: Model = None,
    recipe: Recipe = "default",
    settings: Settings = (),
    out: Folder = None,
    budget: Seconds = None,
    quiet: Flag = False,
    as_json: Json = False,
) -> None:
    """Find a learning rate and weight decay that train, and write the recipe to use.

    Args:
        data: As for train.
        model: Network, as `headway models` lists them; the data decides if left out.
        recipe: Settings to start from: default, fast, he2015-cifar, very-deep or a TOML
            file.
        settings: Settings to change, such as model.options.width=32.
        out: Folder for decisions and trials; a new one below runs/ if left out. Given again,
            trials that are done are not trained again.
        budget: Seconds for all of it; as many as it takes if left out.
        quiet: Print nothing but errors.
        as_json: Print JSON lines.
    """
    with waiting("loading PyTorch", is_silent=quiet):
        from headway.cli.answers import decision_line
        from headway.tune import Decision
        from headway.tune import tune as find

    def say(decision: Decision) -> None:
        if as_json:
            print_json({"event": "decision", **asdict(decision)})
        elif not quiet:
            print_line(decision_line(decision))
        sys.stdout.flush()

    result = find(
        data,
        model=model,
        recipe=recipe,
        overrides=flat_settings(settings),
        out=out,
        budget=budget,
        say=say,
    )
    if result.recipe is None:
        failed = result.decisions[-1]
        raise InputError(f"step {failed.step}, {failed.name}: {failed.text}")
    if as_json:
        print_json({"event": "end", "folder": result.folder, "command": result.command})
    elif not quiet:
        print_line(f"train: {result.command}")


def _print_ensemble(result: "EnsembleResult", *, quiet: bool, as_json: bool) -> None:
    if quiet or os.environ.get("RANK", "0") != "0":
        return
    if as_json:
        print_json({"event": "ensemble", **asdict(result)})
        return
    done = len(result.members) - len(result.trained)
    before = f", {done} of them before" if done else ""
    print_line(f"ensemble: {len(result.members)} members{before}, in {result.folder}")
    print_line(f"test: headway evaluate {shlex.quote(str(result.folder))}")


def _bad_data(choice: str | None) -> list[str]:
    return [] if choice is None else [f"data.bad_data={choice}"]
