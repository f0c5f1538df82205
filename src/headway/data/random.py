"""Randomness that is a function of what it is for, not of what was drawn before.

A draw depends on the seed, the epoch and the number of the sample only, so that a run can
be continued anywhere, with any number of processes and workers, and meets the same draws.
"""

import torch
from jaxtyping import Float32, Int64
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
    if not 0 <= count <= _MAX_COUNT:
        raise ValueError(f"count must be from 0 to {_MAX_COUNT}, got {count}")
    counters = (
        torch.arange(1, count + 1, device=indices.device) + indices[:, None] * _MAX_COUNT
    )
    z = counters.mul_(_signed(_GAMMA)).add_(_signed(_hash((seed, epoch, stream))))
    z = (z ^ _shift_right(z, 30)).mul_(_signed(_FACTOR_1))
    z = (z ^ _shift_right(z, 27)).mul_(_signed(_FACTOR_2))
    z = z ^ _shift_right(z, 31)
    return _shift_right(z, 40).to(torch.float32).mul_(2.0**-24)


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
