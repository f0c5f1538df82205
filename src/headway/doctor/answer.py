"""Which of several outputs of a network is the one that the targets are for."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from headway.doctor.examples import take
from headway.doctor.program import Program, main_output, num_in

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
    name = answer_name(loss_fn, outputs, targets)
    return main if name is None else outputs[name]


def answer_name(loss_fn: Any, outputs: Any, targets: Any) -> Any:
    """Return where among the outputs the answer is, or None where it is the main one."""
    if isinstance(outputs, Tensor) or loss_fn is None:
        return None
    try:
        main = main_output(outputs)
        count = min(_SAMPLES, num_in(targets), len(main))
        few, order = torch.arange(count), torch.arange(count).flip(0)
        said, truth, other = take(outputs, few), take(targets, few), take(targets, order)
        ask = partial(_is_decided, loss_fn, said, truth, other)
        others = {name: value for name, value in _named(outputs) if value is not main}
        own = [name for name, value in _named(outputs) if value is main]
        if not own or not others or ask(own[0]):
            return None
        decided = [name for name in others if ask(name)]
    except _CANNOT:
        return None
    return decided[0] if len(decided) == 1 else None


def answer_alone(program: Program, outputs: Any, targets: Any) -> tuple[Program, Any]:
    """Return a program whose loss and metric take the answer alone, and the answer.

    The other outputs stay as they are beside it. Where the answer is the main output, both
    are returned as they are.
    """
    name = answer_name(program.loss_fn, outputs, targets)
    if name is None:
        return program, outputs
    loss_fn, metric = program.loss_fn, program.metric
    # Whoever asks a loss has to see that it has weights of its own.
    if isinstance(loss_fn, nn.Module) and any(True for _ in loss_fn.parameters()):
        return program, outputs
    alone = replace(
        program,
        loss_fn=_Beside(loss_fn, outputs, name),
        metric=_Beside(metric, outputs, name) if callable(metric) else metric,
    )
    return alone, outputs[name]


class _Beside:
    """A function of outputs as one of the answer among them."""

    def __init__(self, function: Any, outputs: Any, name: Any) -> None:
        self._function, self._outputs, self._name = function, outputs, name

    def __call__(self, answer: Tensor, targets: Any) -> Any:
        return self._function(_with(self._outputs, self._name, answer), targets)


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
    if hasattr(outputs, "_replace"):
        return outputs._replace(**{outputs._fields[name]: new})
    assert isinstance(outputs, Sequence)
    return (*outputs[:name], new, *outputs[name + 1 :])
