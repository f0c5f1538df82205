"""Which functions a model calls in a forward pass, in which order, and what feeds what.

Activations and heads are often functions rather than modules, so remedies find them here.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from headway.doctor.program import call_model, main_output
from headway.doctor.remedies.torch_names import (
    ACTIVATIONS,
    FACTORS,
    PASSIVE,
    PRODUCTS,
    SHAPES,
    STEPS,
    SUMS,
    WEIGHTED,
)
from headway.measure.probe import evaluating

Key = tuple[str, int]


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a function of torch in a forward pass.

    Attributes:
        number: Its place in the pass.
        key: The function's name, and how often it was called before.
        module: The innermost module that called it.
        path: That module's name.
        inputs: Tensors that it got.
        outputs: Tensors that it returned.
        positional: Its positional arguments.
        named: Its other arguments.
    """

    number: int
    key: Key
    module: nn.Module
    path: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    positional: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    @property
    def function(self) -> str:
        """The function's name."""
        return self.key[0]

    @property
    def weights(self) -> list[Tensor]:
        """Parameters among its inputs that are matrices or kernels."""
        return [t for t in self.inputs if isinstance(t, nn.Parameter) and t.dim() > 1]


class Trace:
    """The calls of one forward pass as a graph.

    Args:
        calls: In order.
        outputs: What the model returned.
    """

    def __init__(self, calls: list[Call], outputs: Any) -> None:
        self.calls = calls
        self._outputs = outputs
        self._made_by: dict[int, list[Call]] = {}
        self._sources: dict[Call, list[Call]] = {}
        self._users: dict[Call, list[Call]] = {call: [] for call in calls}
        self._from_parameters: set[int] = set()
        for call in calls:
            self._connect(call)
        self._uses = Counter(id(w) for call in calls for w in call.weights)

    def sources(self, call: Call) -> list[Call]:
        """Return the calls that made the inputs of a call."""
        return self._sources[call]

    def users(self, call: Call) -> list[Call]:
        """Return the calls that take an output of a call."""
        return self._users[call]

    def last(self) -> Call | None:
        """Return the call that made the main output."""
        return self._maker(main_output(self._outputs), len(self.calls))

    def is_weighted(self, call: Call) -> bool:
        """Return whether a call multiplies a signal by weights."""
        if call.function in WEIGHTED:
            return True
        weights = [id(t) in self._from_parameters for t in call.inputs]
        return call.function in PRODUCTS and any(weights) and not all(weights)

    def is_repeated(self, call: Call) -> bool:
        """Return whether other calls use the same weights, as in a loop over time."""
        return any(self._uses[id(weight)] > 1 for weight in call.weights)

    def layers_before(self, call: Call) -> list[Call]:
        """Return the nearest weighted calls behind sums and what only passes signals on."""
        found: list[Call] = []
        queue, seen = list(self.sources(call)), set[Call]()
        while queue:
            source = queue.pop()
            if source in seen:
                continue
            seen.add(source)
            if self.is_weighted(source):
                found.append(source)
            elif self.passes(source) or source.function in SUMS:
                queue.extend(self.sources(source))
        return found

    def nearest_users(self, call: Call) -> list[Call]:
        """Return what uses a call, looking through what only passes signals on."""
        found: list[Call] = []
        queue = list(self.users(call))
        while queue:
            user = queue.pop(0)
            if self.passes(user):
                queue.extend(self.users(user))
            else:
                found.append(user)
        return found

    def passes(self, call: Call) -> bool:
        """Return whether a call passes one signal on, perhaps with a parameter added."""
        if call.function in PASSIVE:
            return True
        signals = [t for t in call.inputs if id(t) not in self._from_parameters]
        return call.function in SUMS and len(signals) == 1

    def leads_to_weights(self, call: Call) -> bool:
        """Return whether a weighted call comes later on the way of a call's output."""
        queue, seen = list(self.users(call)), set[Call]()
        while queue:
            user = queue.pop()
            if user in seen:
                continue
            seen.add(user)
            if self.is_weighted(user):
                return True
            queue.extend(self.users(user))
        return False

    def is_factor(self, call: Call) -> bool:
        """Return whether a call's output weighs other signals, as gates and attention do."""
        return any(
            user.function in FACTORS
            and not self.is_weighted(user)
            and sum(id(t) not in self._from_parameters for t in user.inputs) > 1
            for user in self.nearest_users(call)
        )

    def _connect(self, call: Call) -> None:
        makers = {self._maker(t, call.number) for t in call.inputs}
        self._sources[call] = [maker for maker in makers if maker is not None]
        for maker in self._sources[call]:
            self._users[maker].append(call)
        for tensor in call.inputs:
            if isinstance(tensor, nn.Parameter):
                self._from_parameters.add(id(tensor))
        is_from = call.inputs and all(id(t) in self._from_parameters for t in call.inputs)
        for tensor in call.outputs:
            self._made_by.setdefault(id(tensor), []).append(call)
            if is_from:
                self._from_parameters.add(id(tensor))

    def _maker(self, tensor: Tensor, before: int) -> Call | None:
        """Return the last call before `before` that returned a tensor, also in place."""
        makers = self._made_by.get(id(tensor), [])
        return next((call for call in reversed(makers) if call.number < before), None)


