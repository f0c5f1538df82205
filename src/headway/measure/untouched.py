"""Use a network and leave no trace in it."""

import random
import sys
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from headway.measure.describe import named_layers


@contextmanager
def untouched(model: nn.Module) -> Generator[None]:
    """Put everything back that running a network and its backward pass change.

    These are parameters and buffers, gradients (which are None at the beginning of the
    block), the flags for training and gradients, tensors that modules keep as attributes,
    and the random states of torch, NumPy and Python.

    Args:
        model: Network that is used in the block.
    """
    modules = [module for _, module in named_layers(model)]
    modules += [module for module in model.modules() if module not in set(modules)]
    with ExitStack() as stack:
        stack.enter_context(_random_states(model))
        stack.enter_context(_flags(modules))
        stack.enter_context(_kept_tensors(modules))
        stack.enter_context(_values(model, modules))
        stack.enter_context(_gradients(model))
        yield


@contextmanager
def _random_states(model: nn.Module) -> Generator[None]:
    tensors = chain(model.parameters(), model.buffers())
    devices = {tensor.device for tensor in tensors if tensor.device.type == "cuda"}
    numpy: Any = sys.modules.get("numpy")
    python_state = random.getstate()
    numpy_state = None if numpy is None else numpy.random.get_state()
    try:
        with torch.random.fork_rng(devices=list(devices)):
            yield
    finally:
        random.setstate(python_state)
        if numpy is not None:
            numpy.random.set_state(numpy_state)


@contextmanager
def _flags(modules: list[nn.Module]) -> Generator[None]:
    training = [(module, module.training) for module in modules]
    wanted = [(p, p.requires_grad) for module in modules for p in module.parameters()]
    try:
        yield
    finally:
        for module, flag in training:
            module.training = flag
        for parameter, flag in wanted:
            if parameter.requires_grad != flag:
                parameter.requires_grad_(flag)


@contextmanager
def _kept_tensors(modules: list[nn.Module]) -> Generator[None]:
    """Put back attributes such as a hidden state that the next batch goes on from."""
    before = [(module, dict(vars(module)), _tensors_in(module)) for module in modules]
    try:
        yield
    finally:
        for module, attributes, kept in before:
            for name in _tensors_in(module) | kept:
                if name in attributes:
                    vars(module)[name] = attributes[name]
                else:
                    del vars(module)[name]


def _tensors_in(module: nn.Module) -> set[str]:
    """Return the names of the plain attributes that hold tensors."""
    if hasattr(type(module), "get_config"):  # a Keras layer makes its weights as it runs
        return set()
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and _holds_tensors(value)
    }


def _holds_tensors(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(isinstance(part, Tensor) for part in cast(Iterable[Any], value))
    return isinstance(value, Tensor)


@contextmanager
def _values(model: nn.Module, modules: list[nn.Module]) -> Generator[None]:
    """Put back parameters and buffers, also buffers that a forward pass replaces."""
    buffers = [(module, dict(_buffers(module))) for module in modules]
    tensors = {id(t): t for t in chain(model.parameters(), model.buffers())}
    copies = [(t, t.detach().clone()) for t in tensors.values() if not is_lazy(t)]
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, copy in copies:
                if not torch.equal(tensor, copy):
                    tensor.copy_(copy)
        for module, before in buffers:
            for name, tensor in before.items():
                if tensor is None or not is_lazy(tensor):
                    _buffers(module)[name] = tensor


def _buffers(module: nn.Module) -> dict[str, Tensor | None]:
    return vars(module).get("_buffers", {})


@contextmanager
def _gradients(model: nn.Module) -> Generator[None]:
    before = [(p, p.grad) for p in model.parameters() if not is_lazy(p)]
    for parameter, _ in before:
        parameter.grad = None
    try:
        yield
    finally:
        for parameter, gradient in before:
            parameter.grad = gradient
