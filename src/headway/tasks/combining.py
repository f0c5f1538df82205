"""The mean of several answers, taken where nothing is lost: in the logarithm."""

import math
from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor


def mean_of_exponentials(
    logs: Float[Tensor, "members *shape"], weights: Sequence[float] | None = None
) -> Float[Tensor, "*shape"]:
    """Return log(sum_i w_i exp(l_i)), the logarithm of a mean of probabilities.

    Args:
        logs: Logarithm of each member's probabilities.
        weights: Part of each member, above 0, adding up to 1; equal ones where None.

    Example:
        >>> import torch
        >>> float(mean_of_exponentials(torch.tensor([0.0, 0.0])))
        0.0
    """
    if weights is None:
        return logs.logsumexp(dim=0) - math.log(len(logs))
    shares = logs.new_tensor(weights).log().view(-1, *(1,) * (logs.ndim - 1))
    return (logs + shares).logsumexp(dim=0)
