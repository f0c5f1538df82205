"""How far updates move the weights."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy


def copy_weights(model: nn.Module) -> dict[str, Tensor]:
    """Return copies of all parameters by name, for `update_ratios`."""
    named = model.named_parameters()
    return {name: p.detach().clone() for name, p in named if not is_lazy(p)}


@torch.no_grad()
def update_ratios(before: Mapping[str, Tensor], model: nn.Module) -> dict[str, float]:
    """Return the norm of the change of each parameter over its norm before.

    About 1e-3 is usual for weights. A parameter that was 0 has an infinite ratio, or 0 where
    it did not move.

    Args:
        before: Copies of the parameters from before the update.
        model: Network after it.

    Reference:
        Karpathy, "Neural Networks Part 3: Learning and Evaluation", CS231n notes.

    Example:
        >>> model = nn.Linear(2, 1, bias=False)
        >>> before = copy_weights(model)
        >>> _ = model.weight.data.mul_(1.5)
        >>> {name: round(ratio, 3) for name, ratio in update_ratios(before, model).items()}
        {'weight': 0.5}
    """
    ratios: dict[str, float] = {}
    for name, parameter in model.named_parameters():
        old = before.get(name)
        if old is None or old.shape != parameter.shape:
            continue
        change = torch.linalg.vector_norm(parameter - old, dtype=torch.float64)
        norm = torch.linalg.vector_norm(old, dtype=torch.float64)
        ratios[name] = float(change / norm) if change > 0 else 0.0
    return ratios
