"""Averages over the randomness of a trained network."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd  # pyright: ignore[reportPrivateUsage]

from headway.nn.restoring import modes_and_randomness_kept


class MonteCarlo(NamedTuple):
    """Statistics of the outputs over draws of the randomness.

    Attributes:
        mean: Estimate of E_z f(x, z).
        std: Standard deviation between the draws, divided by one less than their number.
    """

    mean: Float[Tensor, "*shape"]
    std: Float[Tensor, "*shape"]


@torch.no_grad()
def monte_carlo(
    model: nn.Module, inputs: Tensor, num_samples: int, *, seed: int = 0
) -> MonteCarlo:
    """Average the outputs over draws of dropout: y = E_z f(x, z).

    Dropout is on as in `dropout_on`. Evaluation without dropout gives this mean exactly
    where the network is linear, and approximately elsewhere.

    The average is over the outputs as they are. For an average of probabilities, put
    nn.Softmax behind the model.

    Args:
        model: Network, whose modes stay as they are, as does the random state.
        inputs: One batch.
        num_samples: Draws, at least 2.
        seed: Seed of the draws.

    Raises:
        ValueError: If `num_samples` is below 2.

    Reference:
        Gal and Ghahramani, "Dropout as a Bayesian Approximation", 2015, section 4.
        arXiv:1506.02142.

    Example:
        >>> model = nn.Sequential(nn.Dropout(0.5))
        >>> mean, std = monte_carlo(model, torch.ones(1), 1000)
        >>> abs(mean.item() - 1) < 0.1, abs(std.item() - 1) < 0.1
        (True, True)
    """
    if num_samples < 2:
        raise ValueError(f"num_samples must be at least 2, got {num_samples}")
    with dropout_on(model, seed=seed):
        outputs = torch.stack([model(inputs) for _ in range(num_samples)])
    std, mean = torch.std_mean(outputs, dim=0)
    return MonteCarlo(mean, std)


@contextmanager
def dropout_on(model: nn.Module, *, seed: int = 0) -> Generator[None]:
    """Let dropout of every kind draw, with all else in evaluation mode, batch norm too.

    The kinds are torch's layers, the dropout of its recurrent and attention layers, and all
    modules with a `drop_prob`. Modes and the random state come back at the end.

    Args:
        model: Network whose dropout draws meanwhile.
        seed: Seed of the draws.

    Example:
        >>> model = nn.Dropout(0.5).eval()
        >>> with dropout_on(model):
        ...     dropped = int((model(torch.ones(100)) == 0).sum())
        >>> 30 < dropped < 70, model.training
        (True, False)
    """
    with modes_and_randomness_kept(model, seed=seed):
        for module in model.eval().modules():
            # The module alone: what it holds may be batch norm.
            module.training = _drop_prob(module) is not None
        yield


def has_dropout(model: nn.Module) -> bool:
    """Return whether a module that `dropout_on` lets draw has a probability above 0."""
    return any((_drop_prob(module) or 0.0) > 0.0 for module in model.modules())


def _drop_prob(module: nn.Module) -> float | None:
    """Return the probability of dropout in `module` itself; None where it knows none."""
    if isinstance(module, _DropoutNd):
        return module.p
    if isinstance(module, nn.RNNBase | nn.MultiheadAttention):
        return module.dropout
    return getattr(module, "drop_prob", None)
