"""What every family of models gives to the catalog."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from torch import nn


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelCard:
    """What a user needs to know to pick a model.

    Attributes:
        name: A name that `build_model` takes, as an example of the family.
        family: Pattern of the family's names; capitals stand for what the user fills in.
        description: What it is and which inputs it takes.
        reference: Publication or library that it comes from; "" if there is none.
        options: Options with their defaults.
    """

    name: str
    family: str
    description: str
    reference: str
    options: Mapping[str, Any]


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
    """

    card: ModelCard
    pattern: re.Pattern[str]
    build: Builder
