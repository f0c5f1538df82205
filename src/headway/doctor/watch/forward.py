"""Look at the outputs of layers in one forward pass, on the device."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.parallel import DataParallel
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

from headway.doctor.watch.cadence import Cadence
from headway.doctor.watch.compiled import has_compiled, is_compiled
from headway.doctor.watch.numbers import Numbers
from headway.doctor.watch.sample import LayerSample
from headway.measure.activation_functions import (
    ACTIVATIONS,
    HARD_RECTIFIERS,
    flat_range,
    known_name,
)
from headway.measure.describe import Described, describe, is_leaf, named_layers, output_axes
from headway.measure.layer_numbers import LayerKind
from headway.measure.recorder import main_tensor

# Values looked at of one output: enough for a fraction to a tenth of a percent.
_MOST_VALUES = 2**16
# Calls of one layer that are looked at, such as the steps of a recurrent cell.
_MOST_CALLS = 4
# A unit that is on for 4 % of the inputs stays off in so many values with a probability of
# less than 1 %.
_VALUES_TO_BE_DEAD = 128


@dataclass(frozen=True, kw_only=True)
class LayerDraft:
    """Places of the numbers of a layer among those that are on their way."""

    name: str
    kind: LayerKind
    function: str
    std: int
    dead: int | None
    saturated: int | None

    def sample(self, values: list[float]) -> LayerSample:
        """Return the numbers."""
        return LayerSample(
            name=self.name,
            kind=self.kind,
            function=self.function,
            std=values[self.std],
            dead_fraction=None if self.dead is None else values[self.dead],
            saturated_fraction=None if self.saturated is None else values[self.saturated],
        )


@dataclass
class _Units:
    """Which units of a rectifier were on in the last samples, and in those before."""

    on: Tensor
    num_values: int = 0
    on_before: Tensor | None = None

    def add(self, on: Tensor, num_values: int) -> None:
        """Take one more sample; enough of them become those before."""
        self.on = self.on | on
        self.num_values += num_values

    def dead(self) -> Tensor | None:
        """Return the fraction of units that are always off, None if too little was seen."""
        before, on = self.on_before, self.on
        if self.num_values >= _VALUES_TO_BE_DEAD:
            self.on_before, self.on, self.num_values = on, torch.zeros_like(on), 0
        elif before is None:
            return None
        return 1.0 - (on if before is None else on | before).float().mean()


class ForwardSampler:
    """Attaches itself to a network for one forward pass and takes numbers of its layers.

    Only the network itself has a hook until that pass begins, and none afterwards. Parts that
    are compiled are looked at from outside.

    Args:
        model: Network in whatever wrapper.
        cadence: Is told what the sampling costs.
    """

    def __init__(self, model: nn.Module, cadence: Cadence) -> None:
        self._cadence = cadence
        self._roots = [] if isinstance(model, DataParallel) else _roots(model)
        self._called: set[str] = set()
        self._armed: list[RemovableHandle] = []
        self._attached: list[RemovableHandle] = []
        self._stack: list[tuple[str, Described | None]] = []
        self._calls: Counter[str] = Counter()
        self._axes: dict[tuple[int, ...], int] = {}
        self._units: dict[str, _Units] = {}
        self._numbers = Numbers()
        self._mode: _Functions | None = None
        self._drafts: list[LayerDraft] = []

    def arm(self, numbers: Numbers) -> None:
        """Wait for the next forward pass that is made for training."""
        self._numbers, self._drafts = numbers, []
        self._calls.clear()
        self._called.clear()
        self._armed = [
            module.register_forward_pre_hook(self._on_root(name))
            for name, module in self._roots
        ]

    def disarm(self) -> list[LayerDraft]:
        """Remove what is left of the hooks and return what was seen."""
        self._detach()
        for handle in self._armed:
            handle.remove()
        self._armed.clear()
        if not has_compiled():
            # A network whose parts are called one by one is watched part by part.
            self._roots = [part for root in self._roots for part in self._parts(*root)]
        return self._drafts

    def _parts(self, name: str, module: nn.Module) -> list[tuple[str, nn.Module]]:
        children = [(k, m) for k, m in module.named_children() if not is_compiled(m)]
        if name in self._called or not children:
            return [(name, module)]
        return [(f"{name}.{k}" if name else k, child) for k, child in children]

    def _on_root(self, name: str) -> Callable[[nn.Module, Any], None]:
        def begin(root: nn.Module, args: Any) -> None:
            if torch.compiler.is_compiling() or not torch.is_grad_enabled():
                return
            if name in self._called or self._attached:
                return
            self._called.add(name)
            with self._cadence.looking():
                self._attach(name, root)

        return begin

    def _attach(self, prefix: str, root: nn.Module) -> None:
        self._stack.clear()
        for name, module in _eager_layers(prefix, root):
            if isinstance(module, torch.jit.ScriptModule):
                continue
            known = describe(module) if is_leaf(module) else None
            if module is root:
                self._stack.append((name, known))  # its own hook is already running
            else:
                enter = self._enter(name, known)
                self._attached.append(module.register_forward_pre_hook(enter))
            leave = self._leave(name, module is root)
            self._attached.append(module.register_forward_hook(leave, always_call=True))
        if not has_compiled():
            self._mode = _Functions(self)
            self._mode.__enter__()

    def _detach(self) -> None:
        mode, self._mode = self._mode, None
        if mode is not None:
            mode.__exit__(None, None, None)
        for handle in self._attached:
            handle.remove()
        self._attached.clear()
        self._stack.clear()

    def _enter(
        self, name: str, known: Described | None
    ) -> Callable[[nn.Module, Any], None]:
        def enter(module: nn.Module, args: Any) -> None:
            if not torch.compiler.is_compiling():
                self._stack.append((name, known))

        return enter

    def _leave(self, name: str, is_root: bool) -> Callable[[nn.Module, Any, Any], None]:
        def leave(module: nn.Module, args: Any, output: Any) -> None:
            if torch.compiler.is_compiling():
                return
            with self._cadence.looking():
                known = self._popped(name)
                tensor = main_tensor(output)
                if known is not None and tensor is not None:
                    axis, _ = output_axes(module, known.kind, tensor)
                    self._take(tensor, name, known.kind, known.function, axis)
                elif is_compiled(module) and tensor is not None:
                    self._take(tensor, name, "other", "", -1)
            if is_root:
                self._detach()

        return leave

    def _popped(self, name: str) -> Described | None:
        while self._stack:
            found, known = self._stack.pop()
            if found == name:
                return known
        return None

    def on_function(self, function: str, output: Any) -> None:
        """Look at what an activation function gave that no layer of its own calls."""
        if self._stack and self._stack[-1][1] is not None and self._stack[-1][1].is_known:
            return
        with self._cadence.looking():
            tensor = main_tensor(output)
            place = self._stack[-1][0] if self._stack else ""
            name = f"{place}.{function}" if place else function
            if tensor is not None:
                self._take(tensor, name, "activation", function, None)

    @torch.no_grad()
    def _take(
        self, output: Tensor, name: str, kind: LayerKind, function: str, axis: int | None
    ) -> None:
        """Measure an output; the numbers stay on the device."""
        call = self._calls[name]
        self._calls[name] += 1
        if call >= _MOST_CALLS or output.dim() == 0:
            return
        if kind in ("linear", "convolution", "norm", "embedding", "recurrent") and axis:
            self._axes[tuple(output.shape)] = axis
        else:
            usual = 1 if output.dim() in (4, 5) else -1
            axis = self._axes.get(tuple(output.shape), usual)
        label = f"{name} (call {call + 1})" if call else name
        values = _thinned(_local(output.detach()), axis or 0).float()
        dead = self._dead(label, values, axis or 0) if function in HARD_RECTIFIERS else None
        self._drafts.append(
            LayerDraft(
                name=label,
                kind=kind,
                function=function,
                std=self._numbers.add(values.std(correction=0)),
                dead=dead,
                saturated=self._saturated(values, function),
            )
        )

    def _dead(self, label: str, values: Tensor, axis: int) -> int | None:
        axis %= values.dim()
        others = [n for n in range(values.dim()) if n != axis]
        on = values.amax(dim=others) > 0 if others else values > 0
        units = self._units.get(label)
        if units is None or units.on.shape != on.shape:
            units = self._units[label] = _Units(torch.zeros_like(on))
        units.add(on, values.numel() // max(1, values.shape[axis]))
        fraction = units.dead()
        return None if fraction is None else self._numbers.add(fraction)

    def _saturated(self, values: Tensor, function: str) -> int | None:
        bounds = flat_range(function)
        if bounds is None:
            return None
        is_flat = (values < bounds[0]) | (values > bounds[1])
        return self._numbers.add(is_flat.float().mean())


class _Functions(TorchFunctionMode):
    """Reports activation functions to a sampler, and calls everything as it is."""

    def __init__(self, sampler: ForwardSampler) -> None:
        super().__init__()
        self._sampler = sampler

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call a function and report it if it is an activation."""
        result = func(*args, **(kwargs or {}))
        function = known_name(str(getattr(func, "__name__", "")))
        if function in ACTIVATIONS:
            self._sampler.on_function(function, result)
        return result


