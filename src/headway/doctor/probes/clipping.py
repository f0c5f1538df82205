"""Which function cuts a program's gradients before its optimizer sees them, and how much."""

import inspect
import math
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.overrides import TorchFunctionMode

from headway.doctor.probes.forward_trace import user_line
from headway.doctor.program import Program, seed_all

# torch's own functions, by the argument that has the bound.
_FUNCTIONS = {"clip_grad_norm_": "max_norm", "clip_grad_value_": "clip_value"}
_FILE = str(Path(torch.__file__).parent / "nn" / "utils" / "clip_grad.py")
# What programs that clip by hand call on a gradient.
_BY_HAND = frozenset({"clamp", "clamp_", "clip", "clip_"})
_UPDATES = 5


@dataclass(frozen=True, kw_only=True)
class Clipping:
    """What a program's own step does to its gradients in its first updates.

    Attributes:
        function: Its name: of torch, or "clamp" for one by hand.
        bound: What it was given, NaN where that is not known.
        line: File, number and text of the line, or "".
        norms: Norm of all gradients before it, update by update.
        kept: Share of that which is left, in the median.
        rms: Typical size of an entry of what is left, likewise.
        is_late: Whether it runs behind the step, which has used the gradients by then.
    """

    function: str
    bound: float
    line: str
    norms: tuple[float, ...]
    kept: float
    rms: float
    is_late: bool = False


def clipping_of(program: Program, seconds: float) -> Clipping | None:
    """Do some updates of a fresh program; None where none of its gradients is clipped."""
    if program.step is None:
        return None
    watch = _Watch(program)
    seed_all(program.seed)
    begun = time.perf_counter()
    for number, (inputs, targets) in enumerate(program.train.batches()):
        with watch.on():
            program.update(inputs, targets)
        if number + 1 >= _UPDATES or time.perf_counter() - begun > seconds:
            break
    return watch.facts()


class _Watch(TorchFunctionMode):
    """Looks for functions that clip, and at the gradients before and after them."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._weights = [*program.model.parameters()]
        self._function, self._bound, self._line = "", math.nan, ""
        self._before: float | None = None
        self._pairs: list[tuple[float, float]] = []
        self._entries = 1
        # Steps that had ended in this update, and had when clipping began.
        self._ended, self._ended_before = 0, 0
        # Updates whose clipping came behind all steps.
        self._late = 0

    @contextmanager
    def on(self) -> Generator[None]:
        """Watch one update inside this context."""
        handles = [
            register_optimizer_step_pre_hook(self._on_step),
            register_optimizer_step_post_hook(self._on_end),
        ]
        self._ended = 0
        try:
            with self:
                yield
        finally:
            for handle in handles:
                handle.remove()
        self._late += self._before is not None and self._ended_before > 0
        # Where a closure makes the gradients, they are left behind the step.
        self._on_step()

    def facts(self) -> Clipping | None:
        """Return what was seen."""
        pairs = [(before, after) for before, after in self._pairs if 0 < before < math.inf]
        if not pairs:
            return None
        return Clipping(
            function=self._function,
            bound=self._bound,
            line=self._line,
            norms=tuple(before for before, _ in pairs),
            kept=median(after / before for before, after in pairs),
            rms=median(after for _, after in pairs) / math.sqrt(self._entries),
            is_late=self._late == len(self._pairs),
        )

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if self._before is None:
            self._look(getattr(func, "__name__", ""), args, kwargs or {})
        return func(*args, **(kwargs or {}))

    def _look(self, name: str, args: Any, kwargs: Any) -> None:
        frame = _clipping_frame()
        if frame is not None:
            function = frame.f_code.co_name
            self._note(function, frame.f_locals.get(_FUNCTIONS[function]))
        elif name in _BY_HAND and args and self._is_gradient(args[0]):
            high = kwargs.get("max", args[2] if len(args) > 2 else None)
            self._note("clamp", high)

    def _note(self, function: str, bound: Any) -> None:
        self._before, self._ended_before = self._norm(), self._ended
        if not self._line:
            self._function, self._line = function, user_line()
            is_number = isinstance(bound, (int, float, Tensor))
            self._bound = float(bound) if is_number else math.nan

    def _is_gradient(self, tensor: Any) -> bool:
        if not isinstance(tensor, Tensor) or tensor.is_sparse:
            return False
        place = tensor.data_ptr()
        return any(g.data_ptr() == place for g in self._gradients() if not g.is_sparse)

    def _on_step(self, *_: Optimizer | Any) -> None:
        if self._before is not None:
            self._pairs.append((self._before, self._norm()))
            self._before = None

    def _on_end(self, *_: Optimizer | Any) -> None:
        self._ended += 1

    def _norm(self) -> float:
        grads = [g.coalesce().values() if g.is_sparse else g for g in self._gradients()]
        self._entries = max(1, sum(grad.numel() for grad in grads))
        return math.sqrt(sum(float(grad.float().square().sum()) for grad in grads))

    def _gradients(self) -> list[Tensor]:
        return [weight.grad.detach() for weight in self._weights if weight.grad is not None]


def _clipping_frame() -> FrameType | None:
    """Return the call of one of torch's functions that clip, where it is running."""
    frame = inspect.currentframe()
    while frame is not None:
        code = frame.f_code
        if code.co_name in _FUNCTIONS and code.co_filename == _FILE:
            return frame
        frame = frame.f_back
    return None
