"""What a user names to be examined: a function of a file that makes a training program."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader, IterableDataset

from headway.doctor.examples import BatchStream, Examples
from headway.doctor.from_setup import program_of_setup
from headway.doctor.program import MakeProgram, Program, seed_all
from headway.doctor.rows import is_by_sample, row_counts
from headway.engine import Setup
from headway.errors import TargetError, did_you_mean
from headway.models.user_code import UserFunction

_REQUIRED = ("model", "loss_fn", "optimizer", "train")
_OPTIONAL = ("val", "batch_size", "epochs", "metric", "scheduler", "shuffle", "step")
_METRICS = ("accuracy", "r2")


def load_target(name: str) -> MakeProgram:
    """Return what makes the program that FILE.py:FUNCTION describes.

    Raises:
        TargetError: If the file, the function or what it returns is not as it should be.
    """
    user = UserFunction(name, "program", "make", TargetError)
    user.check_file()
    with user.importable():
        function = user.load()

    def make(seed: int) -> Any:
        with user.importable(), user.blamed(f"function {user.function_name!r} failed"):
            return _call(function, seed)

    return maker(make, called=f"function {user.function_name!r} of {user.path}")


def maker(make: Callable[..., Any], *, called: str = "make_setup") -> MakeProgram:
    """Return what makes a `Program` from a function that returns a Setup, a dict or one.

    Args:
        make: May take `seed`.
        called: What to call it in messages.
    """

    def make_program(seed: int) -> Program:
        seed_all(seed)
        return replace(as_program(_call(make, seed), called=called), seed=seed)

    return make_program


def as_program(value: Any, *, called: str = "make_setup") -> Program:
    """Return the program that a Setup or a dict describes.

    Raises:
        TargetError: If something is missing, unknown or of a wrong type.
    """
    if isinstance(value, Program):
        return value
    if isinstance(value, Setup):
        return program_of_setup(value)
    if not isinstance(value, Mapping):
        raise TargetError(
            f"{called} returned an object of type {type(value).__name__}; expected a "
            f"headway.Setup or a dict with {', '.join(_REQUIRED)}"
        )
    _check_keys(value, called)
    _check_types(value, called)
    size, shuffle = value.get("batch_size"), value.get("shuffle", True)
    val = value.get("val")
    return Program(
        model=value["model"],
        loss_fn=value["loss_fn"],
        optimizer=value["optimizer"],
        train=_examples(value["train"], "train", called, size, shuffle),
        val=None if val is None else _examples(val, "val", called, size, False),
        epochs=value.get("epochs") or 10,
        metric=value.get("metric"),
        scheduler=value.get("scheduler"),
        step=value.get("step"),
    )


def _call(make: Callable[..., Any], seed: int) -> Any:
    """Call `make`, with the seed where it takes one."""
    try:
        parameters = inspect.signature(make).parameters.values()
    except (TypeError, ValueError):
        return make()
    takes_seed = any(p.name == "seed" or p.kind is p.VAR_KEYWORD for p in parameters)
    required = [
        p
        for p in parameters
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if takes_seed and not (
        required and required[0].kind is inspect.Parameter.POSITIONAL_ONLY
    ):
        return make(seed=seed)
    return make(seed) if len(required) == 1 else make()


def _check_keys(value: Mapping[str, Any], called: str) -> None:
    missing = [key for key in _REQUIRED if value.get(key) is None]
    unknown = [key for key in value if key not in (*_REQUIRED, *_OPTIONAL)]
    if missing:
        has = f" It has: {', '.join(map(str, value))}." if value else ""
        close = did_you_mean(missing[0], map(str, unknown))
        raise TargetError(
            f"{called} returned a dict without {', '.join(missing)}.{close}{has}"
        )
    if unknown:
        hint = did_you_mean(str(unknown[0]), (*_REQUIRED, *_OPTIONAL))
        raise TargetError(
            f"{called} returned a dict with an unknown key {unknown[0]!r}.{hint} Known: "
            f"{', '.join((*_REQUIRED, *_OPTIONAL))}"
        )


def _check_types(value: Mapping[str, Any], called: str) -> None:
    kinds: tuple[tuple[str, Any, str], ...] = (
        ("model", nn.Module, "a torch.nn.Module"),
        ("optimizer", Optimizer, "a torch.optim.Optimizer"),
    )
    for key, kind, name in kinds:
        if not isinstance(value[key], kind):
            raise TargetError(
                f"{called}: {key} is an object of type {type(value[key]).__name__}; "
                f"expected {name}"
            )
    loss_fn = value["loss_fn"]
    if inspect.isclass(loss_fn) and issubclass(loss_fn, nn.Module):
        raise TargetError(
            f"{called}: loss_fn is the class {loss_fn.__name__}; expected an instance of it: "
            f"{loss_fn.__name__}()"
        )
    for key in ("loss_fn", "step"):
        if value.get(key) is not None and not callable(value[key]):
            raise TargetError(
                f"{called}: {key} is an object of type {type(value[key]).__name__}; "
                "expected a function"
            )
    metric = value.get("metric")
    if metric is not None and not callable(metric) and metric not in _METRICS:
        raise TargetError(
            f"{called}: metric is {metric!r}; expected 'accuracy', 'r2' or a function of "
            "outputs and targets"
        )
    for key in ("batch_size", "epochs"):
        count = value.get(key)
        if count is not None and (not isinstance(count, int) or count < 1):
            raise TargetError(
                f"{called}: {key} is {count!r}; expected a whole number from 1 on"
            )


def _examples(
    value: Any, key: str, called: str, batch_size: int | None, shuffle: bool
) -> Examples:
    if isinstance(value, Examples):
        return value
    if _is_pair(value):
        *inputs, targets = map(_tensors, value)
        inputs = inputs[0] if len(inputs) == 1 else tuple(inputs)
        return _of_pair(inputs, targets, key, called, batch_size, shuffle)
    is_stream = isinstance(getattr(value, "dataset", None), IterableDataset)
    # Without a batch sampler, a loader gives what its data set holds as ready batches.
    if isinstance(value, DataLoader) and value.batch_sampler is not None and not is_stream:
        return Examples(source=value)
    if hasattr(value, "__getitem__") and hasattr(value, "__len__"):
        return Examples(source=value, batch_size=batch_size or 32, shuffle=shuffle)
    if hasattr(value, "__iter__") and not isinstance(value, (str, bytes, Mapping)):
        return Examples(source=BatchStream(value))
    raise TargetError(
        f"{called}: {key} is an object of type {type(value).__name__}; expected a pair of "
        "tensors (inputs, targets), a Dataset or a DataLoader"
    )


def _of_pair(
    inputs: Any,
    targets: Any,
    key: str,
    called: str,
    batch_size: int | None,
    shuffle: bool,
) -> Examples:
    examples = Examples(
        source=(inputs, targets), batch_size=batch_size or 32, shuffle=shuffle
    )
    given = [examples.num_samples, Examples(source=(targets, inputs)).num_samples]
    if given[0] != given[1] or not given[0]:
        raise TargetError(
            f"{called}: {key} has {given[0]} inputs and {given[1]} targets; expected as many "
            "of both, and at least one"
        )
    if not is_by_sample(inputs, targets):
        rows = ", ".join(map(str, sorted(row_counts((inputs, targets)))))
        raise TargetError(
            f"{called}: {key} has parts of {rows} rows; expected a row for each sample in "
            "every part. Give what cannot be divided, such as a graph, as ready-made batches: "
            f"{key}=DataLoader([(inputs, targets)], batch_size=None)"
        )
    return examples


def _is_pair(value: Any) -> bool:
    if not isinstance(value, (tuple, list)) or len(value) < 2:
        return False
    return isinstance(value[-1], (Tensor, np.ndarray)) or isinstance(value, tuple)


def _tensors(value: Any) -> Any:
    """Return NumPy arrays as tensors, in any structure."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if isinstance(value, Mapping):
        return {name: _tensors(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_tensors(part) for part in value)
    return value
