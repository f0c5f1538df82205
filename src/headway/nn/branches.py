"""What residual branches of any make have in common."""

from torch import Tensor, nn


def silence_branch_(branch: nn.Module) -> None:
    """Make a residual branch return zero by its last layer, in place.

    Args:
        branch: Its last layer has weights, as a convolution or a norm has.

    Raises:
        TypeError: If something else is last; a ReLU after weights of zero would never learn.

    Example:
        >>> import torch
        >>> branch = nn.Sequential(nn.ReLU(), nn.Linear(2, 2))
        >>> silence_branch_(branch)
        >>> branch(torch.ones(2)).tolist()
        [0.0, 0.0]
    """
    parts = [module for module in branch.modules() if not list(module.children())]
    layers = [module for module in parts if hasattr(module, "weight")]
    if not layers or isinstance(parts[-1], nn.ReLU):
        raise TypeError(
            f"cannot silence a branch that ends in {type(parts[-1]).__name__}: its last layer "
            "must have weights, and a ReLU after weights of zero never learns"
        )
    for parameter in layers[-1].parameters():
        nn.init.zeros_(parameter)


def halves(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first and the second half of the channels of `x`.

    Raises:
        ValueError: If their number is odd.
    """
    if x.shape[1] % 2:
        raise ValueError(
            f"a reversible block divides the channels in two halves, got {x.shape[1]} "
            "channels; make their number even"
        )
    first, second = x.chunk(2, dim=1)
    return first, second
