"""Faults in the update, the optimizer, the batches and the time."""

from typing import Any

import torch
from torch import Tensor

from mutations.edit import (
    Made,
    edited,
    knob,
    need,
    remake_optimizer,
    set_batch_size,
    tensors,
)


def lr_times(factor: float) -> Any:
    """Multiply the learning rate."""
    return knob("lr", lambda lr: lr * factor)


def own_step(step: Any) -> Any:
    """Train by another update."""

    @edited
    def change(made: Made) -> None:
        need("step" not in made)
        made["step"] = step

    return change


def _without_zero_grad(model: Any, opt: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
    loss = loss_fn(_call(model, x), y)
    loss.backward()
    opt.step()
    return loss.detach()


def _zero_before_step(model: Any, opt: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
    loss = loss_fn(_call(model, x), y)
    loss.backward()
    opt.zero_grad()
    opt.step()
    return loss.detach()


def _step_before_backward(model: Any, opt: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
    opt.zero_grad()
    loss = loss_fn(_call(model, x), y)
    opt.step()
    loss.backward()
    return loss.detach()


def _no_step(model: Any, opt: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
    opt.zero_grad()
    loss = loss_fn(_call(model, x), y)
    loss.backward()
    return loss.detach()


def _penalty(model: Any, opt: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
    opt.zero_grad()
    loss = loss_fn(_call(model, x), y)
    loss = loss + 0.5 * sum(p.abs().sum() for p in model.parameters())
    loss.backward()
    opt.step()
    return loss.detach()


def _call(model: Any, x: Any) -> Any:
    return model(**x) if isinstance(x, dict) else model(x)


no_zero_grad = own_step(_without_zero_grad)
zero_before_step = own_step(_zero_before_step)
step_before_backward = own_step(_step_before_backward)
no_step = own_step(_no_step)
l1_penalty = own_step(_penalty)


@edited
def maximize(made: Made) -> None:
    """Climb instead of descending."""
    remake_optimizer(made, maximize=True)


@edited
def plain_sgd(made: Made) -> None:
    """Use plain SGD where only an adaptive optimizer gets anywhere in the time."""
    need(not isinstance(made["optimizer"], torch.optim.SGD))
    remake_optimizer(made, torch.optim.SGD, lr=1e-2)


@edited
def momentum_0999(made: Made) -> None:
    """Use a momentum that remembers a thousand steps."""
    lr = made["optimizer"].param_groups[0]["lr"]
    lr = lr if isinstance(made["optimizer"], torch.optim.SGD) else 0.02
    remake_optimizer(made, torch.optim.SGD, lr=lr, momentum=0.999)


def _is_adam(made: Made) -> bool:
    return isinstance(made["optimizer"], (torch.optim.Adam, torch.optim.AdamW))


@edited
def adam_eps_10(made: Made) -> None:
    """Give Adam an eps that is far larger than its gradients."""
    need(_is_adam(made))
    remake_optimizer(made, eps=10.0)


@edited
def adam_betas_swapped(made: Made) -> None:
    """Give Adam betas that remember the direction longer than the size."""
    need(_is_adam(made))
    remake_optimizer(made, betas=(0.999, 0.5))


@edited
def schedule_to_nothing(made: Made) -> None:
    """Divide the learning rate by a hundred after each epoch."""
    need("scheduler" not in made)
    made["scheduler"] = torch.optim.lr_scheduler.ExponentialLR(made["optimizer"], 0.01)


@edited
def weight_decay_3(made: Made) -> None:
    """Shrink the weights faster than they can grow."""
    lr = made["optimizer"].param_groups[0]["lr"]
    decoupled = isinstance(made["optimizer"], torch.optim.AdamW)
    remake_optimizer(made, weight_decay=0.3 / lr if decoupled else 1.0)


@edited
def batch_of_one(made: Made) -> None:
    """Update after every sample with the learning rate of larger batches."""
    need("step" not in made and made["epochs"] * _count(made) < 25_000)
    set_batch_size(made, 1)


@edited
def batch_of_two(made: Made) -> None:
    """Normalize over two samples."""
    names = [type(m).__name__ for m in made["model"].modules()]
    need(any("BatchNorm" in name for name in names))
    need(all(p.requires_grad for p in made["model"].parameters()))
    set_batch_size(made, 2)


@edited
def whole_set_as_batch(made: Made) -> None:
    """Do one update in each epoch."""
    need("step" not in made)
    set_batch_size(made, _count(made))


@edited
def one_epoch(made: Made) -> None:
    """Stop after the first epoch."""
    made["epochs"] = 1
    made.pop("scheduler", None)


def _count(made: Made) -> int:
    return len(tensors(made["train"])[1])
