"""Gathers the numbers of layers while modules and functions are entered and left."""

from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.utils.hooks import RemovableHandle

from headway.measure.activation_functions import identify
from headway.measure.describe import (
    Described,
    describe,
    is_leaf,
    named_layers,
    output_axes,
    weight_of,
)
from headway.measure.layer_numbers import LayerKind, LayerNumbers, OutputNumbers
from headway.measure.output_numbers import measure_output, rms
from headway.measure.tensors import address, main_tensor, sample_of, usual_axes
from headway.measure.weight_numbers import WeightRecord

# What torch.utils.checkpoint asks for, too.
_torch_c: Any = torch._C  # pyright: ignore[reportPrivateUsage]


@dataclass(kw_only=True)
class Draft:
    """Numbers of one call, which its gradient completes later."""

    name: str
    module: str
    kind: LayerKind
    type_name: str
    function: str
    call: int
    is_training: bool
    input_rms: float | None
    output: OutputNumbers
    weight: WeightRecord | None
    place: tuple[int, tuple[int, ...]]
    grad_square: float = 0.0
    num_gradients: int = 0
    has_hook: bool = False

    def numbers(self) -> LayerNumbers:
        """Return the numbers so far."""
        mean_square = self.grad_square / max(1, self.num_gradients)
        return LayerNumbers(
            name=self.name,
            module=self.module,
            kind=self.kind,
            type_name=self.type_name,
            function=self.function,
            call=self.call,
            is_training=self.is_training,
            input_rms=self.input_rms,
            output=self.output,
            weight=None if self.weight is None else self.weight.numbers(),
            grad_rms=mean_square**0.5 if self.num_gradients else None,
        )


@dataclass(kw_only=True)
class Frame:
    """A module that is running.

    Attributes:
        module: The module.
        name: Its name.
        described: What is known of it, None if it has modules inside it.
        input_rms: RMS of its first input.
        sample: Some values of that.
        begun: Drafts there were when it was entered.
        counts: Functions of each name that it called.
    """

    module: nn.Module
    name: str
    described: Described | None
    input_rms: float | None = None
    sample: Tensor | None = None
    begun: int = 0
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, kw_only=True)
class Owned:
    """A parameter and where it belongs.

    Attributes:
        parameter: The parameter.
        name: Its own name.
        layer: Name of the layer that it is the weight of, or its own name.
    """

    parameter: Tensor
    name: str
    layer: str


