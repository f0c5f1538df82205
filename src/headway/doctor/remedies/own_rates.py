"""Rates that a program's own update writes, whatever the optimizer was given."""

import dis
from collections.abc import Iterator, Sequence
from itertools import pairwise
from types import CodeType, FunctionType, MethodType
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

# Functions that an update calls are looked into so deep.
_DEPTH = 3


def writes_rates(step: Any, depth: int = _DEPTH) -> bool:
    """Return whether an update sets the "lr" of a group, or has a scheduler that does.

    It is read off the code of the update and of the functions that it calls by name.
    """
    if isinstance(step, (LRScheduler, ReduceLROnPlateau)):
        return True
    function = _function_of(step)
    if function is None or depth == 0:
        return False
    # What a remedy has put around an update is no part of the program.
    is_own = not (function.__module__ or "").startswith("headway.")
    if is_own and any(map(_stores_rate, _codes(function.__code__))):
        return True
    return any(writes_rates(value, depth - 1) for value in _reached(step, function))


def scale_steps_(optimizer: Optimizer, factor: float) -> None:
    """Multiply the rates for each step of an optimizer; outside of it they stay as written."""
    _rewriting_of(optimizer).changes.append(_Scaled(factor))


def lead_steps_(optimizer: Optimizer, lr: float) -> None:
    """Make `lr` of the largest rate so far, likewise; the others keep their ratio to it."""
    _rewriting_of(optimizer).changes.append(_Led(lr))


def led_to(optimizer: Optimizer) -> float | None:
    """Return the largest rate that steps are led to, or None where they are not."""
    found = [c.lr for r in _rewritings(optimizer) for c in r.changes if isinstance(c, _Led)]
    return found[-1] if found else None


class _Scaled:
    """Multiplies all rates."""

    def __init__(self, factor: float) -> None:
        self._factor = factor

    def __call__(self, rates: list[float]) -> list[float]:
        return [self._factor * rate for rate in rates]


class _Led:
    """Makes a given rate of the largest one so far."""

    def __init__(self, lr: float) -> None:
        self.lr = lr
        self._peak = 0.0

    def __call__(self, rates: list[float]) -> list[float]:
        self._peak = max(self._peak, *rates)
        return [
            self.lr * rate / self._peak if self._peak > 0 else self.lr for rate in rates
        ]


class _Rewriting:
    """Other rates before a step, and those that were written after it."""

    def __init__(self) -> None:
        self.changes: list[_Scaled | _Led] = []
        self._written: list[float] = []

    def before(self, optimizer: Optimizer, *_: Any) -> None:
        rates = self._written = [float(group["lr"]) for group in optimizer.param_groups]
        for change in self.changes:
            rates = change(rates)
        _write(optimizer, rates)

    def after(self, optimizer: Optimizer, *_: Any) -> None:
        _write(optimizer, self._written)


def _rewriting_of(optimizer: Optimizer) -> _Rewriting:
    """Return what rewrites the rates of an optimizer, which is the same for all changes."""
    for rewriting in _rewritings(optimizer):
        return rewriting
    rewriting = _Rewriting()
    optimizer.register_step_pre_hook(rewriting.before)
    optimizer.register_step_post_hook(rewriting.after)
    return rewriting


def _rewritings(optimizer: Optimizer) -> Iterator[_Rewriting]:
    for hook in getattr(optimizer, "_optimizer_step_pre_hooks", {}).values():
        if isinstance(getattr(hook, "__self__", None), _Rewriting):
            yield hook.__self__


def _write(optimizer: Optimizer, rates: Sequence[float]) -> None:
    for group, rate in zip(optimizer.param_groups, rates, strict=False):
        group["lr"] = rate


def _function_of(step: Any) -> FunctionType | None:
    """Return the function that runs when something is called."""
    if isinstance(step, MethodType):
        step = step.__func__
    if not isinstance(step, FunctionType):
        step = getattr(type(step), "__call__", None)  # noqa: B004 - its code is looked at
    return step if isinstance(step, FunctionType) else None


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from _codes(value)


def _stores_rate(code: CodeType) -> bool:
    """Whether there is `something["lr"] = value`; what multiplies in place follows anyway."""
    names = [(i.opname, i.argval) for i in dis.get_instructions(code)]
    return any(a[1] == "lr" and b[0] == "STORE_SUBSCR" for a, b in pairwise(names))


def _reached(step: Any, function: FunctionType) -> Iterator[Any]:
    """Yield what a function refers to: globals by name, its closure, its object's parts."""
    for code in _codes(function.__code__):
        for name in code.co_names:
            if name in function.__globals__:
                yield function.__globals__[name]
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # It is not filled yet.
            continue
    if function is not step:
        owner = getattr(step, "__self__", step)
        yield from vars(owner).values() if hasattr(owner, "__dict__") else ()