def _roots(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return what is called with a batch: the network without the wrappers around it."""
    while not is_compiled(model):
        inner = getattr(model, "module", None)
        if not isinstance(model, nn.parallel.DistributedDataParallel) or inner is None:
            break
        model = cast(nn.Module, inner)
    return [] if _is_compiled_inside(model) else [("", model)]


def _eager_layers(prefix: str, root: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return a module and those inside it by name, but none inside of a compiled one."""
    if is_compiled(root):
        return [(prefix, root)]
    inside = {
        id(inner)
        for module in root.modules()
        if is_compiled(module)
        for inner in module.modules()
        if inner is not module
    }
    named = [
        (f"{prefix}.{n}" if prefix and n else prefix or n, m) for n, m in named_layers(root)
    ]
    return [(n, m) for n, m in named if id(m) not in inside and not _is_compiled_inside(m)]


def _is_compiled_inside(module: nn.Module) -> bool:
    """Whether hooks of this module would be part of a compiled graph."""
    return getattr(module, "_compiled_call_impl", None) is not None


def _local(tensor: Tensor) -> Tensor:
    """Return the part of a sharded tensor that is here."""
    to_local = getattr(tensor, "to_local", None)
    return tensor if to_local is None else to_local()


def _thinned(values: Tensor, unit_axis: int) -> Tensor:
    """Return a view with every n-th sample and position, and all units."""
    unit_axis %= values.dim()
    for axis in range(values.dim()):
        factor = values.numel() // _MOST_VALUES
        if axis != unit_axis and factor > 1:
            stride = min(factor, max(1, values.shape[axis] // 8))
            values = values[(slice(None),) * axis + (slice(None, None, stride),)]
    return values
