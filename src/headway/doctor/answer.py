"""Which of several outputs of a network is the one that the targets are for."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from headway.doctor.examples import take
from headway.doctor.program import main_output, num_in

# Samples of which the loss is asked.
_SAMPLES = 64
_CANNOT = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError)


def answer_of(loss_fn: Any, outputs: Any, targets: Any) -> Tensor:
    """Return the output that a program is judged by, in most cases the main one.

    Features, weights of attention and parts of a sum are returned beside an answer too, and
    may come first. Where the targets do not matter to what the loss wants of the main output,
    and do for a single other one, that is the answer.

    Raises:
        TypeError: If there is no tensor in the outputs.
    """
    main = main_output(outputs)
    if isinstance(outputs, Tensor) or loss_fn is None:
        return main
    try:
        count = min(_SAMPLES, num_in(targets), len(main))
        few, order = torch.arange(count), torch.arange(count).flip(0)
        said, truth, other = take(outputs, few), take(targets, few), take(targets, order)
        ask = partial(_is_decided, loss_fn, said, truth, other)
        others = {name: value for name, value in _named(outputs) if value is not main}
        own = [name for name, value in _named(outputs) if value is main]
        if not own or not others or ask(own[0]):
            return main
        decided = [name for name in others if ask(name)]
    except _CANNOT:
        return main
    return others[decided[0]] if len(decided) == 1 else main


def _named(outputs: Any) -> Iterator[tuple[Any, Tensor]]:
    """Yield the tensors of values and where they are found."""
    if isinstance(outputs, Mapping):
        pairs = list(outputs.items())
    elif isinstance(outputs, (tuple, list)):
        pairs = list(enumerate(outputs))
    else:
        return
    for name, value in pairs:
        if isinstance(value, Tensor) and value.is_floating_point():
            yield name, value


def _is_decided(loss_fn: Any, outputs: Any, targets: Any, other: Any, name: Any) -> bool:
    """Whether an output gets another gradient where the targets are those of others."""
    given = _gradient(loss_fn, outputs, targets, name)
    changed = _gradient(loss_fn, outputs, other, name)
    return not torch.equal(given, changed)


def _gradient(loss_fn: Any, outputs: Any, targets: Any, name: Any) -> Tensor:
    leaf = outputs[name].detach().clone().requires_grad_()
    with (
        torch.enable_grad(),
        torch.random.fork_rng(devices=[]),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        loss = torch.as_tensor(loss_fn(_with(outputs, name, leaf), targets)).mean()
        if not loss.requires_grad:
            return torch.zeros(())
        gradients: list[Tensor | None] = list(
            torch.autograd.grad(loss, leaf, allow_unused=True)
        )
    return torch.zeros(()) if gradients[0] is None else gradients[0]


def _with(outputs: Any, name: Any, new: Tensor) -> Any:
    """Return outputs with another tensor in this place."""
    if isinstance(outputs, Mapping):
        return {**outputs, name: new}
    assert isinstance(outputs, Sequence)
    return (*outputs[:name], new, *outputs[name + 1 :])
