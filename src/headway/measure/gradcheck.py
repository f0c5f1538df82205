"""Compare gradients with differences of the function itself."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call

# A sum of many terms is exact to a few units in the last place of its largest partial sums.
_ROUNDING = 64 * torch.finfo(torch.float64).eps
# At a kink the slopes on both sides differ whatever the step; elsewhere their difference
# shrinks with it. So much shorter is the second look.
_CLOSER = 100.0
# A difference of the slopes that is worth a second look, relative to the slopes.
_SUSPICIOUS = 1e-3


@dataclass(frozen=True, kw_only=True, slots=True)
class TensorCheck:
    """How well the gradient of one tensor agrees with differences.

    Attributes:
        name: "input 0", or the parameter's name in its module.
        error: Largest relative error of the checked elements, kinks left out.
        position: Index of the element with that error, or None where nothing was compared.
        analytic: Its gradient by backpropagation.
        numeric: Its gradient by differences.
        num_checked: Elements that were looked at.
        num_elements: Elements of the tensor.
        kinks: Indices of elements along which the function has a kink right here, and whose
            gradient lies between the slopes on both sides.
    """

    name: str
    error: float
    position: tuple[int, ...] | None
    analytic: float
    numeric: float
    num_checked: int
    num_elements: int
    kinks: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class GradientReport:
    """Result of `check_gradients`; `print` shows it as a table.

    Attributes:
        tensors: One entry for each tensor, inputs first.
        tolerance: Relative error up to which a gradient counts as correct.
    """

    tensors: tuple[TensorCheck, ...]
    tolerance: float

    @property
    def is_correct(self) -> bool:
        """Whether no element is off by more than the tolerance; kinks do not count."""
        return self.max_error <= self.tolerance

    @property
    def max_error(self) -> float:
        """Largest relative error of all tensors."""
        return max(tensor.error for tensor in self.tensors)

    @property
    def num_kinks(self) -> int:
        """Elements at a kink."""
        return sum(len(tensor.kinks) for tensor in self.tensors)

    def __str__(self) -> str:
        return "\n".join(map(self._line, self.tensors))

    def _line(self, tensor: TensorCheck) -> str:
        verdict = "ok" if tensor.error <= self.tolerance else "WRONG"
        said = (
            f"{tensor.name}: {verdict}, relative error {tensor.error:.1e} in "
            f"{tensor.num_checked} of {tensor.num_elements} elements"
        )
        if tensor.error > self.tolerance:
            said += (
                f", largest at {list(tensor.position or ())}: backpropagation gives "
                f"{tensor.analytic:.9g}, differences give {tensor.numeric:.9g}"
            )
        return said + (f", {len(tensor.kinks)} at a kink" if tensor.kinks else "")


def check_gradients(
    function: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    step: float = 1e-5,
    tolerance: float = 1e-6,
    max_elements: int = 64,
    seed: int = 0,
) -> GradientReport:
    """Check gradients by backpropagation against centered differences, in float64.

    The outputs are added up with random weights to one number f. For each checked element
    the numeric gradient is n = (f(x + step) - f(x - step)) / (2 step), and the relative
    error |a - n| / max(|a|, |n|, floor), where the floor keeps the rounding of f out of it:
    rounding(f) / step / tolerance. Where the slopes on both sides differ however short the
    step, the function has a kink; if the gradient lies between them it is one of the right
    ones there, and the element is reported apart.

    Nothing is changed: a module runs with float64 copies of its parameters and buffers, in
    the mode it is in, with the same random numbers each time. A function that is not a
    module takes part with its inputs alone.

    Args:
        function: Module or function of tensors that returns a tensor, or several in a
            tuple, list or dict.
        inputs: What it is called with; elements of float tensors are checked.
        step: How far each element is moved, in units of max(1, |element|).
        tolerance: Largest relative error of a correct gradient.
        max_elements: Elements of one tensor to check; larger ones are sampled.
        seed: Of the sample, the weights of the outputs and what the function draws.

    Raises:
        TypeError: If no output is a float tensor.
        ValueError: If there is nothing to check, or the function is not finite or gives two
            values for the same inputs.

    Reference:
        CS231n, "Neural Networks Part 3", gradient checks.

    Example:
        >>> print(check_gradients(torch.sin, torch.tensor([0.0, 1.0])).is_correct)
        True
        >>> check_gradients(torch.relu, torch.tensor([0.0, 1.0])).tensors[0].kinks
        ((0,),)
    """
    for name, value in (("step", step), ("tolerance", tolerance)):
        if not value > 0.0:
            raise ValueError(f"{name} must be above 0, got {value}")
    point = _Point(function, inputs, seed)
    generator = torch.Generator().manual_seed(seed)
    gradients = point.gradients()
    look = _Look(point, step, tolerance)
    checks = [
        _check(look, name, gradients[name], _sample(tensor, max_elements, generator))
        for name, tensor in point.tensors.items()
    ]
    return GradientReport(tensors=tuple(checks), tolerance=tolerance)


class _Point:
    """A function as one number, at the place where it is checked."""

    def __init__(
        self, function: Callable[..., Any], inputs: Tensor | Sequence[Any], seed: int
    ) -> None:
        self._function = function
        self._seed = seed
        arguments = [inputs] if isinstance(inputs, Tensor) else list(inputs)
        self._inputs = [_to_double(value) for value in arguments]
        self.tensors = {
            f"input {index}": value
            for index, value in enumerate(self._inputs)
            if isinstance(value, Tensor) and value.is_floating_point()
        }
        self._state: dict[str, Tensor] = {}
        self._buffers: dict[str, Tensor] = {}
        if isinstance(function, nn.Module):
            named = dict(function.named_parameters())
            self._state = {name: _to_double(value) for name, value in named.items()}
            self._buffers = {n: _to_double(b) for n, b in function.named_buffers()}
            learning = {n: self._state[n] for n, p in named.items() if p.requires_grad}
            self.tensors |= learning
        if not any(tensor.numel() for tensor in self.tensors.values()):
            raise ValueError("there is no float input and no trainable parameter to check")
        for tensor in self.tensors.values():
            tensor.requires_grad_()
        devices = [tensor.device for tensor in self.tensors.values()]
        self._devices = [device for device in set(devices) if device.type == "cuda"]
        value = self()
        if not math.isfinite(value):
            raise ValueError(
                f"the function must be finite where it is checked, got {value}"
            )
        if value != self():
            raise ValueError(
                "the function gave two values for the same inputs, so differences mean "
                "nothing; let it draw from torch's generator alone"
            )

    def __call__(self) -> float:
        """Return the value, as a number."""
        with torch.no_grad():
            return float(self._value()[0])

    def gradients(self) -> dict[str, Tensor]:
        """Return the gradient of the value by backpropagation, by name of the tensor."""
        tensors = list(self.tensors.values())
        value = self._value()[0]
        if not value.requires_grad:
            return {name: torch.zeros_like(t) for name, t in self.tensors.items()}
        found = torch.autograd.grad(value, tensors, materialize_grads=True)
        return dict(zip(self.tensors, found, strict=True))

    def rounding(self) -> float:
        """Return how exactly the value is known."""
        with torch.no_grad():
            return _ROUNDING * self._value()[1]

    def _value(self) -> tuple[Tensor, float]:
        """Return the weighted sum of the outputs, and the sum of its terms' magnitudes."""
        with torch.random.fork_rng(self._devices):
            torch.manual_seed(self._seed)
            outputs = [out for out in _leaves(self._run()) if out.is_floating_point()]
        if not outputs:
            raise TypeError("the function must return a float tensor, or several")
        generator = torch.Generator().manual_seed(self._seed)
        total, magnitude = outputs[0].new_zeros((), dtype=torch.float64), 0.0
        for output in outputs:
            weights = torch.rand(output.shape, generator=generator, dtype=torch.float64)
            terms = output * (0.5 + weights).to(output.device)
            total = total + terms.sum()
            magnitude += float(terms.detach().abs().sum())
        return total, magnitude

    def _run(self) -> Any:
        inputs = tuple(self._inputs)
        if not isinstance(self._function, nn.Module):
            return self._function(*inputs)
        # Fresh buffers each time: what a forward pass leaves in them is no input.
        buffers = {name: buffer.clone() for name, buffer in self._buffers.items()}
        return functional_call(self._function, {**self._state, **buffers}, inputs)


