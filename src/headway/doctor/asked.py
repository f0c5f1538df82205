"""What a hand-written loss is about, told from its values for made-up answers."""

import warnings
from typing import Any

import torch
from torch import Tensor


def compares_samples(loss_fn: Any, output: Tensor, target: Tensor) -> bool:
    """Return whether a hand-written loss reads ids as who belongs together.

    Contrastive losses do. It then does not matter which output stands for which class, but
    which samples share one.
    """
    if output.dim() != 2 or target.dim() != 1 or len(target) != len(output):
        return False
    if int(target.min()) < 0:
        return False
    generator = torch.Generator().manual_seed(0)
    centers = torch.randn(int(target.max()) + 1, output.shape[1], generator=generator)
    answer = centers.to(output)[target.to(output.device).long()]
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = loss_fn(answer, target).mean()
            rolled = loss_fn(answer.roll(1, dims=1), target).mean()
            strange = loss_fn(answer, target.roll(1)).mean()
            # Own exponentials overflow, and are then the same whatever they are given.
            is_same = bool(given.isfinite() & torch.isclose(given, rolled, rtol=1e-4))
            return is_same and not bool(torch.isclose(given, strange, rtol=1e-4))
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError):
        return False


def is_distance(
    loss_fn: Any, output: Tensor, target: Tensor, levels: tuple[float, float]
) -> bool:
    """Return whether a loss likes the targets themselves better than surer answers."""
    middle = sum(levels) / 2
    exact = target.to(output.dtype).reshape(output.shape)
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            near = loss_fn(exact, target)
            far = loss_fn(middle + (exact - middle) * 7, target)
            return bool(near.mean() < far.mean())
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError):
        return False


def is_reversed(
    loss_fn: Any, output: Tensor, target: Tensor, levels: tuple[float, float]
) -> bool:
    """Return whether small answers mean yes, as where the answer is a distance.

    The loss of the opposite answers is smaller then and never below 0, which tells it from a
    loss with the wrong sign.
    """
    middle = sum(levels) / 2
    exact = target.to(output.dtype).reshape(output.shape)
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for far in (1, 9):
                given = loss_fn(middle + (exact - middle) * far, target).mean()
                opposite = loss_fn(middle - (exact - middle) * far, target).mean()
                if not 0 <= opposite < given:
                    return False
            return True
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError):
        return False
