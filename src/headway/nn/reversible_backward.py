"""The backward pass of reversible blocks, which computes their activations back.

A module of its own, because to keep it out of compiled graphs loads torch's compiler, which
takes seconds: only a network with such blocks imports this.
"""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from headway.nn.branches import halves
from headway.nn.statistics import statistics_kept


def _run(branches: list[nn.Module], x: Tensor) -> Tensor:
    parameters = dict.fromkeys(
        p for branch in branches for p in branch.parameters() if p.requires_grad
    )
    return cast(Any, _Reversible).apply(branches, x, *parameters)


# Runs branches in a row without storing what lies between them.
run_without_storing: Any = torch.compiler.disable(_run)


class _Reversible(torch.autograd.Function):
    """Keeps the output of a row of branches, and random states where a branch draws.

    Seen from a branch, every step is the same: (x1, x2) becomes (x2, x1 + branch(x2)).
    """

    @staticmethod
    def forward(
        ctx: Any, branches: list[nn.Module], x: Tensor, *parameters: Tensor
    ) -> Tensor:
        ctx.branches = branches
        # By name: `torch.func.functional_call` takes its own away before the backward pass.
        ctx.weights = [dict(branch.named_parameters()) for branch in branches]
        ctx.parameters = parameters
        ctx.autocast = _Autocast(x.device.type)
        states: list[list[Tensor]] = []
        x1, x2 = halves(x)
        with ctx.autocast.context():
            for branch in branches:
                correction, state = _noting_draws(branch, x2)
                states.append(state)
                x1, x2 = x2, x1 + correction
        output = torch.cat((x1, x2), dim=1)
        ctx.num_states = [len(state) for state in states]
        ctx.save_for_backward(output, *(part for state in states for part in state))
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore
        output, *states = ctx.saved_tensors
        gradients: dict[int, Tensor | None] = dict.fromkeys(map(id, ctx.parameters))
        (y1, y2), (dy1, dy2) = halves(output), halves(gradient)
        steps = list(zip(ctx.branches, ctx.weights, ctx.num_states, strict=True))
        for branch, weights, count in reversed(steps):
            state = [states.pop() for _ in range(count)][::-1]
            with ctx.autocast.context(), _same_draws(state, output.device):
                correction, own = _through(branch, weights, y1, dy2, gradients)
            y1, y2 = y2 - correction, y1
            dy1, dy2 = dy2, dy1 + own
        of_parameters = (gradients[id(parameter)] for parameter in ctx.parameters)
        return None, torch.cat((dy1, dy2), dim=1), *of_parameters


def _through(
    branch: nn.Module,
    weights: dict[str, Tensor],
    x: Tensor,
    gradient: Tensor,
    gradients: dict[int, Tensor | None],
) -> tuple[Tensor, Tensor]:
    """Return branch(x) and the gradient at `x`; add those of the parameters to `gradients`."""
    parameters = [p for p in weights.values() if id(p) in gradients]
    x = x.detach().requires_grad_()
    with torch.enable_grad(), statistics_kept([branch]):
        y = _call(branch, weights, x)
    found = torch.autograd.grad(
        y, (x, *parameters), gradient.to(y.dtype), allow_unused=True
    )
    at_x, *at_parameters = cast(tuple[Tensor | None, ...], found)
    for parameter, new in zip(parameters, at_parameters, strict=True):
        old = gradients[id(parameter)]  # a parameter may serve several branches
        gradients[id(parameter)] = new if old is None else old if new is None else old + new
    return y.detach(), torch.zeros_like(x) if at_x is None else at_x


def _call(branch: nn.Module, weights: dict[str, Tensor], x: Tensor) -> Tensor:
    """Return branch(x) with the weights of the forward pass."""
    has_them = all(own is weights[name] for name, own in branch.named_parameters())
    return branch(x) if has_them else torch.func.functional_call(branch, weights, (x,))


def _noting_draws(branch: nn.Module, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Return branch(x), and the random states before it if it has drawn from them."""
    before = _random_states(x.device)
    y = branch(x)
    after = _random_states(x.device)
    is_same = all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    return y, [] if is_same else before


def _random_states(device: torch.device) -> list[Tensor]:
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return states


@contextmanager
def _same_draws(state: list[Tensor], device: torch.device) -> Generator[None]:
    """Start from the random states `state`, if there are any, and go back afterwards."""
    if not state:
        yield
        return
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.set_rng_state(state[0])
        if devices:
            torch.cuda.set_rng_state(state[1], device)
        yield


class _Autocast:
    """The autocast settings of the forward pass, for the backward pass."""

    def __init__(self, device_type: str) -> None:
        self._device_type = device_type
        self._is_on = torch.is_autocast_enabled(device_type)
        self._dtype = torch.get_autocast_dtype(device_type)

    def context(self) -> AbstractContextManager[Any]:
        # A weight that is cast without gradients must not be found in the cache with them.
        return (
            torch.autocast(self._device_type, dtype=self._dtype, cache_enabled=False)
            if self._is_on
            else nullcontext()
        )
