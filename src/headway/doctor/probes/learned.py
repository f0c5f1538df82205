"""Whether weights are initial values or were learned before: loaded, or trained in advance."""

import math

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

# The largest singular value of a random matrix is at most its edge, apart from chance
# (Marchenko and Pastur, 1967): 5 % more in 1 of 100 matrices of 16 x 9 to 128 x 784, while
# what data wrote into a matrix stands out.
_EDGE = 1.12
_LEAST_SIZE = 8
_ITERATIONS = 20
# A block of a random matrix is as random as all of it.
_MOST_ROWS, _MOST_COLUMNS = 512, 2048
# Numbers of a uniform distribution have a hard edge. Training from there blurs it, without
# giving them the tails of a normal distribution: excess kurtosis -1.2, 0 for the latter.
_BLUR = 2.2
_KURTOSIS_ERRORS = 4.0
_LEAST_COUNT = 256


def same_for_all_seeds(first: nn.Module, second: nn.Module) -> frozenset[str] | None:
    """Return the parameters that do not depend on the seed, such as loaded weights.

    Constants, such as biases of zero, do not count.

    Returns:
        None where no parameter depends on it, which tells nothing.
    """
    others = dict(second.named_parameters())
    same: set[str] = set()
    num_different = 0
    for name, parameter in first.named_parameters():
        other = others.get(name)
        if other is None or is_lazy(other) or is_lazy(parameter):
            continue
        if other.shape != parameter.shape:
            continue
        if not torch.equal(parameter.detach(), other.detach()):
            num_different += 1
        elif parameter.numel() > 1 and float(parameter.detach().float().std()) > 0:
            same.add(name)
    return frozenset(same) if num_different else None


def looks_learned(weight: Tensor) -> bool:
    """Whether a weight has structure that no usual initialization gives."""
    if is_lazy(weight) or weight.dim() < 2 or weight.numel() < _LEAST_COUNT:
        return False
    matrix = weight.detach().flatten(1)[:_MOST_ROWS, :_MOST_COLUMNS].float().cpu()
    matrix = matrix - matrix.mean()
    std = float(matrix.std())
    if std == 0 or not math.isfinite(std):
        return False
    return _stands_out(matrix / std) or _is_blurred(matrix / std)


def _stands_out(matrix: Tensor) -> bool:
    rows, columns = matrix.shape
    edge = math.sqrt(rows) + math.sqrt(columns)
    is_large = min(rows, columns) >= _LEAST_SIZE
    return is_large and _largest_singular_value(matrix) > _EDGE * edge


def _largest_singular_value(matrix: Tensor) -> float:
    """Return it by power iteration, from below; one that stands out is soon found."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(matrix.shape[1], generator=generator)
    for _ in range(_ITERATIONS):
        x = matrix.T @ (matrix @ (x / x.norm()))
    return float(x.norm().sqrt())


def _is_blurred(numbers: Tensor) -> bool:
    count = numbers.numel()
    kurtosis = float(numbers.pow(4).mean()) - 3
    edge = float(numbers.abs().max()) / math.sqrt(3)
    has_edge = edge < 1 + _BLUR / math.sqrt(count)
    return not has_edge and kurtosis < -_KURTOSIS_ERRORS * math.sqrt(24 / count)
