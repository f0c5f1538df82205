"""See one update from the input to the loss: heads, losses, what is put together with what."""

import math
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.utils.weak import WeakTensorKeyDictionary

from headway.doctor.calls import DISTANCES, LOSSES, Call, Recorder
from headway.doctor.probes.features import tensors_in
from headway.doctor.probes.loss_records import (
    Danger,
    Entry,
    Head,
    LossTrace,
    Meeting,
    NormCall,
    Origin,
    Reshape,
    SeenLoss,
)
from headway.doctor.probes.operations import (
    CONVOLUTIONS,
    ELEMENTWISE,
    LOOKUPS,
    NORMS,
    PASSING,
    PRODUCTS,
    RECURRENT,
)
from headway.doctor.probes.ranges import JOINING, joined, reach_of
from headway.doctor.probes.squares import Squares
from headway.doctor.program import Program, main_output, num_in


class LossTracer:
    """Watches one update of a program, up to its backward pass.

    `name` says where among the outputs the answer is, None that it is the main one.
    """

    def __init__(
        self, program: Program, inputs: Any, targets: Any, name: Any = None
    ) -> None:
        self._name = name
        self.trace = LossTrace()
        self._model = program.model
        self._names = {module: name for name, module in program.model.named_modules()}
        self._stack: list[str] = []
        self._is_done = False
        self._num_samples = num_in(targets)
        self._squares = Squares(self._num_samples)
        self.trace.accidents = self._squares.accidents
        self._origins: Any = WeakTensorKeyDictionary()
        for tensor in tensors_in(inputs):
            self._origins[tensor] = Origin(kinds=frozenset({"input"}))
        for tensor in tensors_in(targets):
            self._origins[tensor] = Origin(kinds=frozenset({"target"}))

    @contextmanager
    def on(self) -> Generator[None]:
        """Watch inside this block; the hooks are gone afterwards."""
        entering = register_module_forward_pre_hook(self._enter)
        leaving = register_module_forward_hook(self._leave, always_call=True)
        try:
            with Recorder(self._see):
                yield
        finally:
            entering.remove()
            leaving.remove()

    def _enter(self, module: nn.Module, _: Any) -> None:
        if module in self._names:
            self._stack.append(self._names[module])

    def _leave(self, module: nn.Module, _: Any, outputs: Any) -> None:
        if module in self._names and self._stack:
            self._stack.pop()
        if module is self._model and not self._is_done and outputs is not None:
            self.take_output(outputs)

    def take_output(self, outputs: Any) -> None:
        """Note what a model returned."""
        self.trace.forwards += 1
        for tensor in tensors_in(outputs):
            known = self._origin(tensor)
            self._origins[tensor] = replace(known, kinds=known.kinds | {"output"})
        try:
            main = main_output(outputs if self._name is None else outputs[self._name])
        except (TypeError, LookupError):
            return
        if self.trace.outputs is None:
            self.trace.outputs = outputs
            self.trace.head = self._origin(main).head
        known = self._origin(main)
        self._origins[main] = replace(known, kinds=known.kinds | {"output", "main"})

    def _see(self, call: Call) -> None:
        if self._is_done:
            return
        if call.name == "backward":
            self._is_done = True
            return
        if not self._stack:
            self._squares.see(call)
        given = call.tensors
        kinds = frozenset[str]().union(*(self._origin(t).kinds for t in given))
        if self._stack or kinds:
            self._note_danger(call, given)
        if call.name in LOSSES:
            self._note_loss(call)
        elif call.name in ELEMENTWISE:
            self._note_meeting(call, given)
        elif call.name in NORMS and given:
            self._note_norm(call, given[0])
        elif call.name in ("view", "reshape") and given:
            self._note_reshape(call, given[0])
        entry = self._note_entry(call, given)
        if entry is not None or (self._stack and call.name in NORMS):
            kinds -= {"input"}
        self._remember(call, given, kinds, entry)

    def _remember(
        self, call: Call, given: list[Tensor], kinds: frozenset[str], entry: int | None
    ) -> None:
        layer = self._stack[-1] if self._stack else None
        first = self._origin(given[0]) if given else Origin()
        dim = call.argument(1, "dim") if call.name.endswith("softmax") else None
        head = Head(op=call.name, layer=layer, dim=dim if isinstance(dim, int) else None)
        if call.name in PASSING:
            head, entry = first.head, first.entry
        elif call.name in JOINING:
            head = joined([self._origin(part).head for part in given]) or head
        for number, result in enumerate(tensors_in(call.result)):
            if head is not None and call.name not in PASSING:
                head = replace(head, reach=reach_of(call, number, self._reach))
            self._origins[result] = Origin(head=head, kinds=kinds, entry=entry)

    def _reach(self, tensor: Tensor) -> tuple[float, float] | None:
        head = self._origin(tensor).head
        return head.reach if head is not None else None

    def _note_loss(self, call: Call) -> None:
        given, target = call.argument(0, "input"), call.argument(1, "target")
        if not isinstance(given, Tensor):
            return
        origin = self._origin(given)
        is_target = isinstance(target, Tensor)
        # Some swap the two.
        if is_target and "output" not in origin.kinds:
            swapped = self._origin(target)
            if "output" in swapped.kinds and call.name.endswith(("mse_loss", "l1_loss")):
                given, target, origin = target, given, swapped
        self.trace.losses.append(
            SeenLoss(
                call=call,
                given=given.detach(),
                target=target.detach() if is_target else None,
                head=origin.head,
                is_of_output="output" in origin.kinds,
                is_of_main="main" in origin.kinds,
                error="" if call.result is not None else "raised",
            )
        )
        if is_target and call.name in DISTANCES:
            self._note_meeting(call, [given, target])

    def _note_norm(self, call: Call, given: Tensor) -> None:
        values = _values_of_each_statistic(call, given)
        if values and self._stack:
            layer = self._stack[-1]
            self.trace.norms.append(NormCall(op=call.name, layer=layer, values=values))

    def _note_reshape(self, call: Call, given: Tensor) -> None:
        if not self._stack or not isinstance(call.result, Tensor):
            return
        before, after = tuple(given.shape), tuple(call.result.shape)
        sizes = [size for size in before if size > 1], [size for size in after if size > 1]
        if sizes[0] != sizes[1] and sorted(sizes[0]) == sorted(sizes[1]):
            self.trace.reshapes.append(
                Reshape(op=call.name, layer=self._stack[-1], before=before, after=after)
            )

    def _note_meeting(self, call: Call, given: list[Tensor]) -> None:
        if len(given) < 2 or given[0].shape == given[1].shape:
            return
        for one, other in ((given[0], given[1]), (given[1], given[0])):
            if not one.dim() or not other.dim():
                return
            first, second = self._origin(one).kinds, self._origin(other).kinds
            if (
                "output" in first
                and "target" not in first
                and second == frozenset({"target"})
            ):
                shapes = tuple(one.shape), tuple(other.shape)
                self.trace.meetings.append(
                    Meeting(op=call.name, output_shape=shapes[0], target_shape=shapes[1])
                )

    def _note_entry(self, call: Call, given: list[Tensor]) -> int | None:
        """Return the number of the entry that this call is, and keep it."""
        if not self._stack or not given:
            return None
        if call.name in NORMS:
            number = self._origin(given[0]).entry
            if number is not None:
                entry = self.trace.entries[number]
                self.trace.entries[number] = replace(entry, is_normalized=True)
            return None
        source = next((t for t in given if self._is_input(t)), None)
        if source is None or not self._has_weights(call, given):
            return None
        values = source.detach()
        if call.name in CONVOLUTIONS and values.dim() > 2:
            values = values.movedim(1, -1)
        self.trace.entries.append(
            Entry(
                op=call.name,
                layer=self._stack[-1],
                values=values,
                is_embedded=call.name in LOOKUPS,
            )
        )
        return len(self.trace.entries) - 1

    def _is_input(self, tensor: Tensor) -> bool:
        return "input" in self._origin(tensor).kinds

    @staticmethod
    def _has_weights(call: Call, given: list[Tensor]) -> bool:
        if call.name in CONVOLUTIONS | RECURRENT | LOOKUPS | {"linear", "bilinear"}:
            return True
        if call.name == "multi_head_attention_forward":
            return True
        return call.name in PRODUCTS and any(t.requires_grad for t in given)

    def _note_danger(self, call: Call, given: list[Tensor]) -> None:
        danger = _watched(call, given)
        if danger is None or not danger.numel() or not danger.is_floating_point():
            return
        if call.name.endswith("softmax") and not self._goes_along_samples(call):
            return
        values = danger.detach()
        head = self._origin(danger).head
        self.trace.dangers.append(
            Danger(
                op=call.name,
                layer=self._stack[-1] if self._stack else None,
                source=head.op if head else "",
                low=float(values.min()),
                high=float(values.max()),
            )
        )

    def _goes_along_samples(self, call: Call) -> bool:
        given, dim = call.argument(0, "input"), call.argument(1, "dim")
        if not isinstance(given, Tensor) or given.dim() < 2:
            return False
        if len(given) != self._num_samples or len(given) < 2:
            return False
        # Without a dimension torch takes 0 for three dimensions.
        dim = (0 if given.dim() == 3 else 1) if dim is None else dim
        return isinstance(dim, int) and dim % given.dim() == 0

    def _origin(self, tensor: Tensor) -> Origin:
        return self._origins.get(tensor) or Origin()


def _watched(call: Call, given: list[Tensor]) -> Tensor | None:
    """Return the tensor that decides whether an operation stays finite."""
    if call.name in ("log", "log2", "log10", "exp", "sqrt", "softmax", "log_softmax"):
        return given[0] if given else None
    if call.name == "div" and isinstance(call.args[0], Tensor) and len(given) > 1:
        return given[1]
    return None


def _values_of_each_statistic(call: Call, given: Tensor) -> int:
    """Return over how many numbers a norm takes each mean and deviation, 0 if unknown."""
    if not given.numel() or given.dim() < 2:
        return 0
    if call.name == "group_norm":
        groups = call.argument(1, "num_groups")
        return given[0].numel() // groups if isinstance(groups, int) and groups else 0
    if call.name == "instance_norm":
        return given[0, 0].numel()
    if call.name in ("layer_norm", "rms_norm"):
        shape = call.argument(1, "normalized_shape")
        return math.prod(shape) if isinstance(shape, (tuple, list)) else 0
    return 0
