"""Which parameters are decayed towards zero and which are left alone."""

from typing import Any

from torch import nn
from torch.nn.parameter import UninitializedParameter

from headway.errors import ModelError

NORMS = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.SyncBatchNorm,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
    nn.GroupNorm,
    nn.LayerNorm,
    nn.RMSNorm,
)


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Split the trainable parameters into those that decay and those that do not.

    Not decayed are all parameters with fewer than two dimensions (biases, scales and
    shifts) and all parameters of torch's norm modules, whatever their shape. A parameter
    that several modules share appears once, and is left alone if one of them is a norm.
    Frozen parameters are left out, and so is a group without parameters.

    Args:
        model: Model whose parameters are grouped.
        weight_decay: Decay of the first group; the second group has 0.

    Returns:
        Groups for an optimizer of torch, parameters in the order of the model.

    Raises:
        ModelError: If a lazy module of `model` does not know its shape yet.

    Reference:
        Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 5.1.
        arXiv:1706.02677; He et al., "Bag of Tricks for Image Classification with
        Convolutional Neural Networks", 2018, section 3.1. arXiv:1812.01187.

    Example:
        >>> model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
        >>> [(len(g["params"]), g["weight_decay"]) for g in parameter_groups(model, 0.1)]
        [(1, 0.1), (3, 0.0)]
    """
    of_norms = {
        id(parameter)
        for module in model.modules()
        if isinstance(module, NORMS)
        for parameter in module.parameters(recurse=False)
    }
    decayed: list[nn.Parameter] = []
    left_alone: list[nn.Parameter] = []
    for parameter in trainable_parameters(model):
        is_decayed = parameter.ndim >= 2 and id(parameter) not in of_norms
        (decayed if is_decayed else left_alone).append(parameter)
    groups = [(decayed, weight_decay), (left_alone, 0.0)]
    return [{"params": params, "weight_decay": decay} for params, decay in groups if params]


def decayed_parameters(model: nn.Module) -> list[nn.Parameter]:
    """Return the parameters that `parameter_groups` lets decay."""
    groups = parameter_groups(model, 1.0)
    return [p for group in groups if group["weight_decay"] for p in group["params"]]


def trainable_parameters(model: nn.Module) -> list[nn.Parameter]:
    """Return the parameters that are not frozen, shared ones once.

    Raises:
        ModelError: If a lazy module of `model` does not know its shape yet.
    """
    trainable: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if isinstance(parameter, UninitializedParameter):
            raise ModelError(
                f"parameter {name!r} of the model has no shape yet, as its module is lazy; "
                "call the model on one batch before it is trained, or give the module its "
                "number of inputs"
            )
        if parameter.requires_grad:
            trainable.append(parameter)
    return trainable