@dataclass(frozen=True, slots=True)
class _Slopes:
    """Slopes to both sides of one element, and how far rounding may have moved them."""

    left: float
    right: float
    rounding: float

    @property
    def center(self) -> float:
        return (self.left + self.right) / 2.0

    @property
    def jump(self) -> float:
        return abs(self.right - self.left)

    @property
    def is_suspicious(self) -> bool:
        steeper = max(abs(self.left), abs(self.right))
        return self.jump > max(_SUSPICIOUS * steeper, 4.0 * self.rounding)


class _Look:
    """Looks at single elements from close by."""

    def __init__(self, point: _Point, step: float, tolerance: float) -> None:
        self._point = point
        self._step = step
        self._tolerance = tolerance
        self._here = point()
        self._rounding = point.rounding()

    def slopes(self, tensor: Tensor, index: int, *, closer: float = 1.0) -> _Slopes:
        """Return the slopes along one element of `tensor`, which is put back."""
        flat = tensor.detach().view(-1)
        before = float(flat[index])
        step = self._step / closer * max(1.0, abs(before))
        flat[index] = before + step
        above, right = self._point(), float(flat[index]) - before
        flat[index] = before - step
        below, left = self._point(), before - float(flat[index])
        flat[index] = before
        return _Slopes(
            left=(self._here - below) / left,
            right=(above - self._here) / right,
            rounding=self._rounding / step,
        )

    def error(self, analytic: float, slopes: _Slopes) -> float:
        """Return the relative error of a gradient."""
        floor = slopes.rounding / self._tolerance
        larger = max(abs(analytic), abs(slopes.center), floor)
        return abs(analytic - slopes.center) / larger if larger else 0.0

    def is_at_kink(
        self, tensor: Tensor, index: int, analytic: float, slopes: _Slopes
    ) -> bool:
        """Whether there is a kink here and the gradient lies between the slopes."""
        if not slopes.is_suspicious:
            return False
        closer = self.slopes(tensor, index, closer=_CLOSER)
        if not closer.is_suspicious or closer.jump < slopes.jump / 2.0:
            return False
        slack = closer.rounding + _SUSPICIOUS * closer.jump
        low, high = sorted((closer.left, closer.right))
        return low - slack <= analytic <= high + slack

    def closest(self, tensor: Tensor, index: int, analytic: float) -> tuple[float, float]:
        """Return error and numeric gradient, at the better of two steps."""
        found = [self.slopes(tensor, index, closer=closer) for closer in (1.0, _CLOSER)]
        return min((self.error(analytic, slopes), slopes.center) for slopes in found)


