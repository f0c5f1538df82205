"""The treated program as code that anyone can run and train."""

import copy
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from headway.doctor.arm import Remedies, treat
from headway.doctor.examples import BatchMap, BatchStream, Examples, split_batch
from headway.doctor.patch import patch_for
from headway.doctor.program import Program
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.repair import Repair
from headway.doctor.target import load_target
from headway.errors import TargetError
from headway.models.user_code import UserFunction

_FILE = '''"""{name} with the changes of `headway fix`.

{sentences}
"""

{imports}

REMEDIES = (
{remedies}
)


def make(seed=0):
    """Return the treated program as the dict that its author's function returns."""
    return treated_setup({target!r}, REMEDIES, seed)
'''


def written(repair: Repair, name: str) -> Repair:
    """Return a repair of FILE.py:FUNCTION with its code, snippet and patch."""
    if not repair.treatment:
        return repair
    return replace(
        repair,
        code=code_of(name, repair.treatment),
        snippet=snippet_of(repair.treatment),
        patch=patch_for(name, repair.treatment),
    )


def code_of(name: str, remedies: Remedies) -> str:
    """Return a Python file with a `make(seed=0)` that makes the treated program."""
    user = _user_function(name)
    names = sorted({_import_line(part) for remedy in remedies for part in _parts(remedy)})
    return _FILE.format(
        name=f"{user.path.name}:{user.function_name}",
        sentences="\n".join(remedy.describe() for remedy in remedies),
        imports="\n".join([*names, "from headway.doctor.treated import treated_setup"]),
        remedies="\n".join(f"    {remedy!r}," for remedy in remedies),
        target=f"{user.path}:{user.function_name}",
    )


def snippet_of(remedies: Remedies) -> str:
    """Return the changes as lines of plain PyTorch, each below what it does."""
    return "\n\n".join(f"# {remedy.describe()}\n{remedy.snippet()}" for remedy in remedies)


def treated_setup(name: str, remedies: Iterable[Remedy], seed: int = 0) -> Any:
    """Return the treated program of FILE.py:FUNCTION in the form that users write.

    Raises:
        TargetError: If the file or what its function returns is not as it should be.
    """
    return as_setup(treat(load_target(name)(seed), remedies))


def as_setup(program: Program) -> Any:
    """Return a program as the dict that any loop can train: model, loss_fn, optimizer, train.

    Data are tensors, a Dataset or a loader, as they were, with the changes of their batches
    made. A program whose schedule is not stepped as usual for its kind is returned as it is,
    because a dict has no word for that.
    """
    if program.scheduler_unit is not None:
        return program
    values: dict[str, Any] = {
        "model": program.model,
        "loss_fn": program.loss_fn,
        "optimizer": program.optimizer,
        "train": _data(program.train),
        "val": _data(program.val) if program.val is not None else None,
        "epochs": program.epochs,
        "metric": program.metric,
        "scheduler": program.scheduler,
        "step": program.step,
    }
    if not program.train.decides_itself:
        values["batch_size"] = program.train.batch_size
        values["shuffle"] = program.train.shuffle
    return {key: value for key, value in values.items() if value is not None}


def source_of_target(name: str) -> str:
    """Return the text that decides what FILE.py:FUNCTION makes, or its name if unreadable."""
    user = _user_function(name)
    text = user.path.read_text(encoding="utf-8") if user.path.is_file() else ""
    return f"{user.path}:{user.function_name}\n{text}"


def source_of(make: Callable[..., Any]) -> str:
    """Return the text of a function, or its name where the text is not to be had."""
    try:
        return inspect.getsource(make)
    except (OSError, TypeError):
        return getattr(make, "__qualname__", repr(make))


def _user_function(name: str) -> UserFunction:
    return UserFunction(name, "program", "make", TargetError)


def _parts(value: Any) -> Iterator[Any]:
    """Yield a remedy and the dataclasses that its `repr` names."""
    if is_dataclass(value) and not isinstance(value, type):
        yield value
        for field in fields(value):
            yield from _parts(getattr(value, field.name))
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _parts(part)


def _import_line(part: Any) -> str:
    return f"from {type(part).__module__} import {type(part).__name__}"


def _data(examples: Examples) -> Any:
    source, maps = examples.source, examples.maps
    if not maps:
        return _plain(source)
    if isinstance(source, tuple):
        return examples.first(examples.num_samples)
    if isinstance(source, DataLoader):
        loader = copy.copy(source)
        loader.collate_fn = _MappedCollate(source.collate_fn, maps)
        return loader
    if isinstance(source, BatchStream):
        return _MappedBatches(examples)
    return _MappedDataset(examples)


def _plain(source: Any) -> Any:
    """Return a data set that was taken out of its loader as itself."""
    is_default = getattr(source, "collate_fn", None) is torch.utils.data.default_collate
    wraps = is_default and not isinstance(source, DataLoader)
    return source.dataset if wraps else source


class _MappedCollate:
    """What makes a batch of samples, with changes of the batch."""

    def __init__(self, collate: Callable[[Any], Any], maps: tuple[BatchMap, ...]) -> None:
        self._collate, self._maps = collate, maps

    def __call__(self, samples: Any) -> Any:
        inputs, targets = split_batch(self._collate(samples))
        for change in self._maps:
            inputs, targets = change(inputs, targets)
        return inputs, targets


class _MappedBatches:
    """Batches of a stream, with changes of each."""

    def __init__(self, examples: Examples) -> None:
        self._examples = examples

    def __iter__(self) -> Iterator[Any]:
        return self._examples.batches()

    def __len__(self) -> int:
        return self._examples.num_batches


class _MappedDataset(Dataset[Any]):
    """A data set with changes of each sample."""

    def __init__(self, examples: Examples) -> None:
        self._examples = examples

    def __len__(self) -> int:
        return self._examples.num_samples

    def __getitem__(self, number: int) -> Any:
        inputs, targets = self._examples.pick(torch.tensor([number]))
        return _only(inputs), _only(targets)


def _only(values: Any) -> Any:
    """Return the one sample of a batch of one."""
    if isinstance(values, Mapping):
        return {name: _only(value) for name, value in values.items()}
    if isinstance(values, (tuple, list)):
        return tuple(_only(value) for value in values)
    return values[0]
