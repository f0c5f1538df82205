"""Momentum as an average of the gradients, and what that means for the learning rate."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

# torch 2.11 has no public names for these.
_add: Any = torch._foreach_add  # pyright: ignore[reportPrivateUsage, reportPrivateImportUsage]
_add_: Any = torch._foreach_add_  # pyright: ignore[reportPrivateUsage, reportPrivateImportUsage]
_lerp_: Any = torch._foreach_lerp_  # pyright: ignore[reportPrivateUsage, reportPrivateImportUsage]


class AveragedMomentum(Optimizer):
    """Step along an exponential moving average of the gradients.

    m <- b m + (1 - b) g, then w <- w - lr m, with m = 0 at the start. Torch's SGD, like
    Caffe's, sums instead (m <- b m + g), so its steps are 1 / (1 - b) times as long at the
    same learning rate: ten times at b = 0.9. `heavy_ball_lr` and `averaged_lr` convert
    exactly. Published recipes that name a momentum nearly always mean the sum.

    Args:
        params: Parameters or parameter groups, as for every optimizer of torch.
        lr: Learning rate, at least 0.
        momentum: The b above, in 0..1; 0 is plain gradient descent.
        weight_decay: Adds weight_decay * w to the gradient.

    Raises:
        ValueError: If a setting is out of range.

    Reference:
        Lund FMAN-45, lecture 9, "Momentum"; the sum is that of Polyak, "Some methods of
        speeding up the convergence of iteration methods", 1964.

    Example:
        >>> w = torch.zeros(1, requires_grad=True)
        >>> w.grad = torch.ones(1)
        >>> AveragedMomentum([w], lr=1.0, momentum=0.75).step()
        >>> w.item()
        -0.25
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        *,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
    ) -> None:
        if not lr >= 0.0:
            raise ValueError(f"lr must be at least 0, got {lr}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight_decay must be at least 0, got {weight_decay}")
        _check_momentum(momentum)
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Args:
            closure: Computes the loss and its gradients anew, or None.

        Returns:
            What `closure` returns.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if not params:
                continue
            gradients = [p.grad for p in params]
            if group["weight_decay"]:
                gradients = _add(gradients, params, alpha=group["weight_decay"])
            averages = [self._average(p) for p in params]
            _lerp_(averages, gradients, 1.0 - group["momentum"])
            _add_(params, averages, alpha=-group["lr"])
        return loss

    def _average(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        return state["momentum_buffer"]


def heavy_ball_lr(lr: float, momentum: float) -> float:
    """Return the rate at which torch's SGD does what `AveragedMomentum` does at `lr`.

    lr (1 - b): the trajectories are then equal, step by step and under every schedule, as
    the sum of torch is the average divided by 1 - b. Only with Nesterov are they not.

    Args:
        lr: Learning rate of the averaged form.
        momentum: The b of both forms, in 0..1.

    Raises:
        ValueError: If `momentum` is not in 0..1.

    Example:
        >>> heavy_ball_lr(0.1, 0.75)
        0.025
    """
    _check_momentum(momentum)
    return lr * (1.0 - momentum)


def averaged_lr(lr: float, momentum: float) -> float:
    """Return the rate at which `AveragedMomentum` does what torch's SGD does at `lr`.

    lr / (1 - b), the inverse of `heavy_ball_lr`.

    Args:
        lr: Learning rate of the sum.
        momentum: The b of both forms, in 0..1.

    Raises:
        ValueError: If `momentum` is not in 0..1.

    Example:
        >>> averaged_lr(0.025, 0.75)
        0.1
    """
    _check_momentum(momentum)
    return lr / (1.0 - momentum)


def _check_momentum(momentum: float) -> None:
    if not 0.0 <= momentum < 1.0:
        raise ValueError(f"momentum must be at least 0 and below 1, got {momentum}")
