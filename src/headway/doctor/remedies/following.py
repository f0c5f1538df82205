"""Let an optimizer and a schedule follow what a remedy changes."""

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from headway.doctor.program import Program
from headway.doctor.remedies.own_rates import (
    lead_steps_,
    led_to,
    scale_steps_,
    writes_rates,
)

# What optimizers and schedulers of torch call the learning rates that they keep.
_GROUP_RATES = ("lr", "initial_lr", "max_lr", "min_lr")
_SCHEDULER_RATES = ("base_lrs", "eta_min", "min_lrs", "max_lrs", "_last_lr")
_SCHEDULER_KEYS = (*_GROUP_RATES[1:], "base_momentum", "max_momentum")


def adopt_parameters(
    program: Program, new: Iterable[Tensor], *, instead: Iterable[Tensor]
) -> None:
    """Put new parameters into the group of the old ones that they stand for or belong to.

    Old ones that are no longer in the model leave. Where the optimizer holds none of the old
    ones, it gets none of the new ones either.

    Args:
        program: Its model has changed already; its optimizer changes in place.
        new: Parameters that the optimizer may not hold yet.
        instead: Those that they replace, or those of the layer that they belong to.
    """
    old = set(instead)
    living = set(program.model.parameters())
    for group in program.optimizer.param_groups:
        held = [p for p in group["params"] if p in old]
        if held:
            added = [p for p in new if p.requires_grad and p not in set(group["params"])]
            kept = [p for p in group["params"] if p not in old or p in living]
            group["params"][:] = [*kept, *added]
            return


def peak_lr(program: Program) -> float:
    """Return the largest learning rate that the optimizer and its schedule aim at."""
    led = led_to(program.optimizer)
    if led is not None:
        return led
    return max(aimed_lr(group) for group in program.optimizer.param_groups)


def aimed_lr(group: dict[str, Any]) -> float:
    """Return the largest learning rate that one group and its schedule aim at."""
    return float(group.get("max_lr", group.get("initial_lr", group["lr"])))


def scale_rates_(program: Program, factor: float) -> None:
    """Multiply every learning rate of the optimizer and its schedule.

    Where the program's own update writes rates, those are multiplied in each step instead.
    """
    if writes_rates(program.step):
        scale_steps_(program.optimizer, factor)
        return
    for group in program.optimizer.param_groups:
        for key in _GROUP_RATES:
            if key in group:
                group[key] = group[key] * factor
    for scheduler in _schedulers(program.scheduler):
        _scale_scheduler_(scheduler, factor)


def set_rates_(program: Program, lr: float) -> None:
    """Make `lr` the largest rate; groups keep their ratios, and schedules their shape."""
    peak = peak_lr(program)
    if peak > 0 and writes_rates(program.step):
        lead_steps_(program.optimizer, lr)
        return
    if peak > 0:
        scale_rates_(program, lr / peak)
        return
    for group in program.optimizer.param_groups:
        for key in _GROUP_RATES:
            if key in group:
                group[key] = lr
    for scheduler in _schedulers(program.scheduler):
        if hasattr(scheduler, "base_lrs"):
            scheduler.base_lrs = [lr for _ in scheduler.base_lrs]
    if program.step is not None:
        rates = [lr for _ in program.optimizer.param_groups]
        program.optimizer.register_step_pre_hook(_Holding(rates))


def hold_rates_(program: Program) -> None:
    """Keep the largest rate of each group, whatever the program's own update writes."""
    rates = [aimed_lr(group) for group in program.optimizer.param_groups]
    factor = peak_lr(program) / max(rates) if max(rates) > 0 else 1.0
    holding = _Holding([rate * factor for rate in rates])
    program.optimizer.register_step_pre_hook(holding)


class _Holding:
    """Sets the rates before each step, whatever the program's own update has written."""

    def __init__(self, rates: Sequence[float]) -> None:
        self._rates = rates

    def __call__(self, optimizer: Optimizer, *_: Any) -> None:
        for group, rate in zip(optimizer.param_groups, self._rates, strict=False):
            group["lr"] = rate


def without_schedule(program: Program) -> Program:
    """Return the program with its largest learning rates held constant."""
    for group in program.optimizer.param_groups:
        group["lr"] = group.get("max_lr", group.get("initial_lr", group["lr"]))
        for key in _SCHEDULER_KEYS:
            group.pop(key, None)
    return replace(program, scheduler=None, scheduler_unit=None)


def with_optimizer(program: Program, optimizer: Optimizer) -> Program:
    """Return the program with another optimizer, which its hooks and its schedule follow.

    The rates of the new optimizer are taken as the largest; the schedule keeps its shape.
    """
    old = program.optimizer
    for hook in getattr(old, "_optimizer_step_pre_hooks", {}).values():
        optimizer.register_step_pre_hook(hook)
    for hook in getattr(old, "_optimizer_step_post_hooks", {}).values():
        optimizer.register_step_post_hook(hook)
    after = max(float(group["lr"]) for group in optimizer.param_groups)
    is_led = writes_rates(program.step)
    if is_led:
        lead_steps_(optimizer, after)
    if program.scheduler is None:
        return replace(program, optimizer=optimizer)
    before = peak_lr(program)
    # Marks the new step as one that schedulers know, without which they warn.
    LambdaLR(optimizer, lambda _: 1.0)
    for new_group, old_group in zip(optimizer.param_groups, old.param_groups, strict=True):
        for key in _SCHEDULER_KEYS:
            if key in old_group:
                new_group[key] = old_group[key]
        new_group["lr"] = old_group["lr"]
    followed = replace(
        program, optimizer=optimizer, scheduler=_moved(program.scheduler, old, optimizer)
    )
    if not is_led:
        scale_rates_(followed, after / before if before > 0 else 1.0)
    return followed


def _moved(scheduler: Any, old: Optimizer, new: Optimizer) -> Any:
    moved = copy.copy(scheduler)
    if getattr(moved, "optimizer", None) is old:
        moved.optimizer = new
    if hasattr(moved, "_schedulers"):
        moved._schedulers = [_moved(part, old, new) for part in moved._schedulers]
    return moved


def _schedulers(scheduler: Any) -> Iterator[Any]:
    """Yield a scheduler and those that it is made of."""
    if scheduler is None:
        return
    yield scheduler
    for part in getattr(scheduler, "_schedulers", ()):
        yield from _schedulers(part)


def _scale_scheduler_(scheduler: Any, factor: float) -> None:
    for key in _SCHEDULER_RATES:
        value = getattr(scheduler, key, None)
        if isinstance(value, (list, tuple)):
            setattr(scheduler, key, [rate * factor for rate in value])
        elif isinstance(value, (int, float, torch.Tensor)):
            setattr(scheduler, key, value * factor)
