"""Run a module once without leaving a trace in it."""

from collections.abc import Generator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.parameter import is_lazy


def probe(module: nn.Module, inputs: Tensor) -> Any:
    """Return `module(inputs)` in evaluation mode, without gradients, and leave no trace.

    Buffers, training flags and random states are afterwards what they were before.
    """
    # A lazy buffer has no values yet that one could copy.
    buffers = {name: b.clone() for name, b in module.named_buffers() if not is_lazy(b)}
    with evaluating(module):
        return functional_call(module, buffers, (inputs,))


@contextmanager
def evaluating(module: nn.Module) -> Generator[None]:
    """Evaluation mode without gradients; training flags and random states come back."""
    flags = {part: part.training for part in module.modules()}
    tensors = chain(module.parameters(), module.buffers())
    devices = {tensor.device for tensor in tensors if tensor.device.type == "cuda"}
    try:
        module.eval()
        with torch.no_grad(), torch.random.fork_rng(devices=list(devices)):
            yield
    finally:
        for part, flag in flags.items():
            part.training = flag


def device_of(module: nn.Module) -> torch.device:
    """Return the device of the first parameter or buffer, or else torch's default."""
    tensors = chain(module.parameters(), module.buffers())
    return next((tensor.device for tensor in tensors), torch.get_default_device())
