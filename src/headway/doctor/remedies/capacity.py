"""Remedies that give a chain of layers more units or more layers."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from headway.doctor.finding import Cause
from headway.doctor.program import Program, call_model, main_output
from headway.doctor.remedies.drawing import drawing
from headway.doctor.remedies.following import adopt_parameters
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.torch_names import ACTIVATIONS, NORMS
from headway.doctor.remedies.tracing import Call, Trace, trace
from headway.doctor.remedies.wrapping import Followed, replace_module
from headway.errors import RemedyDoesNotFit
from headway.measure.probe import device_of, evaluating

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.LSTM, nn.GRU, nn.RNN)
_NORMED = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@dataclass(frozen=True)
class Widen:
    """Give each hidden layer of a chain at least so many units or channels.

    Attributes:
        width: Units or channels.
    """

    cause: ClassVar[Cause] = "capacity"
    width: int = 128

    def apply(self, program: Program) -> Program:
        """Return the program with wider layers, drawn anew."""
        inputs = a_batch(program)[0]
        before = _output_shape(program, inputs)
        chain = _chain(trace(program.model, inputs))
        with drawing(program):
            changed = _widened(program, chain, self.width)
        if not changed:
            raise RemedyDoesNotFit(f"no hidden layer has fewer than {self.width} units")
        try:
            after = _output_shape(program, inputs)
        except (RuntimeError, ValueError) as error:
            raise RemedyDoesNotFit(
                f"the forward pass counts on the old widths: {error}"
            ) from error
        if after != before:
            raise RemedyDoesNotFit("wider layers change the shape of the output")
        return program

    def describe(self) -> str:
        """Return what changes."""
        return f"Give each hidden layer at least {self.width} units."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            f"nn.Linear(in_features, {self.width}), nn.ReLU(),\n"
            f"nn.Linear({self.width}, out_features)"
        )


@dataclass(frozen=True)
class Deepen:
    """Add hidden layers: behind the last hidden one, or a first one to a linear model.

    Attributes:
        num_layers: Layers that are added.
        width: Units of the new layer of a model that has no hidden one.
    """

    cause: ClassVar[Cause] = "capacity"
    num_layers: int = 1
    width: int = 128

    def apply(self, program: Program) -> Program:
        """Return the program with more layers."""
        traced = trace(program.model, a_batch(program)[0])
        linear = [
            call
            for call in traced.calls
            if isinstance(call.module, nn.Linear) and not traced.is_repeated(call)
        ]
        if not linear:
            raise RemedyDoesNotFit("the model has no linear layer to put others beside")
        hidden = [c for c in linear if traced.leads_to_weights(c) and _is_bent(traced, c)]
        with drawing(program):
            if hidden:
                self._behind(program, hidden[-1])
            else:
                self._in_front(program, linear[-1])
        return program

    def describe(self) -> str:
        """Return what changes."""
        return f"Add {self.num_layers} hidden layer{'s' * (self.num_layers > 1)}."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return f"nn.Linear({self.width}, {self.width}), nn.ReLU(),  # x {self.num_layers}"

    def _behind(self, program: Program, call: Call) -> None:
        layer: Any = call.module
        width = layer.out_features
        parts: list[nn.Module] = []
        for _ in range(self.num_layers):
            parts += [nn.ReLU(), nn.Linear(width, width)]
        tail = nn.Sequential(*parts).to(device_of(layer), layer.weight.dtype)
        replace_module(program.model, layer, Followed(layer, tail))
        adopt_parameters(program, tail.parameters(), instead=layer.parameters())

    def _in_front(self, program: Program, call: Call) -> None:
        layer: Any = call.module
        parts: list[nn.Module] = []
        size = layer.in_features
        for _ in range(self.num_layers):
            parts += [nn.Linear(size, self.width), nn.ReLU()]
            size = self.width
        parts.append(nn.Linear(size, layer.out_features))
        new = nn.Sequential(*parts).to(device_of(layer), layer.weight.dtype)
        if layer is program.model:
            raise RemedyDoesNotFit(
                "the model is a single layer: make it a Sequential first"
            )
        replace_module(program.model, layer, new.train(layer.training))
        adopt_parameters(program, new.parameters(), instead=layer.parameters())


def _chain(traced: Trace) -> list[Call]:
    """Return the calls from input to output, each of which feeds the next alone.

    Raises:
        RemedyDoesNotFit: If a call takes several signals.
    """
    chain: list[Call] = []
    call = traced.last()
    while call is not None:
        chain.append(call)
        signals = [source for source in traced.sources(call) if source.inputs]
        if len(signals) > 1:
            raise RemedyDoesNotFit(
                f"the model is no chain of layers: {call.function} in "
                f"{call.path or 'its forward pass'} takes several signals"
            )
        call = signals[0] if signals else None
    return chain[::-1]


def _widened(program: Program, chain: list[Call], width: int) -> bool:
    """Rebuild the layers of a chain with more units, in place; return whether any changed."""
    layers = [call.module for call in chain if isinstance(call.module, _LAYERS)]
    last = layers[-1] if layers else None
    # Units of the signal at this point of the chain, before and after.
    old = new = 0
    changed = False
    done: set[nn.Module] = set()
    for call in chain:
        module: Any = call.module
        if module in done:
            continue
        if isinstance(module, _LAYERS):
            done.add(module)
            rebuilt, old, new = _rebuilt(module, old, new, width, is_last=module is last)
            changed = changed or new != old
        elif call.function in NORMS and new != old:
            done.add(module)
            rebuilt = _norm_of(module, new)
        else:
            continue
        rebuilt = rebuilt.to(device_of(module), next(module.parameters()).dtype)
        replace_module(program.model, module, rebuilt.train(module.training))
        adopt_parameters(program, rebuilt.parameters(), instead=module.parameters())
    return changed


def _rebuilt(
    layer: Any, old: int, new: int, width: int, *, is_last: bool
) -> tuple[nn.Module, int, int]:
    """Return a wider layer, and its units before and after.

    Args:
        layer: The layer as it is.
        old: Units in front of it before.
        new: Units in front of it now.
        width: Units that it should have at least.
        is_last: Whether it makes the output, whose width stays.
    """
    if isinstance(layer, nn.RNNBase):
        if is_last or layer.proj_size:
            raise RemedyDoesNotFit("the output of a recurrent layer must keep its size")
        size = max(layer.hidden_size, width)
        rebuilt = type(layer)(  # pyright: ignore
            _scaled(layer.input_size, old, new),
            size,
            num_layers=layer.num_layers,
            bias=layer.bias,
            batch_first=layer.batch_first,
            dropout=layer.dropout,
            bidirectional=layer.bidirectional,
        )
        sides = 2 if layer.bidirectional else 1
        return rebuilt, layer.hidden_size * sides, size * sides
    bias = layer.bias is not None
    if isinstance(layer, nn.Linear):
        size = layer.out_features if is_last else max(layer.out_features, width)
        inputs = _scaled(layer.in_features, old, new)
        return nn.Linear(inputs, size, bias=bias), layer.out_features, size
    if layer.groups != 1:
        raise RemedyDoesNotFit("a grouped convolution cannot be widened")
    # As costly as a linear layer of `width`: each channel is computed at every position.
    size = layer.out_channels if is_last else max(layer.out_channels, width // 4)
    rebuilt = type(layer)(
        _scaled(layer.in_channels, old, new),
        size,
        layer.kernel_size,
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation,
        bias=bias,
        padding_mode=layer.padding_mode,
    )
    return rebuilt, layer.out_channels, size


def _scaled(features: int, old: int, new: int) -> int:
    """Return the inputs of a layer after the one in front of it has grown."""
    if old == new:
        return features
    if features % old:
        raise RemedyDoesNotFit(f"{features} inputs are no multiple of {old} units")
    return features // old * new


def _norm_of(norm: Any, size: int) -> nn.Module:
    """Return a norm of the same kind for more units."""
    if isinstance(norm, _NORMED):
        return type(norm)(size, eps=norm.eps, momentum=norm.momentum, affine=norm.affine)
    if isinstance(norm, nn.LayerNorm) and len(norm.normalized_shape) == 1:
        return nn.LayerNorm(size, eps=norm.eps)
    if isinstance(norm, nn.GroupNorm) and size % norm.num_groups == 0:
        return nn.GroupNorm(norm.num_groups, size, eps=norm.eps)
    raise RemedyDoesNotFit(f"a {type(norm).__name__} cannot be widened")


def _is_bent(traced: Trace, call: Call) -> bool:
    """Return whether an activation follows a layer."""
    return any(user.function in ACTIVATIONS for user in traced.nearest_users(call))


def _output_shape(program: Program, inputs: Any) -> torch.Size:
    with evaluating(program.model):
        return main_output(call_model(program.model, inputs)).shape
