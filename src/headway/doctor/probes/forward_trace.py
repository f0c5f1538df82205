"""See the operations of one update: what cuts the gradient, drops units or makes a NaN."""

import inspect
import linecache
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from headway.doctor.probes.traced import BadOp, Cut, DropoutCall, ForwardTrace
from headway.doctor.program import Program, call_model, main_output
from headway.measure.probe import evaluating

# Operations that return something without a gradient, whatever goes in.
_CUTTING = frozenset(
    (
        *("detach", "detach_", "data", "numpy", "item", "tolist", "tensor", "as_tensor"),
        *("__float__", "__int__", "__index__", "argmax", "argmin", "argsort", "one_hot"),
        *("multinomial", "bernoulli", "long", "int", "short", "bool", "to", "type"),
        *("eq", "ne", "gt", "ge", "lt", "le", "__array__"),
    )
)
# Operations whose gradient is zero everywhere.
_FLAT = frozenset(("round", "round_", "sign", "sign_", "sgn", "floor", "ceil", "trunc"))
# What leaves a dropped output a dropped output.
_FORWARDING = frozenset(
    (
        "squeeze",
        "unsqueeze",
        "view",
        "reshape",
        "flatten",
        "softmax",
        "log_softmax",
        "sigmoid",
    )
)
_DROPOUTS = frozenset(
    (
        "dropout",
        "alpha_dropout",
        "feature_alpha_dropout",
        "dropout1d",
        "dropout2d",
        "dropout3d",
    )
)
_TORCH = str(Path(torch.__file__).parent)
_HERE = str(Path(__file__).parent.parent)


def trace_update(program: Program, inputs: Any, targets: Any) -> ForwardTrace:
    """Do one update of a program and return what was seen; its error does not matter here."""
    tracer = Tracer(program)
    with tracer.on():
        try:
            program.update(inputs, targets)
        except Exception as error:
            tracer.error = error
    return tracer.trace


def trace_evaluation(program: Program, inputs: Any) -> tuple[DropoutCall, ...]:
    """Return the calls of dropout while a program's model is in evaluation mode."""
    tracer = Tracer(program)
    with evaluating(program.model), tracer.on():
        call_model(program.model, inputs)
    return tuple(tracer.trace.dropouts)


