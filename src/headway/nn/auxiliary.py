"""What a network with auxiliary classifiers returns while it trains."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class AuxiliaryOutputs(NamedTuple):
    """Outputs of a network and of its auxiliary heads, which every loss is added up over.

    A network returns this in training mode and its outputs alone in evaluation mode. The
    tasks of headway minimize loss(outputs) + weight * (sum of loss(a) for a in auxiliary).
    As a tuple it passes through data parallelism, compilation and activation checkpoints.

    Attributes:
        outputs: What the network is for.
        auxiliary: What its auxiliary heads say about the same targets.
        weight: What the loss of each auxiliary head is multiplied by.

    Reference:
        Szegedy et al., "Going Deeper with Convolutions", 2014, section 5. arXiv:1409.4842.

    Example:
        >>> import torch
        >>> from headway.tasks import Classification
        >>> logits, targets = torch.zeros(4, 10), torch.arange(4)
        >>> loss = Classification(10).loss(AuxiliaryOutputs(logits, (logits,), 0.3), targets)
        >>> round(loss.item(), 4)  # 1.3 * ln(10)
        2.9934
    """

    outputs: Float[Tensor, "batch outputs"]
    auxiliary: tuple[Float[Tensor, "batch outputs"], ...]
    weight: float
