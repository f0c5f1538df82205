"""Give outputs the shape of the targets, where a loss would compare each with each."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from headway.doctor.finding import Cause
from headway.doctor.program import (
    LossFn,
    Program,
    call_model,
    first_tensor,
    main_output,
    num_in,
)
from headway.doctor.remedies.drawing import drawing
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.tracing import name_of
from headway.doctor.remedies.wrapping import with_main
from headway.errors import RemedyDoesNotFit
from headway.measure.probe import evaluating

# Functions that take two tensors place by place.
_PLAIN = ("add", "sub", "mul", "div", "maximum", "minimum")
_PAIRED = frozenset(
    {
        *_PLAIN,
        *(f"__{name}__" for name in ("add", "radd", "sub", "rsub", "mul", "rmul")),
        "__truediv__",
        "__rtruediv__",
        "mse_loss",
        "l1_loss",
        "smooth_l1_loss",
        "huber_loss",
    }
)
_VIEWS = frozenset({"unsqueeze", "__getitem__", "view", "reshape"})


@dataclass(frozen=True)
class SqueezeShapes:
    """Compare outputs and targets of one shape, such as (N,) with (N,) instead of (N, 1).

    Inside a loss written by hand it is the column that gets the shape of the row; a loss that
    makes a column on purpose, to compare all pairs, stays as it is.
    """

    cause: ClassVar[Cause] = "shape_broadcast"

    def apply(self, program: Program) -> Program:
        """Return the program with a loss that gets outputs in the shape of the targets."""
        inputs, targets = a_batch(program)
        with evaluating(program.model):
            outputs = call_model(program.model, inputs)
        output, target = main_output(outputs), first_tensor(targets)
        if output.shape == target.shape or output.numel() != target.numel():
            loss_fn = _Aligned(program.loss_fn)
            with drawing(program):
                loss_fn(outputs, targets)
            if loss_fn.num_aligned:
                return replace(program, loss_fn=loss_fn)
        if output.shape == target.shape:
            raise RemedyDoesNotFit("outputs and targets have one shape already")
        if output.numel() != target.numel():
            raise RemedyDoesNotFit(
                f"outputs of shape {tuple(output.shape)} hold another number of values than "
                f"targets of shape {tuple(target.shape)}"
            )
        return replace(program, loss_fn=_InOneShape(program.loss_fn))

    def describe(self) -> str:
        """Return what changes."""
        return "Give the outputs the shape of the targets before the loss."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return "loss = loss_fn(output.reshape(target.shape), target)"


class _InOneShape(nn.Module):
    def __init__(self, loss_fn: LossFn) -> None:
        super().__init__()
        self.loss_fn = loss_fn

    def forward(self, outputs: Any, targets: Any) -> Tensor:
        output, target = main_output(outputs), first_tensor(targets)
        if output.numel() == target.numel():
            outputs = with_main(outputs, output.reshape(target.shape))
        return self.loss_fn(outputs, targets)


class _Aligned(nn.Module):
    """A loss in which no column of samples meets a row of them."""

    def __init__(self, loss_fn: LossFn) -> None:
        super().__init__()
        self.loss_fn = loss_fn
        self.num_aligned = 0

    def forward(self, outputs: Any, targets: Any) -> Tensor:
        with _Aligning(num_in(targets)) as aligning:
            loss = self.loss_fn(outputs, targets)
        self.num_aligned = aligning.count
        return loss


class _Aligning(TorchFunctionMode):
    """Gives columns of samples that meet rows of them the shape of the rows."""

    def __init__(self, samples: int) -> None:
        super().__init__()
        self.count = 0
        self._samples = samples
        # Columns that were made of rows: they are meant.
        self._made: list[Tensor] = []

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name = name_of(func)
        if name in _PAIRED and len(args) > 1:
            args = (*self._alike(args[0], args[1]), *args[2:])
        result = func(*args, **(kwargs or {}))
        if name in _VIEWS and self._is_row(args[0]) and self._is_column(result):
            self._made.append(result)
        return result

    def _alike(self, one: Any, other: Any) -> tuple[Any, Any]:
        if self._is_row(one) and self._is_column(other):
            return one, self._as_row(other)
        if self._is_column(one) and self._is_row(other):
            return self._as_row(one), other
        return one, other

    def _as_row(self, column: Tensor) -> Tensor:
        self.count += 1
        return column.squeeze(-1)

    def _is_row(self, value: Any) -> bool:
        return isinstance(value, Tensor) and value.shape == (self._samples,)

    def _is_column(self, value: Any) -> bool:
        is_column = isinstance(value, Tensor) and value.shape == (self._samples, 1)
        is_made = any(value is made for made in self._made)
        return is_column and self._samples > 1 and not is_made
