"""Compute in single precision."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.remedies.mapping import with_batches
from headway.doctor.remedies.tracing import name_of
from headway.doctor.remedies.wrapping import Wrapper
from headway.errors import RemedyDoesNotFit

_HALVES = (torch.float16, torch.bfloat16)


@dataclass(frozen=True)
class Float32:
    """Keep weights and inputs in float32 instead of a half precision."""

    cause: ClassVar[Cause] = "numerics"

    def apply(self, program: Program) -> Program:
        """Return the program in single precision."""
        values = [*program.model.parameters(), *program.model.buffers()]
        if not any(v.is_floating_point() and v.element_size() < 4 for v in values):
            raise RemedyDoesNotFit("no weight is in half precision")
        program.model.float()
        program = replace(program, model=_InSingle(program.model))
        return with_batches(program, _as_float32)

    def describe(self) -> str:
        """Return what changes."""
        return "Train in float32 instead of half precision."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return "model = model.float()\nx, y = x.float(), y"


class _Casting(TorchFunctionMode):
    """Casts to float32 where code asks for a half precision."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        named: dict[str, Any] = kwargs or {}
        name = name_of(func)
        if name in ("half", "bfloat16"):
            return args[0].float()
        if name in ("to", "type"):
            args = tuple(_single(value) for value in args)
            named = {key: _single(value) for key, value in named.items()}
        return func(*args, **named)


class _InSingle(Wrapper):
    """A model whose own casts to half precision are undone."""

    def forward(self, *inputs: Any, **named: Any) -> Any:
        with _Casting():
            return self.model(*inputs, **named)


def _single(value: Any) -> Any:
    return torch.float32 if isinstance(value, torch.dtype) and value in _HALVES else value


def _as_float32(inputs: Any, targets: Any) -> tuple[Any, Any]:
    return _floats(inputs), _floats(targets)


def _floats(values: Any) -> Any:
    if isinstance(values, Tensor):
        is_half = values.is_floating_point() and values.element_size() < 4
        return values.to(torch.float32) if is_half else values
    if isinstance(values, Mapping):
        return {name: _floats(value) for name, value in values.items()}
    if isinstance(values, (tuple, list)):
        return tuple(_floats(value) for value in values)
    return values
