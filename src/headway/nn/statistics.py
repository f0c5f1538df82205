"""Running statistics of batch norm while a forward pass is repeated."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]


@contextmanager
def statistics_kept(modules: Iterable[nn.Module]) -> Generator[None]:
    """Keep batch norm's running statistics as they are; batches are normalized as before.

    For a forward pass that only repeats another one, as in a backward pass that computes
    activations again.

    Args:
        modules: Networks or layers; their own batch norms and those inside are meant.

    Example:
        >>> import torch
        >>> norm = nn.BatchNorm1d(2)
        >>> with statistics_kept([norm]):
        ...     _ = norm(torch.ones(3, 2))
        >>> norm.running_mean
        tensor([0., 0.])
    """
    norms = [m for module in modules for m in module.modules() if isinstance(m, _BatchNorm)]
    kept: list[tuple[_BatchNorm, float | None, Tensor | None]] = [
        (norm, norm.momentum, norm.num_batches_tracked) for norm in norms
    ]
    for norm in norms:
        norm.momentum = 0.0
        norm.num_batches_tracked = None
    try:
        yield
    finally:
        for norm, momentum, count in kept:
            norm.momentum = momentum
            norm.num_batches_tracked = count
