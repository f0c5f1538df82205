"""A linear layer whose connections drop out."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from headway.nn.dropout import check_drop_prob


class DropConnect(nn.Linear):
    """A linear layer that sets weights to zero in training: y = (M * W) x / keep + b.

    M holds a mask of its own for every sample, with ones with probability
    keep = 1 - drop_prob. In evaluation mode all connections are there: y = W x + b, the mean
    over the masks. The paper has the division by `keep` in evaluation mode, as in
    `VanillaDropout`, and drops biases too.

    The mean of f(y) over the masks is not f of the mean. For many inputs y is close to a
    Gaussian, whose mean and variance `moments` gives and from which `sample` draws: average
    the activation function over the draws, as the paper does at test time.

    A mask per sample takes batch * out_features * in_features numbers; one for the whole
    batch (`mask_per_sample=False`) takes those of one sample and makes a noisier gradient.

    Args:
        in_features: Numbers that come in.
        out_features: Numbers that go out.
        drop_prob: Probability that a weight becomes zero, at least 0 and below 1.
        bias: Whether there is a bias.
        mask_per_sample: Whether each sample has a mask of its own, as in the paper.

    Raises:
        ValueError: If `drop_prob` is out of range.

    Reference:
        Wan et al., "Regularization of Neural Networks using DropConnect", 2013, sections 3
        and 3.2, algorithm 2.

    Example:
        >>> layer = DropConnect(4, 1, drop_prob=0.5)
        >>> mean, variance = layer.moments(torch.ones(1, 4))
        >>> torch.allclose(mean, layer.eval()(torch.ones(1, 4)))
        True
        >>> torch.allclose(variance, layer.weight.square().sum())
        True
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        drop_prob: float = 0.5,
        bias: bool = True,
        mask_per_sample: bool = True,
    ) -> None:
        super().__init__(in_features, out_features, bias=bias)
        self.drop_prob = check_drop_prob(drop_prob)
        self.mask_per_sample = mask_per_sample

    def forward(
        self, input: Float[Tensor, "*batch in_features"]
    ) -> Float[Tensor, "*batch out_features"]:
        """Return the outputs, with dropped connections in training mode."""
        if not self.training or self.drop_prob == 0:
            return super().forward(input)
        if not self.mask_per_sample:
            return F.linear(input, F.dropout(self.weight, self.drop_prob), self.bias)
        weights = self.weight.expand(*input.shape[:-1], *self.weight.shape)
        y = (F.dropout(weights, self.drop_prob) @ input.unsqueeze(-1)).squeeze(-1)
        return y if self.bias is None else y + self.bias.to(y.dtype)  # pyright: ignore

    def moments(
        self, x: Float[Tensor, "*batch in_features"]
    ) -> tuple[Float[Tensor, "*batch out_features"], Float[Tensor, "*batch out_features"]]:
        """Return mean and variance of the output over the masks.

        They are W x + b and drop_prob / (1 - drop_prob) (W * W)(x * x).
        """
        variance = F.linear(x.square(), self.weight.square())
        return super().forward(x), variance * (self.drop_prob / (1 - self.drop_prob))

    def sample(
        self,
        x: Float[Tensor, "*batch in_features"],
        num_samples: int,
        *,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "samples *batch out_features"]:
        """Return draws from the Gaussian with the moments of the output."""
        mean, variance = self.moments(x)
        noise = torch.randn(
            (num_samples, *mean.shape),
            generator=generator,
            dtype=mean.dtype,
            device=mean.device,
        )
        return mean + noise * variance.sqrt()

    def extra_repr(self) -> str:
        """Return what `print` shows between the brackets."""
        return (
            f"{super().extra_repr()}, drop_prob={self.drop_prob}, "
            f"mask_per_sample={self.mask_per_sample}"
        )
