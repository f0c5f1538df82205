"""Healthy programs beside the families themselves: the same ones with other settings."""

import inspect
from collections.abc import Callable

import torch.nn.functional as F
from families import FAMILIES, Make
from mutations.edit import (
    NotApplicableError,
    edited,
    knob,
    remake_optimizer,
    set_batch_size,
)
from torch import nn
from torch.optim import SGD, AdamW, NAdam

Variant = Callable[[Make], Make]


def _other_activation(make: Make) -> Make:
    def choose(default: object) -> object:
        return nn.LeakyReLU if inspect.isclass(default) else F.elu

    return knob("activation", choose)(make)


@edited
def _smaller_batches(made: dict) -> None:
    if "step" in made:
        raise NotApplicableError
    set_batch_size(made, 24)


@edited
def _momentum(made: dict) -> None:
    if isinstance(made["optimizer"], SGD):
        raise NotApplicableError
    remake_optimizer(made, SGD, lr=0.05, momentum=0.9)


@edited
def _adamw(made: dict) -> None:
    if not isinstance(made["optimizer"], SGD):
        raise NotApplicableError
    remake_optimizer(made, AdamW, lr=2e-3)


@edited
def _nadam(made: dict) -> None:
    remake_optimizer(made, NAdam, lr=2e-3)


@edited
def _longer(made: dict) -> None:
    made["epochs"] = int(1.5 * made["epochs"])
    made.pop("scheduler", None)


@edited
def _without_val(made: dict) -> None:
    if "val" not in made:
        raise NotApplicableError
    del made["val"]


VARIANTS: dict[str, Variant] = {
    "lr_x2": knob("lr", lambda lr: 2 * lr),
    "lr_/2": knob("lr", lambda lr: lr / 2),
    "wider": knob("width", lambda width: 2 * width),
    "other_activation": _other_activation,
    "smaller_batches": _smaller_batches,
    "momentum": _momentum,
    "adamw": _adamw,
    "nadam": _nadam,
    "longer": _longer,
    "without_val": _without_val,
}


def variant(family: str, name: str) -> Make:
    """Return the `make` of a family with other settings."""
    return VARIANTS[name](FAMILIES[family].make)