class Recorder:
    """Keeps a stack of running modules and a draft for each call of a layer."""

    def __init__(self, *, gradients: bool, max_calls: int) -> None:
        self.drafts: list[Draft] = []
        self.is_busy = False
        self._gradients = gradients
        self._max_calls = max_calls
        self._stack: list[Frame] = []
        self._calls: Counter[str] = Counter()
        self._weights: dict[int, WeightRecord] = {}
        self._handles: list[RemovableHandle] = []
        self._owned: dict[int, Owned] = {}
        self._axes: dict[tuple[int, ...], tuple[int, int]] = {}

    def learn_parameters(self, model: nn.Module) -> None:
        """Note where each parameter belongs, to name products with it."""
        for layer, module in named_layers(model):
            for name, parameter in module.named_parameters(recurse=is_leaf(module)):
                full = f"{layer}.{name}" if layer else name
                if is_lazy(parameter) or parameter.is_meta:
                    continue
                owner = layer if is_leaf(module) else full.removesuffix(".weight")
                owned = Owned(parameter=parameter, name=full, layer=owner or full)
                self._owned.setdefault(address(parameter), owned)

    def owner_of(self, tensor: Tensor) -> Owned | None:
        """Return which parameter a tensor is or is a view of, None if it is none."""
        owned = self._owned.get(address(tensor))
        if owned is None and tensor.is_leaf and tensor.requires_grad:
            return Owned(parameter=tensor, name="", layer="")
        return owned

    @property
    def watches_functions(self) -> bool:
        """Whether functions that are called now are recorded."""
        if self.is_busy or not self._stack or _is_in_backward():
            return False
        described = self._stack[-1].described
        return described is None or not described.is_known

    @contextmanager
    def busy(self) -> Generator[None]:
        """Measure without being watched."""
        before, self.is_busy = self.is_busy, True
        try:
            with torch.no_grad():
                yield
        finally:
            self.is_busy = before

    def enter(self, name: str, module: nn.Module, inputs: Iterable[Any]) -> None:
        """Take note that a module begins to run."""
        described = describe(module) if is_leaf(module) else None
        frame = Frame(module=module, name=name, described=described, begun=len(self.drafts))
        self._stack.append(frame)
        if described is None or _is_in_backward():
            return
        tensor = main_tensor(tuple(inputs))
        if tensor is not None:
            with self.busy():
                frame.input_rms = rms(tensor)
                frame.sample = None if described.is_known else sample_of(tensor)

    def leave(self, module: nn.Module, output: Any) -> None:
        """Record a module that has run."""
        frame = self._pop(module)
        tensor = main_tensor(output)
        if frame is None or frame.described is None or tensor is None:
            return
        if _is_in_backward():
            self._attach_recomputed(frame.name, tensor)
            return
        with self.busy():
            described = self._decide(frame, tensor)
            if described is None:
                return
            del self.drafts[frame.begun :]
            axes = self._axes_of(frame.module, described, tensor)
            self.add(
                tensor,
                name=frame.name or type(module).__name__.lower(),
                kind=described.kind,
                type_name=type(module).__name__,
                function=described.function,
                axes=axes,
                input_rms=frame.input_rms,
                weight=self._weight_of_module(frame, described),
            )

    def add(
        self,
        tensor: Tensor,
        *,
        name: str,
        kind: LayerKind,
        type_name: str,
        function: str = "",
        axes: tuple[int, int] | None = None,
        input_rms: float | None = None,
        weight: WeightRecord | None = None,
    ) -> None:
        """Record one output of a layer."""
        call = self._calls[name]
        self._calls[name] += 1
        if call >= self._max_calls:
            return
        if axes is None:
            axes = self._axes.get(tuple(tensor.shape), usual_axes(tensor))
        if kind in ("linear", "convolution", "embedding", "recurrent"):
            self._axes[tuple(tensor.shape)] = axes
        draft = Draft(
            name=name,
            module=self._stack[-1].name if self._stack else name,
            kind=kind,
            type_name=type_name,
            function=function,
            call=call,
            is_training=self._stack[-1].module.training if self._stack else True,
            input_rms=input_rms,
            output=measure_output(
                tensor, unit_axis=axes[0], batch_axis=axes[1], function=function
            ),
            weight=weight,
            place=(tensor.data_ptr(), tuple(tensor.shape)),
        )
        self.drafts.append(draft)
        self._watch_gradient(draft, tensor)

    def name_function(self, function: str) -> str:
        """Return the name of a function that is called by the running module."""
        frame = self._stack[-1]
        number = frame.counts[function]
        frame.counts[function] += 1
        name = f"{function}_{number}" if number else function
        return f"{frame.name}.{name}" if frame.name else name

    def running(self) -> Frame:
        """Return the module that runs now."""
        return self._stack[-1]

    def keep_weight(self, record: WeightRecord) -> WeightRecord:
        """Return the record of this parameter, with a hook for its gradient."""
        weight = record.weight
        if self._gradients and weight.requires_grad and weight.is_leaf:
            self._handles.append(weight.register_hook(self._watched(record.take_gradient)))
        self._weights[id(weight)] = record
        return record

    def known_weight(self, parameter: Tensor) -> WeightRecord | None:
        """Return the record of a parameter that was used before."""
        return self._weights.get(id(parameter))

    def release(self) -> None:
        """Remove all hooks."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def _pop(self, module: nn.Module) -> Frame | None:
        while self._stack:
            frame = self._stack.pop()
            if frame.module is module:
                return frame
        return None

    def _decide(self, frame: Frame, output: Tensor) -> Described | None:
        """Return what a module turned out to be, None if only what it called counts."""
        assert frame.described is not None
        if frame.described.is_known:
            return frame.described
        inside = self.drafts[frame.begun :]
        if any(draft.weight is not None for draft in inside):
            return None
        function = self._function_of(frame, inside, output)
        # A module that is elementwise and calls an activation is one, such as x sigmoid(x).
        is_activation = bool(function) or (
            frame.described.kind == "other"
            and any(draft.kind == "activation" for draft in inside)
            and all(draft.output.shape == tuple(output.shape) for draft in inside)
        )
        kind = "activation" if is_activation else frame.described.kind
        return Described(kind=kind, function=function)

    def _function_of(self, frame: Frame, inside: list[Draft], output: Tensor) -> str:
        place = (output.data_ptr(), tuple(output.shape))
        same = [draft.function for draft in inside if draft.place == place]
        if same:
            return same[-1]
        sample = sample_of(output)
        if frame.sample is None or frame.sample.shape != sample.shape:
            return ""
        return identify(frame.sample, sample)

    def _axes_of(
        self, module: nn.Module, described: Described, tensor: Tensor
    ) -> tuple[int, int] | None:
        if described.kind in ("activation", "other"):
            return None
        if described.kind == "norm" and tensor.dim() == 3:
            return self._axes.get(tuple(tensor.shape)) or output_axes(
                module, described.kind, tensor
            )
        return output_axes(module, described.kind, tensor)

    def _weight_of_module(self, frame: Frame, described: Described) -> WeightRecord | None:
        record = weight_of(frame.module, described.kind, frame.name)
        if record is None:
            return None
        return self.known_weight(record.weight) or self.keep_weight(record)

    def _watch_gradient(self, draft: Draft, tensor: Tensor) -> None:
        if not self._gradients or not tensor.requires_grad:
            return

        def take(gradient: Tensor) -> None:
            draft.grad_square += rms(gradient) ** 2
            draft.num_gradients += 1

        draft.has_hook = True
        self._handles.append(tensor.register_hook(self._watched(take)))

    def _attach_recomputed(self, name: str, tensor: Tensor) -> None:
        """Take the gradient of a layer that a checkpoint first ran without one."""
        for draft in self.drafts:
            if draft.name == name and not draft.has_hook:
                self._watch_gradient(draft, tensor)
                return

    def _watched(self, take: Any) -> Any:
        def hook(gradient: Tensor) -> None:
            with self.busy():
                take(gradient)

        return hook


def _is_in_backward() -> bool:
    """Whether a backward pass runs, in which a checkpoint computes a part once more."""
    return _torch_c._current_graph_task_id() != -1