def _check(look: _Look, name: str, gradient: Tensor, sampled: "_Sample") -> TensorCheck:
    tensor = sampled.tensor
    worst: tuple[float, int, float, float] | None = None
    kinks: list[tuple[int, ...]] = []
    flat = gradient.reshape(-1)
    for index in sampled.indices:
        analytic = float(flat[index])
        slopes = look.slopes(tensor, index)
        if look.is_at_kink(tensor, index, analytic, slopes):
            kinks.append(_position(index, tensor))
            continue
        error, numeric = look.error(analytic, slopes), slopes.center
        if slopes.is_suspicious:  # a kink nearby, or a strong curvature
            error, numeric = look.closest(tensor, index, analytic)
        if worst is None or error > worst[0]:
            worst = (error, index, analytic, numeric)
    error, at, analytic, numeric = worst or (0.0, None, 0.0, 0.0)
    return TensorCheck(
        name=name,
        error=error,
        position=None if at is None else _position(at, tensor),
        analytic=analytic,
        numeric=numeric,
        num_checked=len(sampled.indices),
        num_elements=tensor.numel(),
        kinks=tuple(kinks),
    )


@dataclass(frozen=True, slots=True)
class _Sample:
    """Which elements of a tensor are checked."""

    tensor: Tensor
    indices: list[int]


def _sample(tensor: Tensor, count: int, generator: torch.Generator) -> _Sample:
    if tensor.numel() <= count:
        return _Sample(tensor, list(range(tensor.numel())))
    chosen = torch.randperm(tensor.numel(), generator=generator)[:count]
    return _Sample(tensor, sorted(chosen.tolist()))


def _position(index: int, tensor: Tensor) -> tuple[int, ...]:
    return tuple(int(i) for i in torch.unravel_index(torch.tensor(index), tensor.shape))


def _to_double(value: Any) -> Any:
    """Return a copy of a float tensor in float64, or anything else as it is."""
    if not isinstance(value, Tensor):
        return value
    dtype = torch.float64 if value.is_floating_point() else value.dtype
    return value.detach().to(dtype, copy=True, memory_format=torch.contiguous_format)


def _leaves(outputs: Any) -> Iterator[Tensor]:
    if isinstance(outputs, Tensor):
        yield outputs
    elif isinstance(outputs, Mapping):
        for value in cast(Mapping[Any, Any], outputs).values():
            yield from _leaves(value)
    elif isinstance(outputs, list | tuple):
        for value in cast(Sequence[Any], outputs):
            yield from _leaves(value)
