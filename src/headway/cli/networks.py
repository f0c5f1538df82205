"""The commands that use what was trained: `headway evaluate`, `predict` and `export`.

What needs torch is imported by the functions, so that `--help` answers at once.
"""

from dataclasses import asdict
from typing import Literal

from headway.cli.arguments import (
    Draws,
    Folder,
    Formats,
    Json,
    Run,
    RunsAndData,
    RunsAndFiles,
    Settings,
    Views,
    Weights,
    flat_settings,
)
from headway.cli.output import print_json, print_line, print_rows, waiting
from headway.errors import InputError
from headway.runs import is_known


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
            overrides=flat_settings(settings),
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
