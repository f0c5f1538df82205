"""Watch a program's own updates: where gradients arrive, how old they are, who uses them."""

import math
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from headway.doctor.probes.equal_parts import num_equal_parts
from headway.doctor.probes.update_facts import ParameterFacts, UpdateFacts
from headway.doctor.program import Program


@dataclass(eq=False)
class _Tally:
    """What is counted about one parameter."""

    name: str
    layer: str | None
    parameter: nn.Parameter
    start: Tensor
    reached: int = 0
    nonzero: int = 0
    nonfinite: int = 0
    used: int = 0
    stale: int = 0
    lost: int = 0
    steps: int = 0
    ages: list[int] = field(default_factory=list[int])
    is_pending: bool = False
    arrivals: int = 0
    first_grad: Tensor | None = None
    ascent: float = math.nan
    half: tuple[int, int] = (0, 0)


class UpdateWatch:
    """Counts what the updates of a program do, through hooks that change nothing."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.updates: list[UpdateFacts] = []
        # Optimizers stay referenced, so that a new one cannot get the id of an old one.
        self.optimizers: dict[int, Optimizer] = {}
        self._times: Counter[int] = Counter()
        self._tallies = _tallies(program)
        self._run: set[str] = set()
        self._seen: tuple[set[str], set[str]] = (set(), set())
        self._steps = self._idle = 0
        self._square = self._used_square = 0.0
        self._has_new: dict[int, bool] = {}
        self._has_gathered = False

    @contextmanager
    def on(self, *, sees_modules: bool = True) -> Generator["UpdateWatch"]:
        """Watch inside this context; without hooks in modules where those do not fit."""
        with ExitStack() as stack:
            for tally in self._tallies.values():
                if tally.parameter.requires_grad:
                    hook = tally.parameter.register_hook(self._on_gradient(tally))
                    stack.callback(hook.remove)
            modules = self.program.model.named_modules() if sees_modules else ()
            for name, module in modules:
                hook = module.register_forward_pre_hook(self._on_forward(name))
                stack.callback(hook.remove)
            stack.callback(register_optimizer_step_pre_hook(self._before_step).remove)
            stack.callback(register_optimizer_step_post_hook(self._after_step).remove)
            yield self

    def update(self, inputs: Any, targets: Any) -> None:
        """Do one update of the program and note what it did."""
        self._seen = (set(), set())
        self._steps = self._idle = 0
        self._square, self._used_square = 0.0, math.nan
        for tally in self._tallies.values():
            tally.arrivals, tally.half = 0, (0, 0)
        loss = self.program.update(inputs, targets)
        tallies = self._tallies.values()
        if not self.updates:
            for tally in tallies:
                tally.ascent = _ascent(tally)
        zeros = sum(tally.half[0] for tally in tallies)
        count = sum(tally.half[1] for tally in tallies)
        self._has_gathered |= any(len(tally.ages) > 1 for tally in tallies)
        self.updates.append(
            UpdateFacts(
                loss=_number(loss),
                backwards=max((tally.arrivals for tally in tallies), default=0),
                optimizer_steps=self._steps,
                idle_steps=self._idle,
                grad_norm=math.sqrt(self._square),
                used_grad_norm=math.sqrt(self._used_square),
                half_zero_fraction=zeros / count if count else math.nan,
                eval_layers=frozenset(self._seen[0]),
                train_layers=frozenset(self._seen[1]),
            )
        )

    @property
    def is_gathering(self) -> bool:
        """Whether gradients of several updates have been added up for one step."""
        return self._has_gathered

    @property
    def forgets(self) -> bool:
        """Whether no optimizer stepped twice, so that none could use what it kept."""
        is_once = all(times == 1 for times in self._times.values())
        return is_once and any(map(_keeps_more, self.optimizers.values()))

    def parameters(self) -> tuple[ParameterFacts, ...]:
        """Return the facts about every parameter so far."""
        held = _held(self.program.optimizer)
        for optimizer in self.optimizers.values():
            held = {**_held(optimizer), **held}
        return tuple(self._facts(tally, held) for tally in self._tallies.values())

    def _facts(self, tally: _Tally, held: dict[int, float]) -> ParameterFacts:
        parameter = tally.parameter
        grad = tally.first_grad
        return ParameterFacts(
            name=tally.name,
            layer=tally.layer,
            shape=tuple(parameter.shape),
            requires_grad=parameter.requires_grad,
            is_held=id(parameter) in held,
            lr=held.get(id(parameter)),
            reached=tally.reached,
            nonzero=tally.nonzero,
            nonfinite=tally.nonfinite,
            used=tally.used,
            stale=tally.stale,
            lost=tally.lost,
            has_moved=not torch.equal(parameter.detach(), tally.start),
            is_run=tally.layer in self._run,
            norm=float(tally.start.float().norm()),
            grad_norm=0.0 if grad is None else float(grad.float().norm()),
            ascent=tally.ascent,
            num_equal=num_equal_parts(tally.start, grad, parameter.detach()),
        )

    def _on_gradient(self, tally: _Tally) -> Any:
        def note(grad: Tensor) -> None:
            _note_arrival(tally, grad.detach())
            self._square += float(_values(grad.detach()).float().square().sum())
            for key in self._has_new:
                self._has_new[key] = True
            if not self.updates:
                dense = grad.detach().to_dense() if grad.is_sparse else grad.detach()
                first = tally.first_grad
                tally.first_grad = dense.clone() if first is None else first + dense

        return note

    def _on_forward(self, name: str) -> Any:
        def note(module: nn.Module, _: Any) -> None:
            if torch.is_grad_enabled():
                self._run.add(name)
                self._seen[module.training].add(name)

        return note

    def _before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        self.optimizers[id(optimizer)] = optimizer
        self._times[id(optimizer)] += 1
        if not _has_closure(args, kwargs):
            self._look(optimizer)

    def _after_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if _has_closure(args, kwargs):
            self._look(optimizer)
        for tally in self._of(optimizer):
            tally.steps += 1

    def _look(self, optimizer: Optimizer) -> None:
        """Note what gradients an optimizer finds."""
        self._steps += 1
        self._idle += not self._has_new.get(id(optimizer), True)
        self._has_new[id(optimizer)] = False
        square = 0.0
        for tally in self._of(optimizer):
            square += _note_use(tally)
        before = 0.0 if math.isnan(self._used_square) else self._used_square
        self._used_square = before + square

    def _of(self, optimizer: Optimizer) -> Iterator[_Tally]:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if id(parameter) in self._tallies:
                    yield self._tallies[id(parameter)]


def _keeps_more(optimizer: Optimizer) -> bool:
    """Whether an optimizer keeps something of each gradient, such as momentum."""
    return any(
        isinstance(value, Tensor) and value.dim() > 0 and value.shape == parameter.shape
        for parameter, state in optimizer.state.items()
        for value in state.values()
    )


def _note_arrival(tally: _Tally, grad: Tensor) -> None:
    values, old = _values(grad), tally.parameter.grad
    if old is None or not bool((_values(old) != 0).any()):
        tally.ages.clear()
    is_nonzero = bool((values != 0).any())
    if is_nonzero:
        tally.ages.append(tally.steps)
        tally.is_pending = True
    tally.arrivals += 1
    if tally.arrivals == 1:
        tally.reached += 1
        tally.nonzero += is_nonzero
        tally.nonfinite += not bool(torch.isfinite(values).all())
    if values.dtype is torch.float16:
        tiny = int((values.abs() < torch.finfo(values.dtype).tiny).sum())
        tally.half = (tally.half[0] + tiny, tally.half[1] + values.numel())


def _note_use(tally: _Tally) -> float:
    """Note what an optimizer finds in a parameter, and return its squared norm."""
    grad = tally.parameter.grad
    if grad is None or not bool((_values(grad) != 0).any()):
        tally.lost += tally.is_pending
        tally.is_pending = False
        return 0.0
    tally.used += 1
    # A second step with the same gradient is not what leaves old parts in it.
    tally.stale += tally.is_pending and min(tally.ages) < tally.steps
    tally.is_pending = False
    return float(_values(grad).float().square().sum())


def _tallies(program: Program) -> dict[int, _Tally]:
    named = [
        (name, name.rpartition(".")[0], parameter)
        for name, parameter in program.model.named_parameters()
    ]
    known = {id(parameter) for _, _, parameter in named}
    others = [
        (f"parameter {number} of optimizer group {group_number}", None, parameter)
        for group_number, group in enumerate(program.optimizer.param_groups)
        for number, parameter in enumerate(group["params"])
        if id(parameter) not in known
    ]
    return {
        id(parameter): _Tally(name, layer, parameter, parameter.detach().clone())
        for name, layer, parameter in [*named, *others]
        if not is_lazy(parameter)
    }


def _held(optimizer: Optimizer) -> dict[int, float]:
    """Return the learning rate of each parameter of an optimizer by its id."""
    return {
        id(parameter): float(group.get("lr", math.nan))
        for group in optimizer.param_groups
        for parameter in group["params"]
    }


def _ascent(tally: _Tally) -> float:
    """Return the cosine between the change of a parameter and its gradient."""
    if tally.first_grad is None:
        return math.nan
    change = (tally.parameter.detach() - tally.start).float().flatten()
    grad = tally.first_grad.float().flatten()
    scale = float(change.norm() * grad.norm())
    return float(change @ grad) / scale if scale > 0 else math.nan


def _values(grad: Tensor) -> Tensor:
    """Return the values of a gradient, the stored ones of a sparse one."""
    return grad.coalesce().values() if grad.is_sparse else grad


def _has_closure(args: Any, kwargs: Any) -> bool:
    return kwargs.get("closure") is not None or (len(args) > 1 and args[1] is not None)


def _number(loss: Any) -> float:
    if isinstance(loss, Tensor):
        return float(loss.detach().float().mean()) if loss.numel() else math.nan
    try:
        return float(loss)
    except (TypeError, ValueError):
        return math.nan
