"""Record the numbers of every layer while a network runs."""

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from headway.measure.describe import named_layers
from headway.measure.functions import FunctionWatch
from headway.measure.layer_numbers import LayerNumbers
from headway.measure.recorder import Recorder
from headway.measure.untouched import untouched


class LayerRecord:
    """What `record_layers` has seen so far."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    @property
    def layers(self) -> tuple[LayerNumbers, ...]:
        """Numbers of each call of a layer, in the order in which they ended."""
        return tuple(draft.numbers() for draft in self._recorder.drafts)


@contextmanager
def record_layers(
    model: nn.Module, *, gradients: bool = True, max_calls: int = 8
) -> Generator[LayerRecord]:
    """Record numbers of every layer that runs inside the `with` block.

    A layer is a module without modules inside it, or a function that acts as one: an
    activation such as `F.relu`, or a product with a parameter. The computation is the same
    to the last bit with and without it; a compiled network runs as it was before
    compilation.

    Args:
        model: Network that runs in the block, in whatever wrapper.
        gradients: Whether to record gradients of outputs and weights, too, where `backward`
            is called in the block.
        max_calls: Calls of the same layer that are recorded.

    Example:
        >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
        >>> with record_layers(model) as record:
        ...     model(torch.ones(4, 2)).sum().backward()
        >>> [(layer.name, layer.kind, layer.output.num_units) for layer in record.layers]
        [('0', 'linear', 3), ('1', 'activation', 3)]
    """
    recorder = Recorder(gradients=gradients, max_calls=max_calls)
    recorder.learn_parameters(model)
    with ExitStack() as stack:
        for name, module in named_layers(model):
            for handle in _hooked(recorder, name, module):
                stack.callback(handle.remove)
        stack.callback(recorder.release)
        stack.enter_context(_eager())
        stack.enter_context(FunctionWatch(recorder))
        yield LayerRecord(recorder)


def look(
    model: nn.Module,
    loss_fn: Callable[[], Any],
    *,
    gradients: bool = True,
    max_calls: int = 8,
) -> tuple[LayerNumbers, ...]:
    """Return the numbers of every layer for one pass, and leave no trace of it.

    Random states, parameters, buffers, gradients and flags are afterwards what they were.

    Args:
        model: Network, in the mode in which it shall run.
        loss_fn: Runs the network, and returns the loss if `gradients` is set.
        gradients: Whether to go back from the loss, too.
        max_calls: As of `record_layers`.

    Example:
        >>> model = nn.Linear(2, 1)
        >>> (layer,) = look(model, lambda: model(torch.ones(4, 2)).mean())
        >>> layer.grad_rms, model.weight.grad
        (0.25, None)
    """
    with (
        untouched(model),
        torch.set_grad_enabled(gradients),
        record_layers(model, gradients=gradients, max_calls=max_calls) as record,
    ):
        loss = loss_fn()
        if gradients and isinstance(loss, Tensor) and loss.requires_grad:
            loss.mean().backward()
        return record.layers


def _hooked(recorder: Recorder, name: str, module: nn.Module) -> Iterator[RemovableHandle]:
    def enter(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        recorder.enter(name, module, (*args, *kwargs.values()))

    def leave(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        recorder.leave(module, output)

    if isinstance(module, torch.jit.ScriptModule):
        return
    yield module.register_forward_pre_hook(enter, with_kwargs=True)
    yield module.register_forward_hook(leave, always_call=True)


@contextmanager
def _eager() -> Generator[None]:
    """Run compiled code as it was before compilation, whose layers have no hooks."""
    if "torch._dynamo" not in sys.modules:
        yield
        return
    with torch.compiler.set_stance("force_eager"):
        yield
