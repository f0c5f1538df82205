"""Keep logarithms, roots, quotients and exponentials finite."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from headway.doctor.finding import Cause
from headway.doctor.program import LossFn, Program
from headway.doctor.remedies.log_domain import in_log_domain
from headway.doctor.remedies.tracing import name_of
from headway.doctor.remedies.wrapping import Wrapper

_LOGARITHMS = frozenset(("log", "log2", "log10"))
_ROOTS = frozenset(("sqrt", "rsqrt"))
# Quotients by where their divisor stands.
_QUOTIENTS = {
    **dict.fromkeys(("div", "divide", "true_divide", "__truediv__", "__div__"), 1),
    **dict.fromkeys(("__rtruediv__", "__rdiv__", "reciprocal"), 0),
}


@dataclass(frozen=True)
class StableLoss:
    """Keep what the model and the loss compute by hand away from log(0), sqrt(0) and 1 / 0.

    Logarithms of softmax and sigmoid, written by hand too, are computed in one step.

    Attributes:
        eps: Smallest argument of a logarithm or a root, and smallest size of a divisor.
    """

    cause: ClassVar[Cause] = "numerics"
    eps: float = 1e-7

    def apply(self, program: Program) -> Program:
        """Return the program with guarded functions."""
        return replace(
            program,
            model=_GuardedModel(program.model, self.eps),
            loss_fn=_GuardedLoss(program.loss_fn, self.eps),
        )

    def describe(self) -> str:
        """Return what changes."""
        return f"Clamp the arguments of logarithms, roots and divisors at {self.eps:g}."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "log_p = F.log_softmax(logits, dim=-1)  # not torch.log(torch.softmax(...))\n"
            f"torch.log(p.clamp(min={self.eps:g}))  # not torch.log(p)\n"
            f"torch.sqrt(v.clamp(min={self.eps:g}))  # not torch.sqrt(v)\n"
            f"a / (b + {self.eps:g})  # not a / b"
        )


class _Guarding(TorchFunctionMode):
    def __init__(self, eps: float) -> None:
        super().__init__()
        self._eps = eps

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name, named = name_of(func), kwargs or {}
        found = in_log_domain(name, func, args, named)
        if found is not None:
            return found
        return func(*self._guarded(name, args), **named)

    def _guarded(self, name: str, args: tuple[Any, ...]) -> tuple[Any, ...]:
        if not args or not isinstance(args[0], Tensor):
            return args
        if name in _LOGARITHMS | _ROOTS:
            return (args[0].clamp(min=self._eps), *args[1:])
        if name in _QUOTIENTS:
            return self._with_divisor(args, _QUOTIENTS[name])
        if name in ("pow", "__pow__") and _is_root(args[1]):
            return (args[0].clamp(min=self._eps), *args[1:])
        return args

    def _with_divisor(self, args: tuple[Any, ...], place: int) -> tuple[Any, ...]:
        divisor = args[place]
        if not isinstance(divisor, Tensor) or not divisor.is_floating_point():
            return args
        size = divisor.abs().clamp(min=self._eps)
        safe = torch.where(divisor < 0, -size, size)
        return (*args[:place], safe, *args[place + 1 :])


class _GuardedModel(Wrapper):
    def __init__(self, model: nn.Module, eps: float) -> None:
        super().__init__(model)
        self.eps = eps

    def forward(self, *inputs: Any, **named: Any) -> Any:
        with _Guarding(self.eps):
            return self.model(*inputs, **named)


class _GuardedLoss(nn.Module):
    def __init__(self, loss_fn: LossFn, eps: float) -> None:
        super().__init__()
        self.loss_fn = loss_fn
        self.eps = eps

    def forward(self, outputs: Any, targets: Any) -> Tensor:
        with _Guarding(self.eps):
            return self.loss_fn(outputs, targets)


def _is_root(exponent: Any) -> bool:
    return (isinstance(exponent, float) and 0 < exponent < 1) or exponent == -0.5
