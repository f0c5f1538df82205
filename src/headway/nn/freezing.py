"""Keep the first layers of a network as they are while the last ones learn."""

from torch import nn


def freeze_(model: nn.Module, *, train_last: int) -> list[str]:
    """Freeze all parameters in front of the last `train_last` layers, in place.

    A layer is a module that itself holds a weight of two or more dimensions; norms and
    biases belong to the layer before them. The order is that in which the modules were
    registered. A parameter that a frozen and a learning layer share is frozen.

    Args:
        model: Network whose parameters are frozen.
        train_last: Layers that go on learning; 1 is the last one alone.

    Returns:
        Names of the layers that learn.

    Raises:
        ValueError: If the network has fewer layers than that, or `train_last` is below 1.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
        >>> freeze_(model, train_last=1)
        ['2']
        >>> [name for name, p in model.named_parameters() if p.requires_grad]
        ['2.weight', '2.bias']

    Reference:
        Yosinski et al., "How transferable are features in deep neural networks?", 2014.
        arXiv:1411.1792.
    """
    layers = [name for name, module in model.named_modules() if _has_matrix(module)]
    if not 1 <= train_last <= len(layers):
        raise ValueError(
            f"train_last must be from 1 to the {len(layers)} layers of the network, got "
            f"{train_last}"
        )
    first = layers[-train_last]
    for name, module in model.named_modules():
        if name == first:
            break
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad_(False)
    return layers[-train_last:]


def hold_frozen_norms_(model: nn.Module) -> None:
    """Put norms whose parameters are all frozen into evaluation mode, in place.

    So their running statistics stay what they were. Called after `model.train()`, which
    would let them move.

    Args:
        model: Network in training mode.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
        >>> _ = freeze_(model, train_last=1)
        >>> hold_frozen_norms_(model)
        >>> model[1].training, model[2].training
        (False, True)
    """
    for module in model.modules():
        own = list(module.parameters(recurse=False))
        has_statistics = any(True for _ in module.buffers(recurse=False))
        if own and has_statistics and not any(p.requires_grad for p in own):
            module.eval()


def _has_matrix(module: nn.Module) -> bool:
    return any(parameter.ndim >= 2 for parameter in module.parameters(recurse=False))