def trace(model: nn.Module, inputs: Any) -> Trace:
    """Run a model once, in evaluation mode, and return what it called; leaves no trace."""
    with evaluating(model), _Recorder(model) as recorder:
        outputs = call_model(model, inputs)
    return Trace(recorder.calls, outputs)


def hidden_activations(traced: Trace) -> list[Call]:
    """Return the activations between layers: neither heads nor gates, nor in loops."""
    return [
        call
        for call in traced.calls
        if call.function in ACTIVATIONS | STEPS
        and traced.leads_to_weights(call)
        and not traced.is_factor(call)
        and (before := traced.layers_before(call))
        and not any(traced.is_repeated(layer) for layer in before)
    ]


def head_of(traced: Trace) -> Call | None:
    """Return the activation that makes the output, or None where a layer makes it."""
    call = traced.last()
    while call is not None and call.function in SHAPES:
        call = next(iter(traced.sources(call)), None)
    return call if call is not None and call.function in ACTIVATIONS else None


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function of torch, the same in place or not."""
    name = getattr(function, "__name__", str(function))
    if name == "__get__":
        name = getattr(getattr(function, "__self__", None), "__name__", name)
    return name if name.startswith("__") else name.lstrip("_").removesuffix("_")


def tensors_in(values: Any) -> Iterator[Tensor]:
    """Yield the tensors of any structure of arguments."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, Mapping):
        for value in values.values():
            yield from tensors_in(value)
    elif isinstance(values, (tuple, list)):
        for value in values:
            yield from tensors_in(value)


class _Recorder(TorchFunctionMode):
    """Records the calls of a model's forward pass."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self._model = model
        self._counts: Counter[str] = Counter()
        self._stack: list[tuple[str, nn.Module]] = [("", model)]
        self._handles: list[Any] = []

    def __enter__(self) -> "_Recorder":
        for path, module in self._model.named_modules():
            self._handles += [
                module.register_forward_pre_hook(self._push(path)),
                module.register_forward_hook(self._pop, always_call=True),
            ]
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        for handle in self._handles:
            handle.remove()

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        named = kwargs or {}
        result = func(*args, **named)
        outputs = tuple(tensors_in(result))
        if outputs:
            self._record(name_of(func), args, named, outputs)
        return result

    def _record(
        self, name: str, args: Any, named: Mapping[str, Any], outputs: tuple[Tensor, ...]
    ) -> None:
        path, module = self._stack[-1]
        self.calls.append(
            Call(
                number=len(self.calls),
                key=(name, self._counts[name]),
                module=module,
                path=path,
                inputs=(*tensors_in(args), *tensors_in(named)),
                outputs=outputs,
                positional=tuple(args),
                named=named,
            )
        )
        self._counts[name] += 1

    def _push(self, path: str) -> Callable[..., None]:
        def hook(module: nn.Module, _: Any) -> None:
            self._stack.append((path, module))

        return hook

    def _pop(self, module: nn.Module, *_: Any) -> None:
        # A module that failed in its own hooks was never pushed.
        if len(self._stack) > 1 and self._stack[-1][1] is module:
            self._stack.pop()
