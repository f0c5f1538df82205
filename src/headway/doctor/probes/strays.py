"""Whether a loss compares an output with the target of another sample or place."""

import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from headway.doctor.task import TaskFacts, class_axis

# Targets that are changed one at a time, and samples of a batch that are looked at.
_PROBES = 4
_SAMPLES = 16
# An output whose own target was changed has less than this share of the largest change.
_UNMOVED = 0.05
_CANNOT = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError)


@dataclass(frozen=True, kw_only=True)
class Strays:
    """Where the gradient of a loss changes when a target is changed.

    Attributes:
        samples: Whether it changes in other samples and not in that of the target.
        places: Whether it changes at other places of the sample, which are no fixed number
            of steps away.
    """

    samples: bool = False
    places: bool = False


def find_strays(loss_fn: Any, outputs: Any, targets: Any, task: TaskFacts) -> Strays:
    """Change single targets of a batch and see which outputs the loss then pulls elsewhere."""
    if not isinstance(outputs, Tensor) or not isinstance(targets, Tensor):
        return Strays()
    if task.kind == "unknown" or len(outputs) != len(targets) or len(targets) < 3:
        return Strays()
    output, target = outputs[:_SAMPLES].detach().float(), targets[:_SAMPLES]
    with torch.enable_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        # Outputs of an untrained network are nearly equal.
        scale = output.std().clamp(min=1e-3)
        output = output + scale * torch.randn_like(output)
        try:
            return Strays(
                samples=_are_samples_off(loss_fn, output, target),
                places=_are_places_off(loss_fn, output, target, task),
            )
        except _CANNOT:
            return Strays()


def _are_samples_off(loss_fn: Any, output: Tensor, target: Tensor) -> bool:
    pairs = [
        (i, j)
        for i in range(len(target))
        for j in [(i + 1) % len(target)]
        if not torch.equal(target[i], target[j])
    ][:_PROBES]
    before = _gradient(loss_fn, output, target)
    seen: list[bool] = []
    for i, j in pairs:
        changed = target.clone()
        changed[i] = target[j]
        moved = (_gradient(loss_fn, output, changed) - before).abs()
        seen.append(_is_off(moved.reshape(len(output), -1).sum(dim=1), i))
    return len(seen) > 1 and all(seen)


def _are_places_off(loss_fn: Any, output: Tensor, target: Tensor, task: TaskFacts) -> bool:
    if task.kind != "classes" or not task.per_position or target.dim() < 2:
        return False
    axis = class_axis(task, output)
    width = output.shape[axis]
    if target.numel() * width != output.numel() or target.is_floating_point():
        return False
    flat = target.reshape(-1)
    known = (flat != task.ignore_index).nonzero().flatten()
    numbers = known[torch.randperm(len(known))[:_PROBES]].tolist()
    before = _gradient(loss_fn, output, target)
    offsets: set[int] = set()
    for number in numbers:
        changed = flat.clone()
        changed[number] = (changed[number] + 1) % width
        after = _gradient(loss_fn, output, changed.reshape(target.shape))
        moved = (after - before).abs().movedim(axis, -1).sum(dim=-1).flatten()
        if not _is_off(moved, number):
            return False
        offsets.add(int(moved.argmax()) - number)
    # A language model that is compared with the next token is a fixed step away.
    return len(offsets) > 1


def _is_off(moved: Tensor, number: int) -> bool:
    return float(moved[number]) < _UNMOVED * float(moved.max())


def _gradient(loss_fn: Any, output: Tensor, target: Tensor) -> Tensor:
    leaf = output.clone().requires_grad_()
    loss = torch.as_tensor(loss_fn(leaf, target)).mean()
    return torch.autograd.grad(loss, leaf)[0]
