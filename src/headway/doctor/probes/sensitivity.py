"""Whether parameters without a gradient change the loss."""

import math
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from headway.doctor.program import Program, call_model, seed_all

# A change below this share of the loss is rounding.
_RELATIVE = 1e-6
# Noise as large as the weight itself, and never less than this.
_LEAST_NOISE = 0.1


def changes_loss(
    program: Program, batch: Any, groups: list[list[nn.Parameter]]
) -> list[bool]:
    """Return for each group whether other values give another loss, and no gradient says so.

    Args:
        program: Is used up.
        batch: Inputs and targets.
        groups: Parameters that are changed together.
    """
    state = [t.detach().clone() for t in _tensors(program.model)]
    with _arrivals(groups) as arrived:
        base = _loss(program, batch, state)
    again = _loss(program, batch, state)
    if not math.isfinite(base):
        return [False] * len(groups)
    least = max(10 * abs(base - again), _RELATIVE * abs(base), 1e-9)
    return [
        # What routes samples to experts may use other weights for each batch.
        number not in arrived and abs(_loss(program, batch, state, group) - base) > least
        for number, group in enumerate(groups)
    ]


@contextmanager
def _arrivals(groups: list[list[nn.Parameter]]) -> Generator[set[int]]:
    """Collect the numbers of the groups that a gradient other than zero arrives at."""
    arrived: set[int] = set()

    def noting(number: int) -> Any:
        def note(grad: Tensor) -> None:
            if bool((grad.to_dense() if grad.is_sparse else grad).any()):
                arrived.add(number)

        return note

    with ExitStack() as stack:
        for number, group in enumerate(groups):
            for parameter in group:
                stack.callback(parameter.register_hook(noting(number)).remove)
        yield arrived


def _loss(
    program: Program, batch: Any, state: list[Tensor], noisy: Iterable[nn.Parameter] = ()
) -> float:
    """Return the loss of the next update from the given state, with noise in some weights."""
    with torch.no_grad():
        for tensor, value in zip(_tensors(program.model), state, strict=True):
            tensor.copy_(value)
        generator = torch.Generator().manual_seed(0)
        for parameter in noisy:
            scale = max(float(parameter.float().square().mean().sqrt()), _LEAST_NOISE)
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.add_((scale * noise).to(parameter))
    seed_all(0)
    try:
        loss = program.update(*batch)
    except RuntimeError:
        # The forward still tells, where the backward fails.
        seed_all(0)
        inputs, targets = batch
        with torch.no_grad():
            loss = program.loss_fn(call_model(program.model, inputs), targets)
    return float(torch.as_tensor(loss).detach().float().mean())


def _tensors(model: nn.Module) -> list[Tensor]:
    return [*model.parameters(), *model.buffers()]
