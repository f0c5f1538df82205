"""The commands, each a function whose parameters are its arguments.

What needs torch is imported by the functions, so that `--help` answers at once.
"""

import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from headway.cli.arguments import (
    BadData,
    Budget,
    Data,
    Draws,
    Flag,
    Folder,
    Formats,
    Json,
    Model,
    PatchFile,
    Recipe,
    Root,
    Run,
    RunsAndData,
    RunsAndFiles,
    Seconds,
    Settings,
    Size,
    Target,
    Views,
    Weights,
)
from headway.cli.displays import display, displays
from headway.cli.listing import print_models, print_runs
from headway.cli.output import print_json, print_line, print_rows, waiting
from headway.errors import InputError
from headway.runs import find_ensemble, is_known

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
        "overrides": [*_flat(settings), *_bad_data(bad_data)],
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


def check(
    target: Target,
    /,
    *,
    budget: Budget = 60.0,
    settings: Settings = (),
    as_json: Json = False,
) -> int:
    """Say why a training program does not learn, or that nothing is wrong with it.

    The exit code is 0 where nothing is wrong, 1 where there are errors.

    Args:
        target: FILE.py:FUNCTION, where the function returns a dict with model, loss_fn,
            optimizer, train and perhaps val, batch_size, epochs, metric, scheduler, shuffle
            and step; a run; or a recipe.
        budget: Seconds at most.
        settings: Settings of a recipe to change, such as optimizer.lr=0.05.
        as_json: Print one JSON object.
    """
    with waiting("examining"):
        from headway import jobs
        from headway.cli.findings import print_diagnosis

        found = jobs.check(target, budget=budget, overrides=_flat(settings))
    if as_json:
        print_json(found.to_json())
    else:
        print_diagnosis(found)
    return 0 if found.is_healthy else 1


def fix(
    target: Target,
    /,
    *,
    budget: Budget = 300.0,
    out: Folder = None,
    write: PatchFile = None,
    settings: Settings = (),
    as_json: Json = False,
) -> int:
    """Find what is wrong with a training program, and a change that is proved to help.

    The program itself is left as it is. The exit code is 0 where it is healthy or a change
    is proved to help, 1 where none is.

    Args:
        target: As for check.
        budget: Seconds at most, for the check, the trials, the proof and the random search.
        out: Folder that keeps finished trainings, so that a killed repair goes on.
        write: File for the change as a patch, where the change can be written as one.
        settings: Settings of a recipe to change, such as optimizer.lr=0.05.
        as_json: Print one JSON object.
    """

    def say(text: str) -> None:
        if not as_json:
            sys.stderr.write(f"{text}\n")

    from headway import jobs
    from headway.cli.repairs import print_repair, write_patch

    found = jobs.fix(target, budget=budget, out=out, overrides=_flat(settings), say=say)
    if as_json:
        print_json(found.to_json())
    else:
        print_repair(found)
    if write is not None:
        write_patch(found, write)
    return 0 if found.outcome in ("healthy", "repaired") else 1


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


def evaluate(
    words: RunsAndData = (),
    /,
    *,
    weights: Weights = "best",
    combine: Literal["predictions", "weights"] = "predictions",
    views: Views = "none",
    mc_dropout: Draws = 0,
    settings: Settings = (),
    as_json: Json = False,
) -> None:
    """Measure a trained network on the held-out test part of its data, or on other data.

    Args:
        words: Run folder or ensemble folder, or its name below runs/; several are measured
            one by one and together. Then what to measure on; the run's own data if left out.
        weights: Best snapshot by validation, or newest state.
        combine: What several networks average: their predictions, or their weights.
        views: Views of each image to average over: none, flip, shifts, ten-crop,
            multi-scale or dense.
        mc_dropout: Draws of dropout to average over, at least 2; 0 for dropout off.
        settings: How to read other data, such as data.target=price.
        as_json: Print one JSON object.
    """
    with waiting("measuring"):
        from headway import jobs
        from headway.cli.answers import evaluation_rows
        from headway.data import list_sources

        usage = "evaluate RUN [RUN ...] [DATA]"
        runs, data = _runs_and_rest(usage, words, other_names=list_sources())
        if len(data) > 1:
            raise InputError(
                f"evaluate takes one DATA after its runs, got {' and '.join(map(repr, data))}"
                f"; there is no run {data[0]!r}"
            )
        found = jobs.evaluate(
            runs,
            *data,
            weights=weights,
            combine=combine,
            views=views,
            mc_dropout=mc_dropout,
            overrides=_flat(settings),
        )
    if as_json:
        print_json(asdict(found))
        return
    print_rows(evaluation_rows(found))


