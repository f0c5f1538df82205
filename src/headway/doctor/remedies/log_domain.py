"""Probabilities that remember their logarithms, so that log(softmax(x)) is no log(0)."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

# Attributes of a tensor: its logarithm, and that of one minus it.
_LOG, _LOG_REST = "_headway_log", "_headway_log_rest"
# Smaller summands than this only keep a logarithm finite.
_TINY = 1e-3
_SELECTIONS = frozenset(
    ("__getitem__", "gather", "index_select", "squeeze", "unsqueeze", "reshape", "view")
)
_QUOTIENTS = frozenset(("div", "true_divide", "__truediv__"))

Function = Callable[..., Any]


def in_log_domain(
    name: str, function: Function, args: tuple[Any, ...], named: dict[str, Any]
) -> Tensor | None:
    """Return what a function of probabilities is, by way of their logarithms.

    Follows exp, softmax, sigmoid, sums, quotients, selections, 1 - p and log.

    Args:
        name: The function's name.
        function: The function.
        args: Its positional arguments.
        named: Its other arguments.

    Returns:
        None where the function or its arguments are others.
    """
    if name in ("exp", "softmax", "sigmoid"):
        return _made(name, function, args, named)
    if not args:
        return None
    if name in _QUOTIENTS and len(args) == 2:
        return _quotient(args[0], args[1])
    if name in ("rsub", "__rsub__", "sub", "__sub__"):
        return _rest(name, args)
    log = getattr(args[0], _LOG, None)
    if log is None:
        return None
    if name == "log":
        return log
    return _passed_on(name, function, log, args, named)


def _made(
    name: str, function: Function, args: tuple[Any, ...], named: dict[str, Any]
) -> Tensor | None:
    """Return a new probability or exponential with its logarithm."""
    x = args[0] if args else named.get("input")
    if not isinstance(x, Tensor):
        return None
    if name == "exp":
        return _with_log(x.clamp(max=torch.finfo(x.dtype).max ** 0.5).exp(), x)
    value = function(*args, **named)
    if name == "softmax":
        rest = {key: item for key, item in named.items() if key in ("dim", "dtype")}
        return _with_log(value, F.log_softmax(x, *args[1:2], **rest))
    setattr(value, _LOG_REST, F.logsigmoid(-x))
    return _with_log(value, F.logsigmoid(x))


def _quotient(upper: Any, lower: Any) -> Tensor | None:
    logs = getattr(upper, _LOG, None), getattr(lower, _LOG, None)
    if logs[0] is None or logs[1] is None:
        return None
    log = logs[0] - logs[1]
    return _with_log(log.exp(), log)


def _rest(name: str, args: tuple[Any, ...]) -> Tensor | None:
    """Return 1 - p with its logarithm."""
    p, one = args[:2] if "rsub" in name else args[1::-1]
    log = getattr(p, _LOG_REST, None)
    if log is None or isinstance(one, Tensor) or one != 1:
        return None
    return _with_log(1 - p, log)


def _passed_on(
    name: str,
    function: Function,
    log: Tensor,
    args: tuple[Any, ...],
    named: dict[str, Any],
) -> Tensor | None:
    """Return what becomes of a probability, with what becomes of its logarithm."""
    if name == "sum" and (len(args) > 1 or "dim" in named):
        total = torch.logsumexp(log, *args[1:], **named)
        return _with_log(total.exp(), total)
    if name in _SELECTIONS:
        value = function(*args, **named)
        return _with_log(value, function(log, *args[1:], **named))
    is_sum = name in ("add", "__add__", "__iadd__")
    summands = [value for value in args if isinstance(value, float)] if is_sum else []
    is_tiny = bool(summands) and 0 <= summands[0] <= _TINY
    if name in ("clamp", "clamp_min") or is_tiny:
        return _with_log(function(*args, **named), log)
    return None


def _with_log(value: Tensor, log: Tensor) -> Tensor:
    setattr(value, _LOG, log)
    return value
