"""Remedies that set how far an update moves."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.optim import Optimizer

from headway.doctor.finding import Cause
from headway.doctor.program import LossFn, Program, StepFn, usual_step
from headway.doctor.remedies.following import scale_rates_, set_rates_
from headway.errors import RemedyDoesNotFit
from headway.optim import Clipper


@dataclass(frozen=True)
class SetLearningRate:
    """Make `lr` the largest learning rate; groups keep their ratios, schedules their shape.

    Attributes:
        lr: The new rate, above 0.
        warmup_steps: Updates over which it rises linearly to its value.
    """

    cause: ClassVar[Cause] = "lr_high"
    lr: float
    warmup_steps: int = 0

    def apply(self, program: Program) -> Program:
        """Return the program with the new rate."""
        set_rates_(program, self.lr)
        if self.warmup_steps < 1:
            return program
        return replace(program, step=_WarmUp(program.step, self.warmup_steps))

    def describe(self) -> str:
        """Return what changes."""
        rise = f", reached over {self.warmup_steps} updates" if self.warmup_steps else ""
        return f"Set the learning rate to {self.lr:.3g}{rise}."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        lines = [
            "for group in optimizer.param_groups:",
            f'    group["lr"] = {self.lr:.3g}',
        ]
        if self.warmup_steps:
            lines += [
                "warmup = torch.optim.lr_scheduler.LinearLR(",
                f"    optimizer, {1 / self.warmup_steps:.3g}, total_iters={self.warmup_steps}",
                ")  # call warmup.step() after each optimizer.step()",
            ]
        return "\n".join(lines)


@dataclass(frozen=True)
class ScaleLearningRate:
    """Multiply all learning rates.

    Attributes:
        factor: Above 0.
    """

    cause: ClassVar[Cause] = "lr_high"
    factor: float

    def apply(self, program: Program) -> Program:
        """Return the program with scaled rates."""
        scale_rates_(program, self.factor)
        return program

    def describe(self) -> str:
        """Return what changes."""
        return f"Multiply the learning rate by {self.factor:.3g}."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return f'for group in optimizer.param_groups:\n    group["lr"] *= {self.factor:.3g}'


@dataclass(frozen=True)
class EqualRates:
    """Give parameter groups that do not move the largest learning rate of the others."""

    cause: ClassVar[Cause] = "frozen_parameters"

    def apply(self, program: Program) -> Program:
        """Return the program in which every group moves."""
        groups = program.optimizer.param_groups
        lr = max(float(group["lr"]) for group in groups)
        still = [group for group in groups if float(group["lr"]) == 0]
        if not still or lr == 0:
            raise RemedyDoesNotFit("no group has a learning rate of 0 beside others")
        for group in still:
            group["lr"] = lr
        return program

    def describe(self) -> str:
        """Return what changes."""
        return "Give the groups with a learning rate of 0 that of the others."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return 'for group in optimizer.param_groups:\n    group["lr"] = lr'


@dataclass(frozen=True)
class ClipGradients:
    """Bound the norm of all gradients together before each update.

    Attributes:
        max_norm: The bound, or None for a percentile of the norms so far.
        percentile: Of the norms, where there is no `max_norm`.
    """

    cause: ClassVar[Cause] = "exploding_gradient"
    max_norm: float | None = 1.0
    percentile: float = 50.0

    def apply(self, program: Program) -> Program:
        """Return the program with a hook in front of each step of its optimizer."""
        optimizer = program.optimizer
        mode = "percentile" if self.max_norm is None else "norm"
        clippers: list[Clipper] = []

        def clip(optimizer: Optimizer, *_: Any) -> None:
            # Made at the first update, when the optimizer holds what it will hold.
            if not clippers:
                held = [p for group in optimizer.param_groups for p in group["params"]]
                clippers.append(
                    Clipper(
                        held,
                        mode=mode,
                        max_norm=self.max_norm,
                        percentile=self.percentile,
                    )
                )
            clippers[0]()

        optimizer.register_step_pre_hook(clip)
        return program

    def describe(self) -> str:
        """Return what changes."""
        if self.max_norm is None:
            return (
                f"Clip the gradient's norm at percentile {self.percentile:g} of its past."
            )
        return f"Clip the gradient's norm at {self.max_norm:g}."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        if self.max_norm is not None:
            return (
                "loss.backward()\n"
                "torch.nn.utils.clip_grad_norm_("
                f"model.parameters(), max_norm={self.max_norm:g})\n"
                "optimizer.step()"
            )
        return (
            "norms = []  # before the loop\n"
            "loss.backward()\n"
            "norms.append(torch.nn.utils.get_total_norm("
            "p.grad for p in model.parameters() if p.grad is not None))\n"
            f"bound = torch.stack(norms).quantile({self.percentile / 100:g})\n"
            "torch.nn.utils.clip_grad_norm_(model.parameters(), bound)\n"
            "optimizer.step()"
        )


class _WarmUp:
    """A step whose learning rate rises linearly over the first updates."""

    def __init__(self, inner: StepFn | None, num_steps: int) -> None:
        self._inner = inner or usual_step
        self._num_steps = num_steps
        self._done = 0

    def __call__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        loss_fn: LossFn,
        inputs: Any,
        targets: Any,
    ) -> Tensor:
        self._done += 1
        if self._done >= self._num_steps:
            return self._inner(model, optimizer, loss_fn, inputs, targets)
        rates = [group["lr"] for group in optimizer.param_groups]
        for group in optimizer.param_groups:
            group["lr"] = group["lr"] * self._done / self._num_steps
        try:
            return self._inner(model, optimizer, loss_fn, inputs, targets)
        finally:
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate
