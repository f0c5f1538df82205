"""Models that a function of the user's own Python file builds: FILE.py:FUNCTION."""

import hashlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from headway.errors import ModelError, did_you_mean
from headway.models.check import check_model
from headway.models.family import Family, ModelCard
from headway.models.options import refuse_unknown_options


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    path, function_name = _split(name)
    with _importable(path.parent):
        function = _find(_load(path), function_name, path)
        offered = {**options, "input_shape": input_shape, "num_outputs": num_outputs}
        arguments = _arguments(name, function, offered, options)
        with _blamed_on(path, f"function {function_name!r} failed"):
            model = function(**arguments)
    if not isinstance(model, nn.Module):
        raise ModelError(
            f"function {function_name!r} of {path} returned an object of type "
            f"{type(model).__name__}; expected a torch.nn.Module"
        )
    _check(model, path, input_shape=input_shape, num_outputs=num_outputs, name=name)
    return model


def _split(name: str) -> tuple[Path, str]:
    file, function = (name, "") if name.endswith(".py") else name.rsplit(":", 1)
    if not function:
        raise ModelError(
            f"model {name!r} names a file but no function; write {file}:build_model, where "
            "build_model is the function that returns the model"
        )
    path = Path(file).expanduser().resolve()
    if not path.is_file():
        siblings = [sibling.name for sibling in path.parent.glob("*.py")]
        raise ModelError(
            f"model {name!r}: there is no file {path}.{did_you_mean(path.name, siblings)}"
        )
    return path, function


@contextmanager
def _importable(folder: Path) -> Generator[None]:
    """Let the file import its neighbours, as `python FILE.py` would."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _load(path: Path) -> ModuleType:
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    spec = importlib.util.spec_from_file_location(
        f"headway_user_{path.stem}_{digest}", path
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickle look it up there
    try:
        with _blamed_on(path, "the file cannot be imported"):
            spec.loader.exec_module(module)
    except ModelError:
        del sys.modules[spec.name]
        raise
    return module


def _find(module: ModuleType, name: str, path: Path) -> Callable[..., Any]:
    names = [
        key
        for key, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__
    ]
    if not hasattr(module, name):
        listed = f" It has: {', '.join(names)}." if names else ""
        raise ModelError(
            f"{path} has no function {name!r}.{did_you_mean(name, names)}{listed}"
        )
    function = getattr(module, name)
    # An instance of nn.Module is callable too, but calling it runs its forward pass.
    if not callable(function) or isinstance(function, nn.Module):
        raise ModelError(
            f"{name!r} in {path} is an object of type {type(function).__name__}; expected "
            "a function, or a class, that builds the model when it is called"
        )
    return function


def _arguments(
    name: str,
    function: Callable[..., Any],
    offered: Mapping[str, Any],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the part of `offered` that the signature of `function` takes."""
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return dict(offered)
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    own = [p.name for p in named if p.name not in ("input_shape", "num_outputs")]
    refuse_unknown_options(name, options, own)
    for parameter in named:
        if parameter.default is parameter.empty and parameter.name not in offered:
            raise ModelError(
                f"model {name!r} needs a value for its parameter {parameter.name!r}; give "
                "it as an option of the model, or give the parameter a default"
            )
    return {p.name: offered[p.name] for p in named if p.name in offered}


def _check(
    model: nn.Module,
    path: Path,
    *,
    input_shape: tuple[int, ...],
    num_outputs: int,
    name: str,
) -> None:
    try:
        check_model(model, input_shape, num_outputs, name=name)
    except ModelError as error:
        cause = error.__cause__
        where = _line(cause, path) if cause is not None else ""
        raise ModelError(f"{error}{where and f' ({where})'}") from cause


@contextmanager
def _blamed_on(path: Path, what: str) -> Generator[None]:
    """Turn what the user's code raises into a `ModelError` that names the line."""
    try:
        yield
    except (Exception, SystemExit) as error:
        where = _line(error, path) or str(path)
        raise ModelError(f"{where}: {what}: {type(error).__name__}: {error}") from error


def _line(error: BaseException, path: Path) -> str:
    """Return the file and line of the user's file that `error` came from, or ""."""
    lines = [
        f.lineno
        for f in traceback.extract_tb(error.__traceback__)
        if f.filename == str(path)
    ]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        lines.append(error.lineno)
    return f"{path}, line {lines[-1]}" if lines else ""


FAMILY = Family(
    card=ModelCard(
        name="my_model.py:build_model",
        family="FILE.py:FUNCTION",
        description=(
            "Your own model: FUNCTION of FILE.py returns a torch.nn.Module. It is called "
            "with those of input_shape, num_outputs and the model's options that it has "
            "parameters for."
        ),
        reference="",
        options={},
    ),
    pattern=re.compile(r".+\.py(:.*)?"),
    build=_build,
    input_kinds=("image", "tabular", "sequence"),
)
