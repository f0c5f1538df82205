"""Dropout in the form of its paper; torch.nn.Dropout is the inverted form."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class VanillaDropout(nn.Module):
    """Set activations to zero in training, multiply by what was kept in evaluation.

    In training y = mask x with a mask of its own for every sample and unit; in evaluation
    y = (1 - drop_prob) x, the mean over the masks. The mask multiplies the gradient as well:
    a unit that is off passes nothing back, so that the weights into it do not move.

    torch.nn.Dropout is the inverted form, which divides by 1 - drop_prob in training and
    leaves evaluation alone: take that one, unless the original is to be seen. Between
    sources, p is now the probability to drop and now the one to keep; here the name says
    which. A text that drops with probability p and multiplies the rest by 1/p keeps the mean
    for p = 1/2 only; 1/(1 - p) is right.

    Args:
        drop_prob: Probability that an activation becomes zero, at least 0 and below 1.

    Raises:
        ValueError: If `drop_prob` is out of range.

    Reference:
        Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from
        Overfitting", 2014, section 4 (inverted: section 10).

    Example:
        >>> VanillaDropout(0.2).eval()(torch.ones(3))
        tensor([0.8000, 0.8000, 0.8000])
        >>> VanillaDropout.keeping(0.8)
        VanillaDropout(drop_prob=0.2)
    """

    def __init__(self, drop_prob: float = 0.5) -> None:
        super().__init__()
        self.drop_prob = check_drop_prob(drop_prob)

    @classmethod
    def keeping(cls, keep_prob: float) -> "VanillaDropout":
        """Make the layer from the probability that an activation stays."""
        if not 0 < keep_prob <= 1:
            raise ValueError(f"keep_prob must be above 0 and at most 1, got {keep_prob}")
        return cls(round(1 - keep_prob, 12))

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return `x` with zeros in training, and scaled in evaluation."""
        keep_prob = 1 - self.drop_prob
        if not self.training:
            return x * keep_prob
        return x * torch.empty_like(x).bernoulli_(keep_prob)

    def extra_repr(self) -> str:
        """Return what `print` shows between the brackets."""
        return f"drop_prob={self.drop_prob}"


@torch.no_grad()
def scale_outgoing_weights_(
    layer: nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d, *, drop_prob: float
) -> nn.Module:
    """Multiply the weights behind a dropout layer by 1 - drop_prob, in place.

    The other way to go from training with `VanillaDropout` to evaluation, "halve the
    outgoing weights": the layer then takes activations as they are and gives the same as the
    scaled activations would. Biases stay. To be done once, with the dropout layer removed.

    Args:
        layer: The layer that takes the activations on which dropout acted.
        drop_prob: Probability with which it set them to zero.

    Returns:
        The same `layer`.

    Reference:
        Srivastava et al., "Dropout", 2014, figure 2.

    Example:
        >>> layer = nn.Linear(2, 1)
        >>> _ = nn.init.ones_(layer.weight)
        >>> scale_outgoing_weights_(layer, drop_prob=0.5).weight.tolist()
        [[0.5, 0.5]]
    """
    layer.weight.mul_(1 - check_drop_prob(drop_prob))
    return layer


def check_drop_prob(drop_prob: float) -> float:
    """Return `drop_prob` if it is a probability below 1."""
    if not 0 <= drop_prob < 1:
        raise ValueError(f"drop_prob must be at least 0 and below 1, got {drop_prob}")
    return drop_prob
