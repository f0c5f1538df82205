"""Whitening of the features of a layer: what batch norm does without."""

from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class Whitening(nn.Module):
    """Decorrelate the features of a layer: y = (Cov + eps I)^(-1/2) (x - mean).

    The root is the symmetric one (ZCA), which moves each x the least. In training mode mean
    and covariance are those of the batch and the gradient goes through them; in evaluation
    mode they are running averages, or those of a whole data set after `fit_`. Batch norm
    keeps the diagonal of this and leaves out the rest for its price: with d features and m
    samples the covariance costs m d^2 and its root about 10 d^3 multiply-adds at every step,
    and a batch of m <= d has a singular covariance, which only `eps` makes up for.

    Computed in float32 at least, with autocast off: there are no eigenvectors in bfloat16.
    Where activations are computed again in the backward pass, the running averages move
    twice a step.

    Args:
        num_features: Features of a sample.
        eps: Added to the variance in every direction; above 0.
        momentum: Weight of the batch in the running averages.

    Raises:
        ValueError: If `num_features` is below 1 or `eps` is not positive; when called, if a
            training batch has a single sample.

    Reference:
        Ioffe and Szegedy, "Batch Normalization", 2015, section 2. arXiv:1502.03167; Huang et
        al., "Decorrelated Batch Normalization", 2018. arXiv:1804.08450.

    Example:
        >>> x = torch.tensor([[0.0, 0.0], [2.0, 1.0], [4.0, 5.0], [1.0, 3.0]])
        >>> y = Whitening(2, eps=1e-6)(x)
        >>> torch.allclose(y.T @ y / 4, torch.eye(2), atol=1e-4)
        True
    """

    running_mean: Tensor
    running_covariance: Tensor

    def __init__(
        self, num_features: int, *, eps: float = 1e-5, momentum: float = 0.1
    ) -> None:
        super().__init__()
        if num_features < 1:
            raise ValueError(f"num_features must be at least 1, got {num_features}")
        if eps <= 0:
            raise ValueError(
                f"eps must be above 0, as a covariance may be singular, got {eps}"
            )
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_covariance", torch.eye(num_features))

    def forward(
        self, x: Float[Tensor, "batch features"]
    ) -> Float[Tensor, "batch features"]:
        """Return the whitened `x`; in training mode, move the running averages."""
        with torch.autocast(x.device.type, enabled=False):
            wide = x.to(torch.promote_types(x.dtype, torch.float32))
            mean, covariance = self.running_mean, self.running_covariance
            if self.training:
                mean, covariance = _moments(wide)
                self._track(mean.detach(), covariance.detach(), self.momentum)
            ridge = self.eps * torch.eye(self.num_features).to(covariance)
            y = (wide - mean) @ inverse_square_root(covariance + ridge)
        return y.to(x.dtype)

    @torch.no_grad()
    def fit_(self, samples: Float[Tensor, "samples features"]) -> "Whitening":
        """Take the mean and covariance of a whole data set for evaluation mode."""
        mean, covariance = _moments(samples)
        self._track(mean, covariance, 1.0)
        return self

    def extra_repr(self) -> str:
        """Return what `print` shows between the brackets."""
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"

    def _track(self, mean: Tensor, covariance: Tensor, momentum: float) -> None:
        dtype = self.running_mean.dtype
        self.running_mean.lerp_(mean.to(dtype), momentum)
        self.running_covariance.lerp_(covariance.to(dtype), momentum)


def inverse_square_root(
    matrix: Float[Tensor, "features features"],
) -> Float[Tensor, "features features"]:
    """Return the symmetric C^(-1/2) of a symmetric positive definite matrix C.

    With C = U diag(c) U', the gradient is U (K * (U' G U)) U', where
    K_ij = -1 / (s_i s_j (s_i + s_j)) and s = sqrt(c). Unlike the gradient of the
    eigenvectors it exists where eigenvalues are equal.

    Args:
        matrix: C, in float32 or float64.

    Reference:
        Daleckii and Krein, 1965; see Higham, "Functions of Matrices", 2008, theorem 3.11.

    Example:
        >>> inverse_square_root(torch.tensor([[4.0, 0.0], [0.0, 0.25]]))
        tensor([[0.5000, 0.0000],
                [0.0000, 2.0000]])
    """
    return cast(Tensor, _InverseSquareRoot.apply(matrix))


class _InverseSquareRoot(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, matrix: Tensor) -> Tensor:
        values, vectors = torch.linalg.eigh(matrix)
        roots = values.sqrt()
        ctx.save_for_backward(roots, vectors)
        return (vectors / roots) @ vectors.T

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Any) -> Any:  # pyright: ignore
        roots, vectors = ctx.saved_tensors
        pairs = torch.outer(roots, roots) * (roots[:, None] + roots)
        return vectors @ ((vectors.T @ grads[0] @ vectors) / -pairs) @ vectors.T


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    if len(x) < 2:
        raise ValueError(f"whitening needs at least 2 samples, got shape {tuple(x.shape)}")
    mean = x.mean(dim=0)
    centered = x - mean
    return mean, centered.T @ centered / len(x)
