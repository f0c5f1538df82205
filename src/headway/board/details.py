"""Everything about one run."""

import shlex
import tomllib
from pathlib import Path
from typing import Any, cast

from headway.board.columns import Columns
from headway.board.events import Event, newest_events
from headway.board.files import Opened, read_file, stamp_of
from headway.board.numbers import plain
from headway.board.record import LIMIT_BYTES, RunFiles, read_object
from headway.board.series import metric_names
from headway.board.table import as_dict, row_of
from headway.runs import CHECKPOINTS, ENVIRONMENT, EVENTS, RECIPE

_MOST_EVENTS = 2000
_MOST_FREQUENT = 200
_MOST_FILES = 200
_SHORT = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def details_of(run: RunFiles, columns: Columns) -> dict[str, Any]:
    """Return everything about one run but its curves."""
    folder = run.place.folder
    environment, recipe = _environment(folder), _recipe(folder)
    return {
        "row": row_of(run),
        "recipe": plain(recipe),
        "settings": plain(run.settings),
        "environment": environment,
        "metrics": metric_names(columns),
        "events": _events(folder),
        "findings": run.events.findings,
        "resume": _resume(run),
        "facts": [list(fact) for fact in _facts(run, environment)],
        "damage": [as_dict(each) for each in run.damage],
        "files": _files(run),
    }


def _environment(folder: Path) -> dict[str, Any]:
    try:
        return read_object(folder / ENVIRONMENT)
    except (OSError, ValueError):  # named among the damage of the run
        return {}


def _recipe(folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_file(folder / RECIPE, limit=LIMIT_BYTES).decode())
    except (OSError, ValueError, RecursionError):
        return {}


def _events(folder: Path) -> list[Event]:
    """Return the newest events; of a file of many megabytes those near its end."""
    try:
        with Opened(folder / EVENTS) as file:
            start = max(0, file.stamp.size - LIMIT_BYTES)
            lines = file.part(start, LIMIT_BYTES)
    except OSError:
        return []
    whole = lines[: lines.rfind(b"\n") + 1]
    return newest_events(whole, most=_MOST_EVENTS, most_frequent=_MOST_FREQUENT)


def _resume(run: RunFiles) -> str | None:
    """Return the command that goes on with a run, where there is something to go on with."""
    if run.state not in ("stopped", "failed"):
        return None
    checkpoints = run.place.folder / CHECKPOINTS
    if checkpoints.is_symlink() or not any(checkpoints.glob("step-*")):
        return None
    return f"headway resume {shlex.quote(str(run.place.folder))}"


def _files(run: RunFiles) -> list[dict[str, Any]]:
    names = sorted(run.place.files)[:_MOST_FILES]
    paths = [run.place.folder / name for name in names]
    stamps = [(path.name, stamp_of(path)) for path in paths]
    return [{"name": n, "bytes": stamp.size} for n, stamp in stamps if stamp is not None]


def _facts(run: RunFiles, environment: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what one wants to know of a run before its curves, as labels and texts."""
    settings = run.settings
    facts = [
        ("data", _data(run, environment)),
        ("samples", _samples(environment)),
        ("classes", _classes(environment)),
        ("network", str(settings.get("model.name", ""))),
        ("parameters", _short(environment.get("parameters"))),
        ("multiply-adds", _short(environment.get("multiply_adds"))),
        ("optimizer", _optimizer(run)),
        ("schedule", _schedule(run)),
        ("training", _training(run)),
        ("device", _device(environment)),
        ("processor", _processor(environment)),
        ("precision", str(settings.get("precision.mode", ""))),
        ("seed", str(settings.get("seed", ""))),
        ("program", _program(environment)),
    ]
    return [(label, text) for label, text in facts if text]


def _data(run: RunFiles, environment: dict[str, Any]) -> str:
    facts = _table(environment, "data")
    shape = facts.get("input_shape")
    sizes = cast("list[Any]", shape) if isinstance(shape, list) else []
    size = " x ".join(str(each) for each in sizes)
    kind = {"image": "images", "tabular": "a table", "tokens": "symbols"}
    parts = [run.data, kind.get(str(facts.get("kind")), str(facts.get("kind", "")))]
    return ", ".join(filter(None, [*parts, size]))


def _samples(environment: dict[str, Any]) -> str:
    facts = _table(environment, "data")
    parts = (("num_train", "training"), ("num_val", "validation"), ("num_test", "test"))
    counts = [(facts.get(name), what) for name, what in parts]
    return ", ".join(f"{n:,} {what}" for n, what in counts if isinstance(n, int) and n)


def _classes(environment: dict[str, Any]) -> str:
    classes = _table(environment, "data").get("classes")
    return str(len(cast("list[Any]", classes))) if isinstance(classes, list) else ""


def _optimizer(run: RunFiles) -> str:
    values = {
        name: run.settings.get(f"optimizer.{name}")
        for name in ("name", "lr", "momentum", "weight_decay")
    }
    name = values.pop("name")
    shown = [
        f"{key.replace('_', ' ')} {value:g}"
        for key, value in values.items()
        if isinstance(value, int | float)
    ]
    return ", ".join([str(name), *shown]) if name else ""


def _schedule(run: RunFiles) -> str:
    name = run.settings.get("schedule.name")
    warmup = run.settings.get("schedule.warmup_steps")
    after = f", {warmup:,} steps of warm-up" if isinstance(warmup, int) and warmup else ""
    return f"{name}{after}" if name else ""


def _training(run: RunFiles) -> str:
    total = run.events.total_steps or run.origin.total_steps
    steps = f"{total:,} steps" if total else ""
    batches = f"batches of {run.batch_size:,}" if run.batch_size else ""
    return ", ".join(filter(None, [steps, batches]))


def _device(environment: dict[str, Any]) -> str:
    """Return the device where it was chosen; what "auto" came to is not in the record."""
    machine = _table(_table(environment, "engine"), "machine")
    device = str(machine.get("device", ""))
    return "" if device == "auto" else device


def _processor(environment: dict[str, Any]) -> str:
    cpu = _table(environment, "cpu")
    model, cores = cpu.get("model"), cpu.get("usable_cores")
    return f"{model}, {cores} cores" if model and cores else str(model or "")


def _program(environment: dict[str, Any]) -> str:
    packages = _table(environment, "packages")
    torch = packages.get("torch")
    versions = [
        f"headway {environment['headway']}" if environment.get("headway") else "",
        f"torch {torch}" if torch else "",
        f"Python {environment['python']}" if environment.get("python") else "",
    ]
    return ", ".join(filter(None, versions))


def _table(tree: dict[str, Any], name: str) -> dict[str, Any]:
    found = tree.get(name)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _short(count: Any) -> str:
    """Return a count in three digits, such as 271k."""
    if not isinstance(count, int | float):
        return ""
    scale, unit = next(((s, u) for s, u in _SHORT if count >= s), (1.0, ""))
    return f"{count / scale:.3g}{unit}"
