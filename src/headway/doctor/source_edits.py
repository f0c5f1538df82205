"""Write a remedy into the text of a program, where it is one literal, name or call."""

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from headway.doctor.remedies.activations import SwapActivation
from headway.doctor.remedies.batches import SetBatchSize, Shuffle
from headway.doctor.remedies.duration import SetEpochs
from headway.doctor.remedies.heads import RemoveHead
from headway.doctor.remedies.losses import ReplaceLoss
from headway.doctor.remedies.optimizers import SetOptimizer
from headway.doctor.remedies.rates import ScaleLearningRate, SetLearningRate
from headway.doctor.remedies.regularization import SetDropout, SetWeightDecay
from headway.doctor.remedies.remedy import Remedy

# An expression of the text and what to write instead.
Edit = tuple[ast.expr, str]
Ways = Iterator[list[Edit]]

_OPTIMIZERS = {"SGD", "Adam", "AdamW", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta"}
_OPTIMIZER_NAMES = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}
_LOSSES = {
    "cross_entropy": "CrossEntropyLoss",
    "nll": "NLLLoss",
    "bce_with_logits": "BCEWithLogitsLoss",
    "bce": "BCELoss",
    "mse": "MSELoss",
    "smooth_l1": "SmoothL1Loss",
}
_MODULES = {
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "gelu": "GELU",
    "selu": "SELU",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "elu": "ELU",
    "softplus": "Softplus",
}
_HEADS = {"Softmax", "LogSoftmax", "Sigmoid", "Tanh", "ReLU"}
_HEAD_FUNCTIONS = {"softmax", "log_softmax", "sigmoid", "tanh", "relu"}
# These live in torch.nn.functional only.
_NOT_IN_TORCH = {"leaky_relu", "gelu", "elu", "softplus"}


def edits(text: str, remedy: Remedy) -> Iterator[str]:
    """Yield the text with the remedy written into it, once for each way to do so.

    Not every way is right: which one is, shows when the program is trained.
    """
    ways = _WAYS.get(type(remedy))
    if ways is None:
        return
    for way in ways(ast.parse(text), remedy):
        if way:
            yield _written(text, way)


def _written(text: str, way: Iterable[Edit]) -> str:
    """Return the text with expressions replaced, last ones first."""
    lines = [line.encode() for line in text.splitlines(keepends=True)]
    for node, new in sorted(
        way, key=lambda e: (e[0].lineno, e[0].col_offset), reverse=True
    ):
        assert node.end_lineno is not None
        first, last = node.lineno - 1, node.end_lineno - 1
        whole = (
            lines[first][: node.col_offset]
            + new.encode()
            + lines[last][node.end_col_offset :]
        )
        lines[first : last + 1] = [whole]
    return b"".join(lines).decode()


def _set_rate(tree: ast.Module, remedy: Any) -> Ways:
    if not remedy.warmup_steps:
        yield from _optimizer_setting(tree, "lr", lambda _: f"{remedy.lr:.6g}")


def _scale_rate(tree: ast.Module, remedy: Any) -> Ways:
    def scaled(value: ast.expr | None) -> str | None:
        known = value.value if isinstance(value, ast.Constant) else None
        return f"{known * remedy.factor:.6g}" if isinstance(known, (int, float)) else None

    yield from _optimizer_setting(tree, "lr", scaled)


def _set_decay(tree: ast.Module, remedy: Any) -> Ways:
    yield from _optimizer_setting(
        tree, "weight_decay", lambda _: f"{remedy.weight_decay:g}"
    )


def _optimizer_setting(
    tree: ast.Module, name: str, value: Callable[[ast.expr | None], str | None]
) -> Ways:
    calls = [call for call in _calls(tree) if _name(call.func) in _OPTIMIZERS]
    found = [_setting(call, name, value) for call in calls]
    yield [edit for edit in found if edit is not None]


def _setting(
    call: ast.Call, name: str, value: Callable[[ast.expr | None], str | None]
) -> Edit | None:
    """Return the edit that gives an argument of a call another value, or adds it."""
    old = next((k.value for k in call.keywords if k.arg == name), None)
    if old is None and name == "lr" and len(call.args) > 1:
        old = call.args[1]
    new = value(old)
    if new is None:
        return None
    if old is not None:
        return old, new
    inner = [ast.unparse(part) for part in (*call.args, *call.keywords)]
    return call, f"{ast.unparse(call.func)}({', '.join([*inner, f'{name}={new}'])})"


def _set_optimizer(tree: ast.Module, remedy: Any) -> Ways:
    calls = [call for call in _calls(tree) if _name(call.func) in _OPTIMIZERS and call.args]
    yield [(call, _optimizer_call(call, remedy)) for call in calls]


