"""Look at the gradient where the loss nearby is worst."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from headway.optim.clipping import gradient_norm

# torch 2.11 has no public names for these.
_add_: Any = torch._foreach_add_  # pyright: ignore[reportPrivateUsage, reportPrivateImportUsage]
_mul: Any = torch._foreach_mul  # pyright: ignore[reportPrivateUsage, reportPrivateImportUsage]


class SharpnessAware:
    """Moves weights to where the loss is largest within a small distance, and back.

    A step of SAM computes the gradient g at w, then the gradient at w + rho g / ||g||, and
    lets the optimizer step from w with the latter: two backward passes. The norm is that of
    all gradients together, averaged over the whole batch of all processes; the paper takes
    each process's own. The second pass does not count for batch norm: buffers are put back.

    Args:
        model: Network whose trainable parameters are moved.
        rho: The distance, above 0.

    Raises:
        ValueError: If `rho` is not above 0.

    Reference:
        Foret et al., "Sharpness-Aware Minimization for Efficiently Improving
        Generalization", 2020, algorithm 1. arXiv:2010.01412.

    Example:
        >>> model = nn.Linear(1, 1, bias=False)
        >>> _ = nn.init.ones_(model.weight)
        >>> model.weight.grad = torch.tensor([[4.0]])
        >>> with SharpnessAware(model, rho=0.5).ascended():
        ...     model.weight.item()
        1.5
        >>> model.weight.item()
        1.0
    """

    def __init__(self, model: nn.Module, rho: float) -> None:
        if not rho > 0.0:
            raise ValueError(f"rho must be above 0, got {rho}")
        self._model = model
        self._rho = rho

    @contextmanager
    def ascended(self) -> Generator[None]:
        """Go up the gradients that are there and drop them; put everything back at the end.

        The weights come back bit for bit, also when the body raises; the gradients of the
        body stay.
        """
        moved = [p for p in self._model.parameters() if p.grad is not None]
        touched = [*moved, *self._model.buffers()]
        kept = [tensor.detach().clone() for tensor in touched]
        try:
            self._ascend(moved)
            yield
        finally:
            _restore(touched, kept)

    @torch.no_grad()
    def _ascend(self, parameters: list[nn.Parameter]) -> None:
        if not parameters:
            return
        norm = gradient_norm(parameters)
        factor = torch.where(norm == 0.0, 0.0, self._rho / norm)
        _add_(parameters, _mul([p.grad for p in parameters], factor))
        for parameter in parameters:
            parameter.grad = None


@torch.no_grad()
def _restore(tensors: Iterable[Tensor], values: Iterable[Tensor]) -> None:
    # Tensor by tensor: torch's foreach copy does not take the shards of FSDP.
    for tensor, value in zip(tensors, values, strict=True):
        tensor.copy_(value)
