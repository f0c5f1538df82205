"""Number format of the forward and backward pass."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from headway.engine.machine import has_native_bf16
from headway.engine.options import Precision

_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def resolve_precision(
    precision: Precision, device: torch.device, model: nn.Module
) -> Precision:
    """Replace "auto" by what is fastest on `device` without loss of quality.

    bfloat16 where the hardware multiplies it, never where it is emulated; channels_last where
    the model convolves. A model without convolutions stays in float32 on a CPU, where casting
    the weights costs more than its small products gain.
    """
    convolves = any(isinstance(module, nn.Conv2d) for module in model.modules())
    mode = precision.mode
    if mode == "auto":
        worth_it = device.type != "cpu" or convolves
        mode = "bf16" if worth_it and has_native_bf16(device) else "off"
    channels_last = precision.channels_last
    if channels_last == "auto":
        channels_last = convolves
    return replace(precision, mode=mode, channels_last=channels_last)


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[Any]:
    """Return a reusable context in which the model computes in the chosen format."""
    dtype = _DTYPES.get(precision.mode)
    if dtype is None:
        return nullcontext()
    return torch.autocast(device.type, dtype=dtype)


def loss_scaler(precision: Precision, device: torch.device) -> torch.amp.GradScaler | None:
    """Return the scaler that keeps small float16 gradients from vanishing, or None."""
    return torch.amp.GradScaler(device.type) if precision.mode == "fp16" else None