def _optimizer_call(call: ast.Call, remedy: Any) -> str:
    usual = {"adam": 1e-3, "adamw": 1e-3, "sgd": 0.05}[remedy.name]
    lr = usual if remedy.lr is None else remedy.lr
    momentum = ", momentum=0.9" if remedy.name == "sgd" else ""
    decay = next((k.value for k in call.keywords if k.arg == "weight_decay"), None)
    kept = f", weight_decay={ast.unparse(decay)}" if decay is not None else ""
    function = _renamed(call.func, _OPTIMIZER_NAMES[remedy.name])
    return f"{function}({ast.unparse(call.args[0])}, lr={lr:.6g}{momentum}{kept})"


def _set_batch_size(tree: ast.Module, remedy: Any) -> Ways:
    yield from _each_and_all(_values(tree, "batch_size"), str(remedy.batch_size))


def _set_epochs(tree: ast.Module, remedy: Any) -> Ways:
    yield from _each_and_all(_values(tree, "epochs"), str(remedy.epochs))


def _shuffle(tree: ast.Module, _: Any) -> Ways:
    yield from _each_and_all(_values(tree, "shuffle"), "True")


def _set_dropout(tree: ast.Module, remedy: Any) -> Ways:
    calls = [
        call for call in _calls(tree) if (_name(call.func) or "").startswith("Dropout")
    ]
    yield [(call, f"{ast.unparse(call.func)}({remedy.p:g})") for call in calls]


def _replace_loss(tree: ast.Module, remedy: Any) -> Ways:
    known = set(_LOSSES.values()) | {"L1Loss"}
    calls = [call for call in _calls(tree) if _name(call.func) in known]
    new = _LOSSES[remedy.name]
    yield [(call, f"{_renamed(call.func, new)}()") for call in calls]


def _remove_head(tree: ast.Module, _: Any) -> Ways:
    """Yield the text without one activation, the last of the text first."""
    for call in reversed(_calls(tree)):
        if _name(call.func) in _HEADS:
            yield [(call, f"{_renamed(call.func, 'Identity')}()")]
        elif _name(call.func) in _HEAD_FUNCTIONS:
            inside = call.args[0] if call.args else None
            if isinstance(call.func, ast.Attribute) and not _is_module(call.func.value):
                inside = call.func.value
            if inside is not None:
                yield [(call, ast.unparse(inside))]


def _swap_activation(tree: ast.Module, remedy: Any) -> Ways:
    """Yield the text with other activations: all of them, or all but the last."""
    found = [edit for call in _calls(tree) if (edit := _swapped(call, remedy.to))]
    found.sort(key=lambda edit: (edit[0].lineno, edit[0].col_offset))
    yield found
    yield found[:-1]


def _swapped(call: ast.Call, to: str) -> Edit | None:
    name = _name(call.func)
    if name in set(_MODULES.values()) - {_MODULES[to]}:
        return call, f"{_renamed(call.func, _MODULES[to])}()"
    if name not in _MODULES or name == to or not isinstance(call.func, ast.Attribute):
        return None
    if not _is_module(call.func.value) or not call.args:
        return None
    base = ast.unparse(call.func.value)
    if base == "torch" and to in _NOT_IN_TORCH:
        base = "torch.nn.functional"
    return call, f"{base}.{to}({ast.unparse(call.args[0])})"


def _values(tree: ast.Module, name: str) -> list[ast.expr]:
    """Return what a name is given: as an argument, in a dict, or by an assignment."""
    found: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found += [k.value for k in node.keywords if k.arg == name]
        elif isinstance(node, ast.Dict):
            found += [
                value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and key.value == name
            ]
    return found


def _each_and_all(values: list[ast.expr], new: str) -> Ways:
    for value in values:
        yield [(value, new)]
    if len(values) > 1:
        yield [(value, new) for value in values]


def _calls(tree: ast.Module) -> list[ast.Call]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return sorted(calls, key=lambda call: (call.lineno, call.col_offset))


def _name(function: ast.expr) -> str | None:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else None


def _is_module(value: ast.expr) -> bool:
    """Whether a name is that of torch or its functions, not of a tensor."""
    return ast.unparse(value) in {"torch", "F", "nn.functional", "torch.nn.functional"}


def _renamed(function: ast.expr, name: str) -> str:
    if isinstance(function, ast.Attribute):
        return f"{ast.unparse(function.value)}.{name}"
    return name


_WAYS: dict[type[Any], Callable[[ast.Module, Any], Ways]] = {
    SetLearningRate: _set_rate,
    ScaleLearningRate: _scale_rate,
    SetWeightDecay: _set_decay,
    SetOptimizer: _set_optimizer,
    SetBatchSize: _set_batch_size,
    SetEpochs: _set_epochs,
    Shuffle: _shuffle,
    SetDropout: _set_dropout,
    ReplaceLoss: _replace_loss,
    RemoveHead: _remove_head,
    SwapActivation: _swap_activation,
}
