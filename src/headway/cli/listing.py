"""The commands that list: `headway runs` and `headway models`."""

import json
import time
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headway.cli.arguments import Json, Root
from headway.cli.output import is_terminal, print_json, print_line, print_rows, waiting
from headway.errors import RunError
from headway.runs import Run, list_runs

if TYPE_CHECKING:
    from headway.models import ModelCard

_RUN_COLUMNS = ("name", "state", "best", "steps", "data", "model", "started")
_MODEL_COLUMNS = ("what it is", "model.options", "parameters/multiply-adds", "source")
_LESS_IMPORTANT = ("started", "data", "model")
# The first that a run has is the one that says most.
_MAIN_METRICS = ("val/bits_per_character", "val/accuracy", "val/f1", "val/r2", "val/loss")


def runs(root: Root = Path("runs"), /, *, as_json: Json = False) -> None:
    """List the runs in a folder, newest first.

    Args:
        root: Folder that holds run folders.
        as_json: Print one JSON object for each run.
    """
    if root.exists() and not root.is_dir():
        raise RunError(f"{root} is a file, not a folder of runs")
    found = [_describe(run, root) for run in list_runs(root)]
    if as_json:
        for run in found:
            print_json(run)
        return
    if not found:
        print_line(f"there are no runs in {root}; `headway train digits` makes one")
        return
    rows = [_row(run) for run in found]
    print_rows(rows, header=_RUN_COLUMNS, less_important=_LESS_IMPORTANT)


def models(*, as_json: Json = False) -> None:
    """List the networks that --model knows.

    Args:
        as_json: Print one JSON object for each family.
    """
    with waiting("loading PyTorch"):
        from headway.models import list_models
    cards = list_models()
    if as_json:
        for card in cards:
            print_json(asdict(card))
        return
    texts = [(c.description, _options(c.options), _sizes(c), c.reference) for c in cards]
    if is_terminal():
        header = ("--model", "what it is, model.options, parameters/multiply-adds, source")
        rows = [["\n".join(filter(None, row))] for row in texts]
    else:
        header = ("--model", *_MODEL_COLUMNS)
        rows = texts
    families = [card.family for card in cards]
    print_rows([[f, *row] for f, row in zip(families, rows, strict=True)], header=header)


def _describe(run: Run, root: Path) -> dict[str, Any]:
    """Return what the list shows of a run, under the names of its JSON."""
    recipe = _recipe(run)
    return {
        **run.summary(),
        # With the ensemble that it is a member of, as other commands take it.
        "name": str(run.folder.relative_to(root)),
        "total_steps": run.environment.get("total_steps"),
        "data": recipe.get("data", {}).get("source", ""),
        "model": recipe.get("model", {}).get("name", ""),
    }


def _recipe(run: Run) -> dict[str, Any]:
    try:
        return run.recipe
    except RunError as error:  # one damaged run must not hide the others
        warnings.warn(str(error), stacklevel=2)
        return {}


def _row(run: Mapping[str, Any]) -> list[str]:
    step, total = run["step"], run["total_steps"]
    return [
        run["name"],
        run["state"],
        _best(run["best"]),
        f"{step:,}" if total in (None, step) else f"{step:,} of {total:,}",
        Path(run["data"]).name,
        run["model"],
        time.strftime("%Y-%m-%d %H:%M", time.localtime(run["created"])),
    ]


def _best(event: Mapping[str, Any] | None) -> str:
    values = event["values"] if event is not None else {}
    name = next((name for name in _MAIN_METRICS if name in values), None)
    if name is None:
        return ""
    value, label = values[name], name.removeprefix("val/")
    return (
        f"{label} {value:.2%}".replace("%", " %")
        if label == "accuracy"
        else (f"{label} {value:.4g}")
    )


def _sizes(card: "ModelCard") -> str:
    """Return what the published models of a family cost, with the input in brackets."""
    costs = [
        f"{size.name} {_short(size.num_parameters)}/{_short(size.multiply_adds)}"
        for size in card.sizes
    ]
    shapes = {"x".join(map(str, size.input_shape)) for size in card.sizes}
    return f"{', '.join(costs)} ({', '.join(shapes)})" if costs else ""


def _short(count: int) -> str:
    """Return a count with three digits: 270k, 25.6M, 3.86G."""
    for unit, scale in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= scale:
            return f"{count / scale:#.3g}".rstrip(".") + unit
    return str(count)


def _options(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in options.items())


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
