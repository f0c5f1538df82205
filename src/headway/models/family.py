"""What every family of models gives to the catalog."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from torch import nn

from headway.data import InputKind


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelSize:
    """What a published model costs.

    Attributes:
        name: Name that `build_model` takes.
        num_parameters: Parameters, all of them.
        multiply_adds: Multiply-adds of one forward pass in evaluation mode; one is two
            floating point operations, though papers often call it one "FLOP".
        input_shape: Shape of one sample that both hold for.
        num_outputs: Width of the output that both hold for.
    """

    name: str
    num_parameters: int
    multiply_adds: int
    input_shape: tuple[int, ...]
    num_outputs: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelCard:
    """What a user needs to know to pick a model.

    Attributes:
        name: A name that `build_model` takes, as an example of the family.
        family: Pattern of the family's names; capitals stand for what the user fills in.
        description: What it is and which inputs it takes.
        reference: Publication or library that it comes from; "" if there is none.
        options: Options with their defaults.
        sizes: Published models of the family, with the default options.
    """

    name: str
    family: str
    description: str
    reference: str
    options: Mapping[str, Any]
    sizes: tuple[ModelSize, ...] = ()


@runtime_checkable
class Builder(Protocol):
    """Makes the model that `name` stands for, or raises `ModelError`."""

    def __call__(
        self,
        name: str,
        *,
        input_shape: tuple[int, ...],
        num_outputs: int,
        options: Mapping[str, Any],
    ) -> nn.Module:
        """Return the model with fresh weights."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """Models that share a pattern of names and a builder.

    Attributes:
        card: What a user sees.
        pattern: Regular expression that the whole name matches.
        build: Makes the model.
        input_kinds: Kinds of data that it takes.
    """

    card: ModelCard
    pattern: re.Pattern[str]
    build: Builder
    input_kinds: tuple[InputKind, ...] = ("image", "tabular")


def imagenet_sizes(counts: Mapping[str, tuple[int, int]]) -> tuple[ModelSize, ...]:
    """Return the sizes of models for ImageNet: 224x224 pixels in color, 1000 classes.

    Args:
        counts: Parameters and multiply-adds by name.
    """
    return _sizes(counts, (3, 224, 224), 1000)


def cifar_sizes(counts: Mapping[str, tuple[int, int]]) -> tuple[ModelSize, ...]:
    """Return the sizes of models for CIFAR-10: 32x32 pixels in color, 10 classes.

    Args:
        counts: Parameters and multiply-adds by name.
    """
    return _sizes(counts, (3, 32, 32), 10)


def _sizes(
    counts: Mapping[str, tuple[int, int]], input_shape: tuple[int, ...], num_outputs: int
) -> tuple[ModelSize, ...]:
    return tuple(
        ModelSize(
            name=name,
            num_parameters=parameters,
            multiply_adds=multiply_adds,
            input_shape=input_shape,
            num_outputs=num_outputs,
        )
        for name, (parameters, multiply_adds) in counts.items()
    )
