"""Randomness that is a function of what it is for, not of what was drawn before.

A draw depends on the seed, the epoch and the number of the sample only, so that a run can
be continued anywhere, with any number of processes and workers, and meets the same draws.
"""

import math

import torch
from jaxtyping import Float32, Float64, Int64
from torch import Tensor

_WORD = (1 << 64) - 1
# Constants of SplitMix64: the golden ratio in 64 bits, and the two factors of its mixer.
_GAMMA = 0x9E3779B97F4A7C15
_FACTOR_1 = 0xBF58476D1CE4E5B9
_FACTOR_2 = 0x94D049BB133111EB
_MAX_COUNT = 1 << 16


def derive_seed(*parts: int) -> int:
    """Return a 63-bit seed that depends on every one of `parts` and on their order.

    Example:
        >>> derive_seed(0, 1) == derive_seed(1, 0)
        False
    """
    return _hash(parts) >> 1


def uniform(
    seed: int,
    epoch: int,
    indices: Int64[Tensor, " batch"],
    stream: int,
    count: int,
) -> Float32[Tensor, "batch count"]:
    """Return `count` numbers in [0, 1) for every sample, the same on every device.

    The numbers of a sample are outputs of SplitMix64 at positions that belong to this
    sample alone; the generator starts at a hash of `seed`, `epoch` and `stream`.

    Args:
        seed: Seed of the run.
        epoch: Pass over the data, from 0.
        indices: Numbers of the samples in their data set, below 2**47.
        stream: What the numbers are for: different streams are independent.
        count: Numbers per sample, at most 65536.

    Returns:
        Multiples of 2**-24, the finest steps that float32 holds evenly.

    Raises:
        ValueError: If `count` is out of range.

    Reference:
        Steele et al., "Fast Splittable Pseudorandom Number Generators", 2014.
    """
    _check_count(count, _MAX_COUNT)
    words = _words(seed, epoch, indices, stream, count)
    return _shift_right(words, 40).to(torch.float32).mul_(2.0**-24)


def normal(
    seed: int,
    epoch: int,
    indices: Int64[Tensor, " batch"],
    stream: int,
    count: int,
) -> Float32[Tensor, "batch count"]:
    """Return `count` numbers from N(0, 1) for every sample, by the method of Box and Muller.

    Each pair comes from two numbers u, v in [0, 1) that are parts of one word of the
    generator: sqrt(-2 ln(1 - u)) times the cosine and the sine of 2 pi v. As 1 - u is at
    least 2**-24, no number is further than 5.8 from 0.

    Args:
        seed: Seed of the run.
        epoch: Pass over the data, from 0.
        indices: Numbers of the samples in their data set, below 2**47.
        stream: What the numbers are for, from streams that `uniform` does not use.
        count: Numbers per sample, at most 131072.

    Raises:
        ValueError: If `count` is out of range.

    Reference:
        Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958.
    """
    _check_count(count, 2 * _MAX_COUNT)
    words = _words(seed, epoch, indices, stream, -(-count // 2))
    radius = _shift_right(words, 40).to(torch.float32).mul_(-(2.0**-24)).log1p_()
    radius = radius.mul_(-2.0).sqrt_()
    angle = (words & 0xFFFFFF).to(torch.float32).mul_(2.0**-24 * 2 * math.pi)
    pairs = torch.cat((angle.cos().mul_(radius), angle.sin_().mul_(radius)), dim=1)
    return pairs[:, :count]


def symmetric_beta(
    alpha: float, draws: Float32[Tensor, "batch 2"]
) -> Float64[Tensor, " batch"]:
    """Turn two numbers from [0, 1) for every sample into one from Beta(alpha, alpha).

    x = 1/2 + sign(c) / (2 sqrt(1 + 1 / ((u**(-1/alpha) - 1) c**2))) with c = cos(2 pi v):
    exact for every alpha > 0, without rejection, so that each sample takes two draws.

    Args:
        alpha: Both parameters of the distribution, above 0.
        draws: Numbers u and v.

    Raises:
        ValueError: If `alpha` is not positive.

    Reference:
        Devroye, "Random Variate Generation in One Line of Code", 1996, section 2 (from
        Bailey's polar method for the t distribution, 1994).

    Example:
        >>> symmetric_beta(1.0, torch.tensor([[0.5, 0.0], [0.5, 0.5]])).round(decimals=4)
        tensor([0.8536, 0.1464], dtype=torch.float64)
    """
    if not alpha > 0:
        raise ValueError(f"alpha must be above 0, got {alpha}")
    u, v = draws.to(torch.float64).unbind(dim=1)
    cosine = torch.cos(2 * math.pi * v)
    # Above 0: at u = 0 the power is infinite, and x is 0 or 1 as it should be.
    squared_t = torch.expm1(-u.log() / alpha) * cosine.square()
    return 0.5 + cosine.sign() / (2 * torch.sqrt(1 + 1 / squared_t))


def _check_count(count: int, most: int) -> None:
    if not 0 <= count <= most:
        raise ValueError(f"count must be from 0 to {most}, got {count}")


def _words(
    seed: int, epoch: int, indices: Int64[Tensor, " batch"], stream: int, count: int
) -> Int64[Tensor, "batch count"]:
    """Return outputs of SplitMix64, all 64 bits of them."""
    counters = (
        torch.arange(1, count + 1, device=indices.device) + indices[:, None] * _MAX_COUNT
    )
    z = counters.mul_(_signed(_GAMMA)).add_(_signed(_hash((seed, epoch, stream))))
    z.bitwise_xor_(_shift_right(z, 30)).mul_(_signed(_FACTOR_1))
    z.bitwise_xor_(_shift_right(z, 27)).mul_(_signed(_FACTOR_2))
    return z.bitwise_xor_(_shift_right(z, 31))


def _hash(parts: tuple[int, ...]) -> int:
    state = 0
    for part in parts:
        z = (state + _GAMMA + part) & _WORD
        z = ((z ^ (z >> 30)) * _FACTOR_1) & _WORD
        z = ((z ^ (z >> 27)) * _FACTOR_2) & _WORD
        state = z ^ (z >> 31)
    return state


def _signed(word: int) -> int:
    """Return the int64 with the bits of `word`: torch multiplies modulo 2**64 in int64."""
    return word - (1 << 64) if word >> 63 else word


def _shift_right(z: Int64[Tensor, "..."], bits: int) -> Int64[Tensor, "..."]:
    """Shift in zeros, where `>>` on int64 would shift in copies of the sign."""
    return (z >> bits).bitwise_and_((1 << (64 - bits)) - 1)