def predict(
    words: RunsAndFiles = (),
    /,
    *,
    weights: Weights = "best",
    views: Views = "none",
    top: int = 3,
    as_json: Json = False,
) -> None:
    """Apply a trained network to files.

    Args:
        words: Run folder or ensemble folder, or its name below runs/; several answer
            together. Then images, .npy arrays of samples, tables with the columns of the
            training, or texts to go on with.
        weights: Best snapshot by validation, or newest state.
        views: Views of each image to average over: none, flip, shifts, ten-crop,
            multi-scale or dense.
        top: Classes to name for each sample; 0 for all.
        as_json: Print one JSON object for each sample.
    """
    runs, files = _runs_and_rest("predict RUN [RUN ...] FILE ...", words)
    if not files:
        raise InputError("predict needs at least one file: headway predict RUN FILE ...")
    with waiting("predicting"):
        from headway import jobs
        from headway.cli.answers import prediction_row

        predictions = jobs.predict(runs, files, weights=weights, views=views, top=top)
    if as_json:
        for prediction in predictions:
            print_json(asdict(prediction))
        return
    print_rows([prediction_row(found) for found in predictions if not found.text])
    for found in predictions:
        if found.text:
            print_line(f"{found.file}:\n{found.text}")


def export(
    run: Run,
    /,
    *,
    formats: Formats = ("onnx", "torch"),
    out: Folder = None,
    weights: Weights = "best",
) -> None:
    """Write a trained network, with its preprocessing, in forms that other programs run.

    Args:
        run: Run folder, or its name below runs/.
        formats: onnx for ONNX runtimes, torch for torch.export.load.
        out: Folder to write to; the run's own export/ if left out.
        weights: Best snapshot by validation, or newest state.
    """
    with waiting("exporting"):
        from headway import jobs

        paths = jobs.export(run, formats=formats, out=out, weights=weights)
    for path in paths:
        print_line(str(path))


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
        overrides=_flat(settings),
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


def runs(root: Root = Path("runs"), /, *, as_json: Json = False) -> None:
    """List the runs in a folder, newest first.

    Args:
        root: Folder that holds run folders.
        as_json: Print one JSON object for each run.
    """
    print_runs(root, as_json=as_json)


def models(*, as_json: Json = False) -> None:
    """List the networks that --model knows.

    Args:
        as_json: Print one JSON object for each family.
    """
    print_models(as_json=as_json)


def _runs_and_rest(
    usage: str, words: tuple[str, ...], *, other_names: tuple[str, ...] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Divide words where they stop being runs.

    The first word is a run, or a message will say why not. After it, a word of `other_names`
    is none, even if there is a run of that name: runs/digits is one, digits the data.
    """
    if not words:
        raise InputError(f"a run is missing: headway {usage}")
    count = 1
    while count < len(words) and words[count] not in other_names and is_known(words[count]):
        count += 1
    return words[:count], words[count:]


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


def _flat(settings: tuple[tuple[str, ...], ...]) -> list[str]:
    if () in settings:
        raise InputError("--set needs at least one setting, such as optimizer.lr=0.05")
    return [setting for group in settings for setting in group]


def _bad_data(choice: str | None) -> list[str]:
    return [] if choice is None else [f"data.bad_data={choice}"]
