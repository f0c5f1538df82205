"""Leave residual blocks out of a trained network, to see how much each one matters."""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Protocol, TypeVar, cast, runtime_checkable

from torch import Tensor, nn

Value = TypeVar("Value")


@runtime_checkable
class Skippable(Protocol):
    """A residual block that can be left out: its shortcut alone."""

    def skip(self, x: Tensor) -> Tensor:
        """Return what is left of the block without its branch."""
        ...


@contextmanager
def skipping(*blocks: nn.Module) -> Generator[None]:
    """Leave out the residual branches of `blocks` inside of the context.

    Args:
        *blocks: Residual blocks of `headway.nn`, or others with a method `skip`.

    Raises:
        TypeError: If a block has no `skip`.

    Example:
        >>> import torch
        >>> from headway.nn import Residual
        >>> block = Residual(nn.Linear(2, 2))
        >>> with skipping(block):
        ...     block(torch.ones(1, 2))
        tensor([[1., 1.]])
    """
    for block in blocks:
        if not isinstance(block, Skippable):
            raise TypeError(f"{type(block).__name__} has no shortcut to be left with")
        block.forward = cast(Skippable, block).skip
    try:
        yield
    finally:
        for block in blocks:
            block.__dict__.pop("forward", None)


def lesion_study(
    network: nn.Module, evaluate: Callable[[], Value]
) -> Iterable[tuple[str, Value]]:
    """Yield what `evaluate` returns with one residual block left out after the other.

    Residual networks lose little by it, unlike plain ones: their blocks correct one another
    rather than build on one another.

    Args:
        network: A trained network, in evaluation mode.
        evaluate: Measures it; called once per block.

    Returns:
        Pairs of a block's name and the measure without it, first block to last.

    Reference:
        Veit et al., "Residual Networks Behave Like Ensembles of Relatively Shallow Networks",
        2016, section 4.1. arXiv:1605.06431.

    Example:
        >>> import torch
        >>> from headway.nn import Residual
        >>> network = nn.Sequential(Residual(nn.Identity()), Residual(nn.Identity()))
        >>> list(lesion_study(network, lambda: network(torch.ones(1)).item()))
        [('0', 2.0), ('1', 2.0)]
    """
    for name, module in network.named_modules():
        if isinstance(module, Skippable):
            with skipping(cast(nn.Module, module)):
                value = evaluate()
            yield name, value
