"""Exact statistics of batch norm after training."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]
from torch.utils.hooks import RemovableHandle

from headway.nn.restoring import modes_and_randomness_kept
from headway.nn.statistics import statistics_kept


@torch.no_grad()
def recalibrate(
    model: nn.Module,
    batches: Iterable[Tensor | Sequence[Any]],
    *,
    frozen: Iterable[nn.Module] = (),
) -> nn.Module:
    """Give every batch norm the mean and variance of all `batches`, in place.

    The running statistics of training are moving averages, over batches that earlier
    weights made. Here each layer gets the mean and the unbiased variance
    sum (x - mean)^2 / (M - 1) of all M values of a channel that reach it, however they are
    divided into batches. Like the paper's m / (m - 1) times the average of the batch
    variances, this is an unbiased estimate; the two are equal where one batch holds
    everything. As in the paper, the batch norms in front of a layer go by their batch
    meanwhile; dropout and the like are off.

    Weights, the mode of every module and the random state stay as they are. Everything runs
    in this process: in a distributed run give each process the same batches.

    Args:
        model: Network with batch norms of torch or of this package. Those that keep no
            running statistics, or are not reached, stay as they are.
        batches: Inputs, or tuples whose first item they are, as a data loader gives them.
            Batches as large as in training and in random order, from the training part.
        frozen: Batch norms that keep their statistics and go by them, as in training.

    Returns:
        The same `model`.

    Raises:
        ValueError: If there is no batch, or one with a single value per channel.

    Reference:
        Ioffe and Szegedy, "Batch Normalization", 2015, algorithm 2. arXiv:1502.03167.

    Example:
        >>> model = nn.Sequential(nn.BatchNorm1d(1)).eval()
        >>> x = torch.tensor([[0.0], [1.0], [2.0], [5.0]])
        >>> recalibrate(model, x.split(2))[0].running_mean
        tensor([2.])
    """
    held = {id(module) for module in frozen}
    populations = {
        module: _Population()
        for module in model.modules()
        if isinstance(module, _BatchNorm)
        and module.running_mean is not None
        and id(module) not in held
    }
    num_batches = 0
    with modes_and_randomness_kept(model), statistics_kept([model]), ExitStack() as stack:
        model.eval()
        for norm, population in populations.items():
            stack.callback(_observed(norm, population).remove)
        for batch in batches:
            model(batch if isinstance(batch, Tensor) else batch[0])
            num_batches += 1
    if num_batches == 0:
        raise ValueError("batches must hold at least one batch, got none")
    for norm, population in populations.items():
        population.write_to(norm)
    return model


class _Population:
    """Count, mean and sum of squares around the mean of each channel.

    Reference:
        Chan et al., "Updating Formulae and a Pairwise Algorithm for Computing Sample
        Variances", 1979.
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean: Tensor | float = 0.0
        self.scatter: Tensor | float = 0.0

    def add(self, x: Tensor) -> None:
        x = x.to(torch.promote_types(x.dtype, torch.float32))
        count = x.numel() // x.shape[1]
        dims = [dim for dim in range(x.ndim) if dim != 1]
        variance, mean = torch.var_mean(x, dims, correction=0)
        shift, total = mean - self.mean, self.count + count
        self.mean = self.mean + shift * (count / total)
        self.scatter += variance * count + shift.square() * (self.count * count / total)
        self.count = total

    def write_to(self, norm: _BatchNorm) -> None:
        if self.count == 0:  # the network went past this layer
            return
        assert isinstance(self.mean, Tensor)
        assert isinstance(self.scatter, Tensor)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.copy_(self.mean)
        norm.running_var.copy_(self.scatter / (self.count - 1))


def _observed(norm: _BatchNorm, population: _Population) -> RemovableHandle:
    """Let `norm` go by its batch and report its inputs; return what ends the reports."""

    def observe(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        population.add(inputs[0])

    return norm.train().register_forward_pre_hook(observe)
