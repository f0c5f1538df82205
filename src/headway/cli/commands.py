"""The commands, each a function whose parameters are its arguments.

What needs torch is imported by the functions, so that `--help` answers at once.
"""

import os
import shlex
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from headway.cli.listing import print_models, print_runs
from headway.cli.output import print_json, print_line, print_rows, waiting
from headway.errors import DivergenceError, InputError, Interrupted

if TYPE_CHECKING:
    from headway.terminal import Display

_Data = Annotated[Positional[str | None], arg(metavar="[DATA]", help_behavior_hint="")]
_Run = Annotated[Positional[str], arg(metavar="RUN", help_behavior_hint="")]
_Files = Annotated[
    Positional[tuple[str, ...]], arg(metavar="FILE [FILE ...]", help_behavior_hint="")
]
_Root = Annotated[Positional[Path], arg(metavar="[DIR]")]
_Folder = Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="")]
_Model = Annotated[str | None, arg(metavar="NAME", help_behavior_hint="")]
_Recipe = Annotated[str, arg(metavar="NAME|FILE")]
_Settings = Annotated[
    UseAppendAction[tuple[tuple[str, ...], ...]],
    arg(name="set", metavar="PATH=VALUE [...]", help_behavior_hint="(repeatable)"),
]
_Formats = Annotated[
    tuple[Literal["onnx", "torch"], ...], arg(name="format", metavar="{onnx,torch} [...]")
]
_Flag = Annotated[bool, arg(help_behavior_hint="")]
_Json = Annotated[bool, arg(name="json", help_behavior_hint="")]
_Weights = Literal["best", "last"]
_BadData = Annotated[
    Literal["error", "skip"] | None, arg(metavar="{error,skip}", help_behavior_hint="")
]


def train(
    data: _Data = None,
    /,
    *,
    model: _Model = None,
    recipe: _Recipe = "default",
    settings: _Settings = (),
    bad_data: _BadData = None,
    out: _Folder = None,
    quiet: _Flag = False,
    as_json: _Json = False,
) -> None:
    """Train a network and keep everything about it in a run folder.

    Args:
        data: Known set (digits, mnist, fashion-mnist, emnist-letters, cifar10, cifar100) or
            path of a folder of images or of .npz, .npy, idx, .csv or .parquet files; the
            recipe's own data if left out.
        model: Network, as `headway models` lists them; the data decides if left out.
        recipe: Settings to start from: default, fast, he2015-cifar or a TOML file.
        settings: Settings to change, such as optimizer.lr=0.05 training.epochs=20.
        bad_data: Whether unreadable images and rows with missing values are an error, which
            they are if nothing is said, or are left out and reported.
        out: Run folder; a new one below runs/ if left out.
        quiet: Print nothing but errors.
        as_json: Print JSON lines.
    """
    with _display(quiet=quiet, as_json=as_json) as display:
        from headway import jobs

        jobs.train(
            data,
            model=model,
            recipe=recipe,
            overrides=[*_flat(settings), *_bad_data(bad_data)],
            out=out,
            display=display,
        )


def resume(run: _Run, /, *, quiet: _Flag = False, as_json: _Json = False) -> None:
    """Go on with a run that stopped, exactly where it was.

    Args:
        run: Run folder, or its name below runs/.
        quiet: Print nothing but errors.
        as_json: Print JSON lines.
    """
    with _display(quiet=quiet, as_json=as_json) as display:
        from headway import jobs

        jobs.resume(run, display=display)


def evaluate(
    run: _Run,
    data: _Data = None,
    /,
    *,
    weights: _Weights = "best",
    settings: _Settings = (),
    as_json: _Json = False,
) -> None:
    """Measure a trained network on the held-out test part of its data, or on other data.

    Args:
        run: Run folder, or its name below runs/.
        data: What to measure on; the run's own data if left out.
        weights: Best snapshot by validation, or newest state.
        settings: How to read other data, such as data.target=price.
        as_json: Print one JSON object.
    """
    with waiting("measuring"):
        from headway import jobs
        from headway.cli.answers import evaluation_rows

        found = jobs.evaluate(run, data, weights=weights, overrides=_flat(settings))
    if as_json:
        print_json(asdict(found))
        return
    print_rows(evaluation_rows(found))


def predict(
    run: _Run,
    files: _Files = (),
    /,
    *,
    weights: _Weights = "best",
    top: int = 3,
    as_json: _Json = False,
) -> None:
    """Apply a trained network to files.

    Args:
        run: Run folder, or its name below runs/.
        files: Images, .npy arrays of samples, or tables with the columns of the training.
        weights: Best snapshot by validation, or newest state.
        top: Classes to name for each sample; 0 for all.
        as_json: Print one JSON object for each sample.
    """
    if not files:
        raise InputError("predict needs at least one file: headway predict RUN FILE ...")
    with waiting("predicting"):
        from headway import jobs
        from headway.cli.answers import prediction_row

        predictions = jobs.predict(run, files, weights=weights, top=top)
    if as_json:
        for prediction in predictions:
            print_json(asdict(prediction))
        return
    print_rows([prediction_row(prediction) for prediction in predictions])


def export(
    run: _Run,
    /,
    *,
    formats: _Formats = ("onnx", "torch"),
    out: _Folder = None,
    weights: _Weights = "best",
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


def runs(root: _Root = Path("runs"), /, *, as_json: _Json = False) -> None:
    """List the runs in a folder, newest first.

    Args:
        root: Folder that holds run folders.
        as_json: Print one JSON object for each run.
    """
    print_runs(root, as_json=as_json)


def models(*, as_json: _Json = False) -> None:
    """List the networks that --model knows.

    Args:
        as_json: Print one JSON object for each family.
    """
    print_models(as_json=as_json)


def _flat(settings: tuple[tuple[str, ...], ...]) -> list[str]:
    if () in settings:
        raise InputError("--set needs at least one setting, such as optimizer.lr=0.05")
    return [setting for group in settings for setting in group]


@contextmanager
def _display(*, quiet: bool, as_json: bool) -> "Generator[Display]":
    """Show a training as asked for, in the first process only, and say how to go on."""
    is_silent = quiet or os.environ.get("RANK", "0") != "0"
    with waiting("loading PyTorch", is_silent=is_silent):
        from headway.terminal import make_display
    with make_display(quiet=is_silent, json=as_json) as display:
        try:
            yield display
        except (DivergenceError, Interrupted) as error:
            if display.facts is not None and display.facts.folder is not None:
                _add_way_on(error, Path(display.facts.folder))
            raise


def _add_way_on(error: DivergenceError | Interrupted, folder: Path) -> None:
    if isinstance(error, Interrupted):
        error.add_note(f"Go on with: headway resume {shlex.quote(str(folder))}")
    elif any(folder.glob("checkpoints/*")):
        error.add_note(f"The last good state is kept in {folder / 'checkpoints'}")


def _bad_data(choice: str | None) -> list[str]:
    return [] if choice is None else [f"data.bad_data={choice}"]
