"""A bound of the gradient that most gradients pass."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.optim import Optimizer

from headway.doctor.finding import Cause
from headway.doctor.program import LossFn, Program, StepFn
from headway.doctor.remedies.rates import ClipGradients
from headway.errors import RemedyDoesNotFit
from headway.optim import Clipper


@dataclass(frozen=True)
class LoosenClip:
    """Clip the norm of the gradient at a percentile of its past, and nowhere else.

    Attributes:
        percentile: Of the norms so far.
    """

    cause: ClassVar[Cause] = "optimizer"
    percentile: float = 90.0

    def apply(self, program: Program) -> Program:
        """Return the program whose own clipping is undone before each step."""
        if program.step is None:
            raise RemedyDoesNotFit("the usual step clips no gradient")
        return replace(program, step=_Loosened(program.step, self.percentile))

    def describe(self) -> str:
        """Return what changes."""
        return (
            f"Clip the gradient's norm only at percentile {self.percentile:g} of its past."
        )

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return ClipGradients(None, self.percentile).snippet()


class _Loosened:
    """A step whose optimizer sees the gradients as they arrived, clipped another way."""

    def __init__(self, inner: StepFn, percentile: float) -> None:
        self._inner = inner
        self._percentile = percentile
        self._clipper: Clipper | None = None

    def __call__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        loss_fn: LossFn,
        inputs: Any,
        targets: Any,
    ) -> Tensor:
        arrived: dict[Tensor, Tensor] = {}
        held = [p for group in optimizer.param_groups for p in group["params"]]

        def keep(weight: Tensor) -> None:
            if weight.grad is not None:
                arrived[weight] = weight.grad.detach().clone()

        def put_back(*_: Any) -> None:
            for weight, gradient in arrived.items():
                weight.grad = gradient
            self._clip(held)

        wanted = [weight for weight in held if weight.requires_grad]
        handles = [weight.register_post_accumulate_grad_hook(keep) for weight in wanted]
        handles.append(optimizer.register_step_pre_hook(put_back))
        try:
            return self._inner(model, optimizer, loss_fn, inputs, targets)
        finally:
            for handle in handles:
                handle.remove()

    def _clip(self, held: list[Tensor]) -> None:
        if self._clipper is None:
            self._clipper = Clipper(held, mode="percentile", percentile=self._percentile)
        self._clipper()
