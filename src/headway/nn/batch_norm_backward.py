"""The gradient of batch norm, written out."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class BatchNormGradients(NamedTuple):
    """Partial derivatives of the loss, in the order in which they follow from each other.

    Attributes:
        normalized: By x_hat, the normalized input.
        variance: By the variance of each channel over the batch.
        mean: By the mean of each channel, also through the variance.
        input: By x.
        weight: By gamma.
        bias: By beta.
    """

    normalized: Float[Tensor, "batch channels *positions"]
    variance: Float[Tensor, " channels"]
    mean: Float[Tensor, " channels"]
    input: Float[Tensor, "batch channels *positions"]
    weight: Float[Tensor, " channels"]
    bias: Float[Tensor, " channels"]


def batch_norm_backward(
    grad_output: Float[Tensor, "batch channels *positions"],
    x: Float[Tensor, "batch channels *positions"],
    weight: Float[Tensor, " channels"],
    *,
    eps: float = 1e-5,
) -> BatchNormGradients:
    """Return the gradients of batch norm in training mode, one line for each formula.

    The mean and the (biased) variance belong to the batch, so the gradient goes through
    them. With m values per channel and g = dl/dy:

    - dl/dx_hat = g gamma
    - dl/dvar = sum dl/dx_hat (x - mean) (-1/2) (var + eps)^(-3/2)
    - dl/dmean = -sum dl/dx_hat / sqrt(var + eps) + dl/dvar (-2/m) sum (x - mean)
    - dl/dx = dl/dx_hat / sqrt(var + eps) + dl/dvar (2/m) (x - mean) + dl/dmean / m
    - dl/dgamma = sum g x_hat
    - dl/dbeta = sum g

    Args:
        grad_output: dl/dy.
        x: Input of batch norm.
        weight: gamma.
        eps: Added to the variance.

    Reference:
        Ioffe and Szegedy, "Batch Normalization", 2015, section 3. arXiv:1502.03167.

    Example:
        >>> import torch
        >>> x, grad = torch.tensor([[0.0], [1.0], [5.0]]), torch.ones(3, 1)
        >>> gradients = batch_norm_backward(grad, x, torch.ones(1))
        >>> gradients.bias  # a shift of all outputs
        tensor([3.])
        >>> bool(gradients.input.abs().max() < 1e-6)  # which no input can cause
        True
    """
    dims = [dim for dim in range(x.ndim) if dim != 1]
    shape = (1, -1, *(1 for _ in range(x.ndim - 2)))
    m = x.numel() // x.shape[1]
    centered = x - x.mean(dims, keepdim=True)
    variance = centered.square().mean(dims) + eps
    scale = variance.rsqrt()

    normalized = grad_output * weight.view(shape)
    by_variance = (normalized * centered).sum(dims) * -0.5 * variance.pow(-1.5)
    by_mean = -normalized.sum(dims) * scale + by_variance * (-2 / m) * centered.sum(dims)
    by_input = (
        normalized * scale.view(shape)
        + by_variance.view(shape) * (2 / m) * centered
        + by_mean.view(shape) / m
    )
    by_weight = (grad_output * centered * scale.view(shape)).sum(dims)
    by_bias = grad_output.sum(dims)
    return BatchNormGradients(
        normalized, by_variance, by_mean, by_input, by_weight, by_bias
    )