class Tracer(TorchFunctionMode):
    """Looks at every operation between the inputs and the backward pass."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.trace = ForwardTrace()
        self.error: Exception | None = None
        self._model = program.model
        self._names = {id(p): name for name, p in program.model.named_parameters()}
        self._held = {id(p) for g in program.optimizer.param_groups for p in g["params"]}
        self._stack: list[str] = []
        self._position = 0
        self._is_done = False
        # Results of dropout stay referenced, so that their ids stay theirs.
        self._dropped: dict[int, tuple[Tensor, int]] = {}
        self._unregistered: set[int] = set()

    @contextmanager
    def on(self) -> Generator[None]:
        """Look at all operations inside this context, up to a backward pass."""
        with ExitStack() as stack:
            for name, module in self._model.named_modules():
                hook = module.register_forward_pre_hook(self._entering(name))
                stack.callback(hook.remove)
                hook = module.register_forward_hook(self._leaving(name), always_call=True)
                stack.callback(hook.remove)
            stack.enter_context(self)
            yield

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if self._is_done:
            return result
        name = getattr(func, "__name__", "")
        if name == "backward":
            self._is_done = True
            return result
        if name == "__get__":
            if getattr(func, "__self__", None) is not torch.Tensor.data:
                return result
            name = "data"
        self._position += 1
        self._look(name, [*_tensors(args), *_tensors(kwargs)], args, kwargs, result)
        return result

    def _look(
        self, name: str, given: list[Tensor], args: Any, kwargs: Any, result: Any
    ) -> None:
        for tensor in given:
            self._note_use(tensor)
        self._note_cut(name, given, result)
        if name in _DROPOUTS:
            self._note_dropout(args, kwargs, result)
        elif name in _FORWARDING and given and id(given[0]) in self._dropped:
            self._mark(result, self._dropped[id(given[0])][1])
        if name.endswith(("_loss", "cross_entropy", "cross_entropy_with_logits")):
            self.trace.losses.append(name)
            smoothing = float(kwargs.get("label_smoothing") or 0.0)
            self.trace.label_smoothing = max(self.trace.label_smoothing, smoothing)
        if self.trace.bad_op is None:
            self._note_bad(name, given, result)

    @property
    def _layer(self) -> str | None:
        return self._stack[-1] if self._stack else None

    def _note_use(self, tensor: Tensor) -> None:
        known = self._names.get(id(tensor))
        if known is not None:
            self.trace.uses[known] = self._position
        elif (
            self._stack
            and isinstance(tensor, nn.Parameter)
            and tensor.requires_grad
            and torch.is_grad_enabled()
            and id(tensor) not in self._unregistered | self._held
        ):
            self._unregistered.add(id(tensor))
            where = self._stack[-1]
            shape = tuple(tensor.shape)
            self.trace.unregistered.append(f"{where or 'the model'}: {shape}")

    def _note_cut(self, name: str, given: list[Tensor], result: Any) -> None:
        if not any(tensor.requires_grad for tensor in given):
            return
        is_flat = name in _FLAT
        is_off = not torch.is_grad_enabled() and isinstance(result, Tensor)
        if not (is_off or is_flat):
            if name not in _CUTTING:
                return
            if isinstance(result, Tensor) and result.requires_grad:
                return
        self.trace.cuts.append(
            Cut(
                op="no_grad" if is_off else name,
                layer=self._layer,
                position=self._position,
                line=user_line(),
                is_flat=is_flat and not is_off,
            )
        )

    def _note_dropout(self, args: Any, kwargs: Any, result: Any) -> None:
        p = kwargs.get("p", args[1] if len(args) > 1 else 0.5)
        is_on = kwargs.get("training", args[2] if len(args) > 2 else True)
        call = DropoutCall(
            layer=self._layer, p=float(p), is_on=bool(is_on), line=user_line()
        )
        self.trace.dropouts.append(call)
        self._mark(result, len(self.trace.dropouts) - 1)

    def _mark(self, result: Any, number: int) -> None:
        if isinstance(result, Tensor):
            self._dropped[id(result)] = (result, number)

    def _note_bad(self, name: str, given: list[Tensor], result: Any) -> None:
        made = [t for t in _tensors(result) if t.is_floating_point()]
        if all(_is_finite(tensor) for tensor in made):
            return
        # A mask of minus infinity is meant, and so is what it is added to.
        floats = [t.detach() for t in given if t.is_floating_point() and t.numel()]
        has_nan = any(bool(torch.isnan(tensor).any()) for tensor in made)
        if not floats or not all(_is_finite(t) for t in floats):
            return
        if not has_nan and name.startswith(("masked_fill", "where", "full", "fill")):
            return
        self.trace.bad_op = BadOp(
            op=name,
            layer=self._layer,
            line=user_line(),
            low=min(float(t.min()) for t in floats),
            high=max(float(t.max()) for t in floats),
        )

    def _entering(self, name: str) -> Any:
        def note(_: nn.Module, __: Any) -> None:
            self._stack.append(name)

        return note

    def _leaving(self, name: str) -> Any:
        def note(_: nn.Module, __: Any, output: Any) -> None:
            if self._stack and self._stack[-1] == name:
                self._stack.pop()
            if name == "" and output is not None:
                self._note_output(output)

        return note

    def _note_output(self, output: Any) -> None:
        try:
            dropped = self._dropped.get(id(main_output(output)))
        except TypeError:
            return
        if dropped is not None:
            call = self.trace.dropouts[dropped[1]]
            self.trace.dropouts[dropped[1]] = DropoutCall(
                layer=call.layer, p=call.p, is_on=call.is_on, line=call.line, is_output=True
            )


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _tensors(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _tensors(part)


def _is_finite(tensor: Tensor) -> bool:
    return bool(torch.isfinite(tensor.detach()).all())


def user_line() -> str:
    """Return the innermost line that is neither torch's nor ours."""
    frame = inspect.currentframe()
    while frame is not None:
        file, number = frame.f_code.co_filename, frame.f_lineno
        if not file.startswith((_TORCH, _HERE, "<frozen")):
            text = linecache.getline(file, number).strip()
            return f"{Path(file).name}:{number}: {text}" if text else ""
        frame = frame.f_back
    return ""
