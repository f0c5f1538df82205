"""The part of the targets that the main output is for, where they hold several things."""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from headway.doctor.asked import is_reversed
from headway.doctor.inference import infer_task
from headway.doctor.probes.plain_answers import made_up_answers
from headway.doctor.program import Program, main_output, with_main
from headway.doctor.task import TaskFacts

# Wider targets are rows of one thing rather than several things.
_MOST_PARTS = 8
_CANNOT = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError)


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnTargets:
    """A part of the targets that is a task of its own.

    Attributes:
        targets: The part, with a class or a yes or no for each answer.
        task: What it asks the main output for.
    """

    targets: Tensor
    task: TaskFacts


@dataclass(frozen=True, eq=False)
class _Part:
    """A tensor of the targets, and how they look with another one in its place."""

    tensor: Tensor
    replaced: Callable[[Tensor], Any]


def own_targets(program: Program, outputs: Any, targets: Any) -> OwnTargets | None:
    """Return what the main output is for, None where that is all of the targets or not known.

    It is the one part that decides what gradient the loss gives to the main output, and has
    classes or yes and no. A metric of the program's own has to be for the same answers.
    """
    try:
        with (
            torch.enable_grad(),
            torch.random.fork_rng(devices=[]),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            parts = list(_parts(targets, main_output(outputs)))
            deciding = [part for part in parts if _decides(program, outputs, targets, part)]
            if len(parts) < 2 or len(deciding) != 1:
                return None
            tensor = deciding[0].tensor
            task = infer_task(None, main_output(outputs).float(), tensor)
            own = OwnTargets(targets=tensor, task=task)
            return own if _is_meant(program, outputs, targets, own) else None
    except _CANNOT:
        return None


def _parts(targets: Any, output: Tensor) -> Iterator[_Part]:
    """Yield the tensors of a structure, or the slices of one, that may be for the output."""
    if isinstance(targets, Tensor):
        yield from _slices(targets, output)
    elif isinstance(targets, Mapping):
        for name, value in targets.items():
            yield _Part(value, partial(_with_entry, targets, name))
    elif isinstance(targets, (tuple, list)):
        for number, value in enumerate(targets):
            yield _Part(value, partial(_with_item, targets, number))


def _with_entry(targets: Mapping[Any, Any], name: Any, new: Tensor) -> dict[Any, Any]:
    return {**targets, name: new}


def _with_item(targets: Sequence[Any], number: int, new: Tensor) -> tuple[Any, ...]:
    return (*targets[:number], new, *targets[number + 1 :])


def _slices(target: Tensor, output: Tensor) -> Iterator[_Part]:
    sizes = {output.numel()}
    if output.dim() > 1:
        sizes |= {output.numel() // output.shape[1], output.numel() // output.shape[-1]}
    for axis in (1, -1):
        count = target.shape[axis] if target.dim() > 1 else 0
        if not 2 <= count <= _MOST_PARTS or target.numel() // count not in sizes:
            continue
        for number in range(count):

            def replaced(new: Tensor, axis: int = axis, number: int = number) -> Tensor:
                return target.select_scatter(new, axis, number)

            yield _Part(target.select(axis, number), replaced)
        return


def _decides(program: Program, outputs: Any, targets: Any, part: _Part) -> bool:
    """Whether the main output gets another gradient where a part is that of others."""
    given = _gradient(program, outputs, targets)
    changed = _gradient(program, outputs, part.replaced(part.tensor.roll(1, dims=0)))
    return not torch.equal(given, changed)


def _gradient(program: Program, outputs: Any, targets: Any) -> Tensor:
    torch.manual_seed(0)
    leaf = main_output(outputs).detach().float().requires_grad_()
    loss = torch.as_tensor(program.loss_fn(with_main(outputs, leaf), targets)).mean()
    gradients: list[Tensor | None] = list(
        torch.autograd.grad(loss, leaf, allow_unused=True)
    )
    return torch.zeros(()) if gradients[0] is None else gradients[0]


def _is_meant(program: Program, outputs: Any, targets: Any, own: OwnTargets) -> bool:
    """Whether right answers are what the program is for, and not their opposite."""
    right, wrong = made_up_answers(main_output(outputs), own.targets, own.task)
    if own.task.kind not in ("classes", "binary", "multilabel") or not right:
        return False
    metric = program.metric
    if callable(metric):
        pairs = [
            [
                float(metric(with_main(outputs, side[form]), targets))
                for side in (right, wrong)
            ]
            for form in right
        ]
        told = [good - bad for good, bad in pairs if math.isfinite(good - bad)]
        return bool(told) and min(told) >= 0 and max(told) > 0

    def loss_fn(answer: Tensor, _: Tensor) -> Tensor:
        return torch.as_tensor(program.loss_fn(with_main(outputs, answer), targets))

    levels, output = own.task.levels, main_output(outputs).float()
    is_single = own.task.kind != "classes"
    return not (is_single and is_reversed(loss_fn, output, own.targets, levels))
