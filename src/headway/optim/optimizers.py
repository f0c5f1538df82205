"""Torch's optimizers, built from plain settings."""

import warnings
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from headway.errors import ModelError, RecipeError, did_you_mean
from headway.optim.momentum import AveragedMomentum
from headway.optim.muon import Muon, split_for_muon
from headway.optim.parameter_groups import parameter_groups, trainable_parameters

OptimizerName = Literal["sgd", "averaged-momentum", "adam", "adamw", "muon"]

# torch's own list is private and also names devices that need a package of their vendor.
_FUSED_DEVICES = ("cpu", "cuda", "mps", "xpu")


def build_optimizer(
    model: nn.Module,
    *,
    name: str,
    lr: float,
    weight_decay: float = 0.0,
    momentum: float = 0.9,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    nesterov: bool = False,
    fused: bool = True,
    exclude_norm_and_bias: bool = True,
) -> Optimizer:
    """Build an optimizer over the trainable parameters of `model`.

    The momentum of "sgd" is a plain sum of gradients, m = momentum * m + g, and that of
    "averaged-momentum" their average, whose step is 1 - momentum as long. "muon"
    orthogonalizes the momentum of hidden matrices and leaves the rest to AdamW.

    "sgd", "averaged-momentum" and "adam" add weight_decay * w to the gradient; "adamw" and
    "muon" shrink w by lr * weight_decay beside the step, which differs as Adam scales the
    gradient but not the decay. A penalty l2 * sum(w**2) has the gradient 2 * l2 * w, so it
    is a weight_decay of 2 * l2 for the first three, and none for the other two.

    Args:
        model: Model on the device it is trained on.
        name: "sgd", "averaged-momentum", "adam", "adamw" or "muon".
        lr: Learning rate that a schedule's factor multiplies.
        weight_decay: Strength of the decay.
        momentum: Of "sgd", "averaged-momentum" and the matrices of "muon".
        betas: Decays of the first and second moment, of "adam", "adamw" and "muon".
        eps: Added to the root of the second moment, of "adam", "adamw" and "muon".
        nesterov: Whether "sgd" and "muon" look one momentum step ahead.
        fused: Whether to use one kernel for the whole step; ignored with a warning where
            torch has none for these parameters. "averaged-momentum" and the matrices of
            "muon" never have one.
        exclude_norm_and_bias: Whether norms and biases do not decay, by the rule of
            `parameter_groups`.

    Raises:
        RecipeError: If `name` is unknown, `nesterov` is asked for without momentum, or
            "muon" finds no hidden matrix.
        ModelError: If no parameter of `model` is trainable.

    Reference:
        Kingma and Ba, "Adam", 2014. arXiv:1412.6980; Loshchilov and Hutter, "Decoupled
        Weight Decay Regularization", 2017. arXiv:1711.05101.

    Example:
        >>> build_optimizer(nn.Linear(2, 1), name="adamw", lr=1e-3).defaults["lr"]
        0.001
    """
    _check(name, momentum=momentum, nesterov=nesterov)
    shared: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay}
    if name == "muon":
        matrices, others = _muon_parts(model, weight_decay, exclude_norm_and_bias)
        shared["fused"] = _fused_or_none(fused, "adamw", others)
        moments = {"momentum": momentum, "nesterov": nesterov, "betas": betas, "eps": eps}
        return Muon(matrices, others, **moments, **shared)
    groups = _groups(model, weight_decay, exclude_norm_and_bias)
    if name == "averaged-momentum":
        return AveragedMomentum(groups, momentum=momentum, **shared)
    shared["fused"] = _fused_or_none(fused, name, groups)
    if name == "sgd":
        return SGD(groups, momentum=momentum, nesterov=nesterov, **shared)
    return (Adam if name == "adam" else AdamW)(groups, betas=betas, eps=eps, **shared)


def _check(name: str, *, momentum: float, nesterov: bool) -> None:
    known = get_args(OptimizerName)
    if name not in known:
        raise RecipeError(
            f"unknown optimizer {name!r}; known are {', '.join(known)}."
            f"{did_you_mean(name, known)}"
        )
    if name in ("sgd", "muon") and nesterov and momentum <= 0.0:
        raise RecipeError(
            f"nesterov needs a momentum above 0, got {momentum}; set one such as 0.9, or "
            "switch nesterov off"
        )


def _groups(model: nn.Module, weight_decay: float, exclude: bool) -> list[dict[str, Any]]:
    """Return the parameter groups of `model`."""
    trainable = trainable_parameters(model)
    if not trainable:
        raise ModelError(
            "the model has no trainable parameter, so there is nothing to optimize; set "
            "requires_grad on those that should learn"
        )
    if exclude:
        return parameter_groups(model, weight_decay)
    return [{"params": trainable, "weight_decay": weight_decay}]


def _muon_parts(
    model: nn.Module, weight_decay: float, exclude: bool
) -> tuple[list[nn.Parameter], list[dict[str, Any]]]:
    """Return Muon's matrices and the groups of the others, all decayed unless `exclude`."""
    matrices, others = split_for_muon(model, weight_decay)
    if not exclude:
        parameters = [p for group in others for p in group["params"]]
        others = [{"params": parameters, "weight_decay": weight_decay}]
    return matrices, others


def _fused_or_none(fused: bool, name: str, groups: list[dict[str, Any]]) -> bool | None:
    # None lets torch choose its fastest way; False would also switch off foreach.
    return True if fused and _offers_fused(name, groups) else None


def _offers_fused(name: str, groups: list[dict[str, Any]]) -> bool:
    """Return whether torch has a fused step for all parameters; warn where it has not."""
    for group in groups:
        for parameter in group["params"]:
            obstacle = _obstacle(name, parameter)
            if obstacle:
                warnings.warn(
                    f"fused is ignored: torch has no fused {name} for {obstacle}",
                    stacklevel=4,
                )
                return False
    return True


def _obstacle(name: str, parameter: Tensor) -> str:
    if parameter.device.type not in _FUSED_DEVICES:
        return f"device {parameter.device.type!r}"
    if not torch.is_floating_point(parameter):
        return f"parameters of {parameter.dtype}"
    if name == "sgd" and type(parameter.data) is not Tensor:
        return f"parameters of class {type(parameter.data).__name__}"
    return ""
