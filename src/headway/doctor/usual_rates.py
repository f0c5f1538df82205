"""Learning rates that are usual for a kind of optimizer."""

import math

from torch.optim import Adam, AdamW, Optimizer

# Largest rates from the lowest to the highest that are usual: torch's and published defaults.
_ADAPTIVE, _MOMENTUM, _PLAIN = (1e-4, 5e-3), (1e-3, 0.1), (1e-2, 0.3)
# Constants of Adam that publications use; another eps is a matter of half precision.
_BETA1, _BETA2, _EPS = (0.8, 0.95), (0.9, 0.9999), 1e-6


def usual_rates(optimizer: Optimizer) -> tuple[float, float] | None:
    """Return the lowest and the highest usual rate, None for kinds that have none."""
    group = optimizer.param_groups[0]
    if "betas" in group or "alpha" in group:
        return _ADAPTIVE
    if "momentum" in group:
        return _MOMENTUM if group["momentum"] else _PLAIN
    return None


def decades_outside(lr: float, optimizer: Optimizer) -> float:
    """Return how many powers of ten a rate is above what is usual, negative if below.

    Returns:
        0 for usual rates, and where nothing is known.
    """
    usual = usual_rates(optimizer)
    if usual is None or lr <= 0:
        return 0.0
    low, high = (math.log10(lr / end) for end in usual)
    return max(0.0, high) + min(0.0, low)


def middle_rate(optimizer: Optimizer) -> float | None:
    """Return the rate in the middle of the usual ones, None for kinds that have none."""
    usual = usual_rates(optimizer)
    return None if usual is None else math.sqrt(usual[0] * usual[1])


def is_usual_adam(optimizer: Optimizer) -> bool:
    """Whether it is Adam with usual constants, so that only its rate may be amiss."""
    return isinstance(optimizer, (Adam, AdamW)) and all(
        _BETA1[0] <= group["betas"][0] <= _BETA1[1]
        and _BETA2[0] <= group["betas"][1] <= _BETA2[1]
        and group["eps"] <= _EPS
        and not group["maximize"]
        for group in optimizer.param_groups
    )
