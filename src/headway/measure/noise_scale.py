"""How noisy a gradient is, and which batch size is worth its cost."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class NoiseScale:
    """Signal and noise of the gradient of one sample.

    Attributes:
        signal: Estimated square of the norm of the true gradient; below 0 by chance where
            noise outweighs it.
        noise: Estimated trace of the covariance of the gradients of samples.
    """

    signal: float
    noise: float

    @property
    def batch_size(self) -> float:
        """Batch size at which noise and signal are equal; infinite where there is no signal.

        Much smaller batches waste updates, much larger ones waste samples.
        """
        return self.noise / self.signal if self.signal > 0 else math.inf


def noise_scale(
    small_square: float, large_square: float, *, small_size: int, large_size: int
) -> NoiseScale:
    """Return the noise scale from gradients over batches of two sizes.

    Args:
        small_square: Mean of the squared norm of the gradient over small batches.
        large_square: The same over large ones.
        small_size: Samples of a small batch.
        large_size: Samples of a large one.

    Raises:
        ValueError: If the large size is not larger.

    Reference:
        McCandlish et al., "An Empirical Model of Large-Batch Training", 2018, appendix A.1.
        arXiv:1812.06162.

    Example:
        >>> noise_scale(5.0, 2.0, small_size=1, large_size=4)
        NoiseScale(signal=1.0, noise=4.0)
    """
    if large_size <= small_size:
        raise ValueError(
            f"large_size must be above small_size, got {large_size} and {small_size}"
        )
    signal = (large_size * large_square - small_size * small_square) / (
        large_size - small_size
    )
    noise = (small_square - large_square) / (1.0 / small_size - 1.0 / large_size)
    return NoiseScale(signal=signal, noise=noise)


def gradient_noise_scale(
    loss_fn: Callable[[Any], Tensor],
    batches: Sequence[Any],
    parameters: Sequence[Tensor],
    *,
    batch_size: int,
) -> NoiseScale:
    """Return the noise scale from the gradients of several batches of one size.

    Their mean is the gradient of the large batch.

    Args:
        loss_fn: Mean loss over the samples of one of the batches.
        batches: At least 2, of independent samples.
        parameters: What the gradients are taken with respect to; theirs stay as they are.
        batch_size: Samples of each batch.

    Raises:
        ValueError: If there are fewer than 2 batches.
    """
    if len(batches) < 2:
        raise ValueError(f"at least 2 batches are needed, got {len(batches)}")
    mean: Tensor | None = None
    squares = 0.0
    for batch in batches:
        with torch.enable_grad():
            parts = torch.autograd.grad(loss_fn(batch), parameters, materialize_grads=True)
        flat = torch.cat([part.flatten() for part in parts]).double()
        squares += float(flat @ flat)
        mean = flat if mean is None else mean + flat
    assert mean is not None
    mean = mean / len(batches)
    return noise_scale(
        squares / len(batches),
        float(mean @ mean),
        small_size=batch_size,
        large_size=batch_size * len(batches),
    )
