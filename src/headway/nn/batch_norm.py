"""Batch norm with every choice of its published forms in the open."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]


class BatchNorm(_BatchNorm):
    """Normalize each channel over the batch: y = weight (x - mean) / sqrt(var + eps) + bias.

    Over the batch means over all dimensions but the second, so that images (spatial batch
    norm), sequences and rows of features go through the same class. The mean and the
    variance of m values are taken

    - as sum (x - mean)^2 / m with a small `eps`, the default, as in the paper;
    - or, with `unbiased=True, eps=0.0`, as sum (x - mean)^2 / (m - 1), as some lectures have
      it. A channel without variance then gives NaN.

    In both forms a training batch comes out with mean `bias` and standard deviation
    `weight` (up to eps, and with the divisor of the form). In evaluation mode the running
    statistics take the place of the batch's, so that this no longer holds for a batch.

    torch.nn.BatchNorm1d and 2d compute the default form several times as fast: take them
    for training, and this class where another form is wanted. (They refuse eps=0.)

    Args:
        num_features: Channels, the second dimension of the input.
        eps: Added to the variance.
        momentum: Weight of the batch in the running statistics; None makes them the plain
            averages over all batches since `reset_running_stats`.
        affine: Whether there are a weight and a bias.
        unbiased: Whether the variance that normalizes a batch is divided by m - 1.
        running_unbiased: Whether the running variance is; m / (m - 1) makes the average over
            small batches an unbiased estimate of the population's.

    Raises:
        ValueError: If `num_features` is below 1 or `eps` is negative; when called, if the
            channels differ, or if a training batch has one value per channel, which has no
            variance.

    Reference:
        Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by
        Reducing Internal Covariate Shift", 2015, algorithms 1 and 2. arXiv:1502.03167.

    Example:
        >>> x = torch.tensor([[1.0], [3.0]])
        >>> BatchNorm(1, eps=0.0)(x).flatten().tolist()
        [-1.0, 1.0]
        >>> [round(y, 4) for y in BatchNorm(1, eps=0.0, unbiased=True)(x).flatten().tolist()]
        [-0.7071, 0.7071]
    """

    def __init__(
        self,
        num_features: int,
        *,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        unbiased: bool = False,
        running_unbiased: bool = True,
    ) -> None:
        if num_features < 1:
            raise ValueError(f"num_features must be at least 1, got {num_features}")
        if eps < 0:
            raise ValueError(f"eps must not be negative, got {eps}")
        super().__init__(num_features, eps=eps, momentum=momentum, affine=affine)
        self.unbiased = unbiased
        self.running_unbiased = running_unbiased

    def forward(
        self, input: Float[Tensor, "batch channels *positions"]
    ) -> Float[Tensor, "batch channels *positions"]:
        """Return the normalized `input`; in training mode, move the running statistics."""
        self._check_input_dim(input)
        x = input.to(torch.promote_types(input.dtype, torch.float32))
        mean, variance = self._batch_statistics(x) if self.training else self._running()
        shape = (1, -1, *(1 for _ in range(x.ndim - 2)))
        y = (x - mean.view(shape)) * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            y = y * self.weight.view(shape) + self.bias.view(shape)
        return y.to(input.dtype)

    def extra_repr(self) -> str:
        """Return what `print` shows between the brackets."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, unbiased={self.unbiased}, "
            f"running_unbiased={self.running_unbiased}"
        )

    def _batch_statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        count = x.numel() // self.num_features
        if count < 2:
            raise ValueError(
                "a training batch must have at least 2 values per channel, since one has no "
                f"variance; got shape {tuple(x.shape)}"
            )
        dims = [dim for dim in range(x.ndim) if dim != 1]
        variance, mean = torch.var_mean(x, dims, correction=int(self.unbiased))
        divisors = (count - self.unbiased) / (count - self.running_unbiased)
        self._track(mean.detach(), variance.detach() * divisors)
        return mean, variance

    def _track(self, mean: Tensor, variance: Tensor) -> None:
        running_mean, running_variance = self._running()
        dtype, momentum = running_mean.dtype, self.momentum
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if momentum is None:
                momentum = self.num_batches_tracked.to(dtype).reciprocal()
        assert momentum is not None
        running_mean.lerp_(mean.to(dtype), momentum)
        running_variance.lerp_(variance.to(dtype), momentum)

    def _running(self) -> tuple[Tensor, Tensor]:
        assert self.running_mean is not None
        assert self.running_var is not None
        return self.running_mean, self.running_var

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim < 2 or input.shape[1] != self.num_features:
            raise ValueError(
                f"the input must have shape (batch, {self.num_features}, *positions), got "
                f"{tuple(input.shape)}"
            )
