"""Look at the outputs of layers in one forward pass, on the device."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DataParallel
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

from headway.doctor.watch.cadence import Cadence
from headway.doctor.watch.compiled import has_compiled, is_compiled
from headway.doctor.watch.numbers import Numbers
from headway.doctor.watch.parts import Hooks, Part, eager_layers, roots
from headway.doctor.watch.sample import LayerSample
from headway.measure.activation_functions import (
    ACTIVATIONS,
    HARD_RECTIFIERS,
    flat_range,
    known_name,
)
from headway.measure.describe import Described, describe, is_leaf, output_axes
from headway.measure.layer_numbers import LayerKind
from headway.measure.recorder import main_tensor

# What torch.overrides asks for, too: measuring shall not be seen by those who look on.
_torch_c: Any = torch._C  # pyright: ignore[reportPrivateUsage]
# Values looked at of one output: for a fraction to a tenth of a percent, and for a deviation
# to a few percent.
_MOST_VALUES = 2**16
_MOST_OF_DEVIATION = 2**13
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
        self._roots = [] if isinstance(model, DataParallel) else roots(model)
        self._called: set[str] = set()
        self._armed: list[RemovableHandle] = []
        self._attached: list[RemovableHandle] = []
        self._stack: list[tuple[str, Described | None]] = []
        self._calls: Counter[str] = Counter()
        self._axes: dict[tuple[int, ...], int] = {}
        self._units: dict[str, _Units] = {}
        self._numbers = Numbers()
        self._parts: dict[str, Part] = {}
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
            self._roots = [
                part for root in self._roots for part in self._called_parts(*root)
            ]
        return self._drafts

    def _called_parts(self, name: str, module: nn.Module) -> list[tuple[str, nn.Module]]:
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

    def _attach(self, name: str, root: nn.Module) -> None:
        part = self._parts.get(name)
        if part is None or part.root is not root or part.is_eager == has_compiled():
            part = self._parts[name] = self._looked_through(name, root)
        self._stack[:] = [(name, part.known)]  # its own hook is already running
        for hooks in part.hooks:
            if hooks.before is not None:
                self._attached.append(hooks.layer.register_forward_pre_hook(hooks.before))
            self._attached.append(
                hooks.layer.register_forward_hook(hooks.after, always_call=True)
            )
        if part.is_searched:
            self._mode = _Functions(self, part)
            self._mode.__enter__()
        part.num_passes += 1
        part.num_silent += self._mode is not None

    def _looked_through(self, prefix: str, root: nn.Module) -> Part:
        known: dict[nn.Module, Described | None] = {}
        hooks: list[Hooks] = []
        for name, module in eager_layers(prefix, root):
            if isinstance(module, torch.jit.ScriptModule):
                continue
            known[module] = describe(module) if is_leaf(module) else None
            is_root = module is root
            before = None if is_root else self._enter(name, known[module])
            hooks.append(
                Hooks(layer=module, before=before, after=self._leave(name, is_root))
            )
        is_eager = not has_compiled()
        return Part(root=root, known=known.get(root), hooks=hooks, is_eager=is_eager)

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
            with self._cadence.looking(), _torch_c.DisableTorchFunction():
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

    def on_function(self, function: str, output: Any) -> bool:
        """Look at what an activation function gave, and return whether no layer called it."""
        if self._stack and self._stack[-1][1] is not None and self._stack[-1][1].is_known:
            return False
        with self._cadence.looking():
            tensor = main_tensor(output)
            place = self._stack[-1][0] if self._stack else ""
            name = f"{place}.{function}" if place else function
            if tensor is not None:
                self._take(tensor, name, "activation", function, None)
        return True

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
        values = _thinned(_local(output.detach()), axis or 0, _MOST_VALUES).float()
        few = _thinned(values, axis or 0, _MOST_OF_DEVIATION)
        dead = self._dead(label, values, axis or 0) if function in HARD_RECTIFIERS else None
        self._drafts.append(
            LayerDraft(
                name=label,
                kind=kind,
                function=function,
                std=self._numbers.add(few.std(correction=0)),
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

    def __init__(self, sampler: ForwardSampler, part: Part) -> None:
        super().__init__()
        self._sampler, self._part = sampler, part

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
        if function in ACTIVATIONS and self._sampler.on_function(function, result):
            self._part.num_silent = 0
        return result


def _local(tensor: Tensor) -> Tensor:
    """Return the part of a sharded tensor that is here."""
    to_local = getattr(tensor, "to_local", None)
    return tensor if to_local is None else to_local()


def _thinned(values: Tensor, unit_axis: int, most: int) -> Tensor:
    """Return a view with every n-th sample and position, and all units."""
    unit_axis %= values.dim()
    for axis in range(values.dim()):
        factor = values.numel() // most
        if axis != unit_axis and factor > 1:
            stride = min(factor, max(1, values.shape[axis] // 8))
            values = values[(slice(None),) * axis + (slice(None, None, stride),)]
    return values
