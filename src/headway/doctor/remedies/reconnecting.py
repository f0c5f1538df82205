"""Let the gradient through where the forward pass or the loss ends it."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from headway.doctor.finding import Cause
from headway.doctor.program import LossFn, Program, call_model
from headway.doctor.remedies.drawing import drawing
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.tracing import name_of
from headway.doctor.remedies.wrapping import Wrapper
from headway.errors import RemedyDoesNotFit

_LEAVING = frozenset(("numpy", "tolist", "item"))
_RETURNING = frozenset(("tensor", "as_tensor", "asarray", "new_tensor"))
# A gradient that differs by this share of itself is another one.
_OTHER = 0.2


@dataclass(frozen=True)
class ReconnectGradient:
    """Let gradients through where the forward pass or the loss cuts them off.

    It undoes `detach`, `.data`, `no_grad`, `torch.tensor(x)` of a tensor, and ways through
    numpy or Python that change no value; what is drawn from a normal distribution is drawn as
    mean + deviation * noise. What goes through `argmax` has no gradient.
    """

    cause: ClassVar[Cause] = "gradient_wiring"

    def apply(self, program: Program) -> Program:
        """Return the program with a forward pass and a loss that cut nothing off."""
        before = _gradients(program)
        changed = replace(
            program,
            model=_Connected(program.model),
            loss_fn=_ConnectedLoss(program.loss_fn),
        )
        if not _is_more(_gradients(changed), before):
            raise RemedyDoesNotFit(
                "no detach, .data or no_grad was found that keeps a gradient from a parameter"
            )
        return changed

    def describe(self) -> str:
        """Return what changes."""
        return "Remove the detach, .data or no_grad that cuts the gradient off."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "# in forward and in the loss: x, not x.detach(), x.data or torch.tensor(x);\n"
            "# no torch.no_grad() around layers that learn; rsample() instead of sample()"
        )


class _Connecting(TorchFunctionMode):
    """Runs code as if it ended no gradient."""

    def __init__(self) -> None:
        super().__init__()
        # Python's own values that tensors became, and those tensors.
        self._left: dict[int, tuple[Any, Tensor]] = {}
        self._from_numpy = torch.from_numpy

    def __enter__(self) -> "_Connecting":
        # The one way back that modes do not see.
        self._from_numpy = torch.from_numpy
        torch.from_numpy = self._return
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        torch.from_numpy = self._from_numpy

    def _return(self, array: Any) -> Tensor:
        found = self._origin(array)
        return self._from_numpy(array) if found is None else found

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name, named = name_of(func), kwargs or {}
        if name in ("detach", "data") and len(args) == 1 and not named:
            return args[0]
        if name == "set_grad_enabled" and args and not args[0]:
            return None
        if func is torch.normal and all(isinstance(arg, Tensor) for arg in args[:2]):
            mean, std = args[:2]
            return mean + std * torch.randn_like(mean + std)
        if name in _LEAVING and args[0].requires_grad:
            return self._leave(name, func, args)
        found = self._origin(args[-1]) if name in _RETURNING and args else None
        if found is None and name in _RETURNING and args and _holds_gradients(args[-1]):
            found = torch.stack(list(args[-1]))
        return func(*args, **named) if found is None else found

    def _leave(self, name: str, func: Any, args: tuple[Any, ...]) -> Any:
        value = func(args[0].detach(), *args[1:])
        if name == "numpy":
            value = value.view(_Remembering)
            value.origin = args[0]
        else:
            self._left[id(value)] = value, args[0]
        return value

    def _origin(self, value: Any) -> Tensor | None:
        """Return the tensor that a value is or comes from, where it is still equal."""
        if isinstance(value, Tensor):
            return value if value.requires_grad else None
        if isinstance(value, _Remembering):
            origin = value.origin
            same = origin is not None and np.array_equal(origin.detach().numpy(), value)
            return origin if same else None
        return self._left.get(id(value), (None, None))[1]


def _holds_gradients(values: Any) -> bool:
    """Whether this is a list of single numbers that were made of parameters."""
    if not isinstance(values, (list, tuple)) or not values:
        return False
    numbers = all(isinstance(value, Tensor) and value.dim() == 0 for value in values)
    return numbers and any(value.requires_grad for value in values)


class _Remembering(np.ndarray[Any, Any]):
    """An array that knows the tensor whose values it or its original had."""

    origin: Tensor | None = None

    def __array_finalize__(self, source: Any) -> None:
        self.origin = getattr(source, "origin", None)


class _Connected(Wrapper):
    """A model that ends no gradient."""

    def forward(self, *inputs: Any, **named: Any) -> Any:
        if not torch.is_grad_enabled():
            return self.model(*inputs, **named)
        with _Connecting():
            return self.model(*inputs, **named)


class _ConnectedLoss(nn.Module):
    """A loss that ends no gradient."""

    def __init__(self, loss_fn: LossFn) -> None:
        super().__init__()
        self.loss_fn = loss_fn

    def forward(self, outputs: Any, targets: Any) -> Tensor:
        with _Connecting():
            return self.loss_fn(outputs, targets)


def _is_more(connected: list[Tensor | None], before: list[Tensor | None]) -> bool:
    """Whether more parameters get a gradient, or as many another one."""
    num, num_before = (sum(g is not None for g in of) for of in (connected, before))
    if num != num_before:
        return num > num_before
    pairs = [
        (one, two)
        for one, two in zip(connected, before, strict=True)
        if one is not None and two is not None
    ]
    return any(float((one - two).norm()) > _OTHER * float(two.norm()) for one, two in pairs)


def _gradients(program: Program) -> list[Tensor | None]:
    """Return the gradients of one batch by parameter; none where there can be none."""
    inputs, targets = a_batch(program)
    wanted = [p for p in program.model.parameters() if p.requires_grad]
    buffers = {name: b.clone() for name, b in program.model.named_buffers()}
    try:
        with drawing(program):
            loss = program.loss_fn(call_model(program.model, inputs), targets)
        found = torch.autograd.grad(loss.sum(), wanted, allow_unused=True)
    except RuntimeError:
        return [None] * len(wanted)
    finally:
        for name, value in program.model.named_buffers():
            value.copy_(buffers[name])
    gradients: list[Tensor | None] = list(found)
    return [None if grad is None else grad.to_dense() for grad in gradients]
