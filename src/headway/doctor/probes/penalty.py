"""What a program's own step adds to the gradient of its loss: a pull on the weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_pre_hook

from headway.doctor.examples import Batch
from headway.doctor.program import Program, seed_all, usual_step

Norm = Literal["l1", "l2"]
# Share of the squared gradient that may be left unexplained by loss and penalty together.
_LEFT = 0.02
# So many numbers of a gradient tell as much as all of them.
_MOST_NUMBERS = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """A part of the gradient that depends on the weights alone.

    Attributes:
        norm: "l1" where all weights are pulled alike, "l2" where large ones are pulled more.
        pull: Its size over that of the loss's gradient, in the first update.
        loss: What the step returns.
        plain_loss: What the loss says of the same batch.
    """

    norm: Norm
    pull: float
    loss: float
    plain_loss: float


@dataclass(frozen=True)
class _Seen:
    """What an optimizer finds in its first step."""

    gradient: Tensor
    weights: Tensor
    loss: float


def penalty_of(own: Program, usual: Program, batch: Batch) -> Penalty | None:
    """Compare the gradient of a program's own step with that of the usual one.

    Args:
        own: A fresh program with a step of its own.
        usual: The same program, of the same seed.
        batch: What both get.

    Returns:
        None where nothing is added to the gradient, or something else than a pull on the
        weights, and where the step does not update on each batch.
    """
    plain = _first_step(
        usual,
        lambda: usual_step(usual.model, usual.optimizer, usual.loss_fn, *batch),
    )
    seen = _first_step(own, lambda: own.update(*batch))
    if seen is None or plain is None or seen.gradient.shape != plain.gradient.shape:
        return None
    least = _fit(seen.gradient, plain.gradient)[0]
    found: Penalty | None = None
    pulls: dict[Norm, Tensor] = {"l1": seen.weights.sign(), "l2": seen.weights}
    for norm, direction in pulls.items():
        left, factors = _fit(seen.gradient, plain.gradient, direction)
        size = factors[0] * float(plain.gradient.norm())
        if left < _LEFT < least and size > 0 and factors[1] > 0:
            least = left
            pull = factors[1] * float(direction.norm()) / size
            found = Penalty(norm=norm, pull=pull, loss=seen.loss, plain_loss=plain.loss)
    return found


def _first_step(program: Program, update: Callable[[], Any]) -> _Seen | None:
    """Do one update, and return what the optimizer found; None where it did not step."""
    found: list[tuple[Tensor, Tensor]] = []
    parameters = [p for group in program.optimizer.param_groups for p in group["params"]]

    def look(optimizer: Optimizer, *_: Any) -> None:
        if optimizer is program.optimizer and not found:
            held = [p for p in parameters if p.grad is not None and not p.grad.is_sparse]
            gradients = [p.grad.detach().float().flatten() for p in held]
            weights = [p.detach().float().flatten() for p in held]
            if held:
                every = max(1, sum(map(len, weights)) // _MOST_NUMBERS)
                found.append((torch.cat(gradients)[::every], torch.cat(weights)[::every]))

    handle = register_optimizer_step_pre_hook(look)
    seed_all(program.seed)
    try:
        loss = float(torch.as_tensor(update()).detach().float().mean())
    finally:
        handle.remove()
    return _Seen(*found[0], loss) if found else None


def _fit(gradient: Tensor, *parts: Tensor) -> tuple[float, list[float]]:
    """Return the share of a squared gradient that a sum of parts leaves, and their factors."""
    matrix = torch.stack(parts, dim=1).double()
    sizes = matrix.norm(dim=0).clamp(min=1e-30)
    target = gradient.double()
    factors = torch.linalg.lstsq(matrix / sizes, target.unsqueeze(1)).solution.squeeze(1)
    rest = target - (matrix / sizes) @ factors
    share = float(rest.square().sum() / target.square().sum().clamp(min=1e-30))
    return share, (factors / sizes).tolist()
