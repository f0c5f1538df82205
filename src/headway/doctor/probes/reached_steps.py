"""Which steps of a sequence an answer depends on, layer by layer."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from headway.doctor.probes.features import tensors_in
from headway.doctor.probes.padded import padding_of
from headway.doctor.program import Program, call_model, main_output
from headway.measure.probe import evaluating

Shares = tuple[float, float]

# A single last word that all sequences share is their end, and a place to read them at.
_FEWEST = 2.0


def unreached(program: Program, inputs: Any) -> list[tuple[str, float, float]]:
    """Return for each layer the shares of tokens and of padding that no gradient reaches.

    Returns:
        Names of layers that have vectors for each step, and their shares; none where there
        is no padding at the end.
    """
    paddings = [padding_of(tensor) for tensor in tensors_in(inputs)]
    padding = next((p for p in paddings if p is not None), None)
    if (
        padding is None
        or float(padding.double().sum() / padding.any(dim=1).sum()) < _FEWEST
    ):
        return []
    shape = padding.shape
    with (
        evaluating(program.model),
        torch.enable_grad(),
        _seen(program.model, shape) as seen,
    ):
        output = main_output(call_model(program.model, inputs))
    if not seen or not output.requires_grad:
        return []
    grads: list[Tensor | None] = [
        *torch.autograd.grad(
            output.float().square().sum(), [made for _, made in seen], allow_unused=True
        )
    ]
    return [
        (name, *_shares(grad, padding))
        for (name, _), grad in zip(seen, grads, strict=True)
        if grad is not None
    ]


def _shares(grad: Tensor, padding: Tensor) -> Shares:
    is_still = grad.abs().sum(dim=-1) == 0
    return (
        float(is_still[~padding].double().mean()),
        float(is_still[padding].double().mean()),
    )


@contextmanager
def _seen(model: nn.Module, shape: torch.Size) -> Generator[list[tuple[str, Tensor]]]:
    """Note what layers make of each step of the sequences."""
    seen: list[tuple[str, Tensor]] = []

    def noting(name: str) -> Any:
        def note(_: nn.Module, __: Any, returned: Any) -> None:
            # A recurrent layer returns its states behind its steps.
            made = next(iter(tensors_in(returned)), None)
            if made is None or made.dim() != 3 or made.shape[:2] != shape:
                return
            if made.requires_grad:
                seen.append((name, made))

        return note

    handles = [m.register_forward_hook(noting(n)) for n, m in model.named_modules()]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
