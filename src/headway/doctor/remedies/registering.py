"""Let a model know its own layers where it keeps them in lists and dicts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import nn

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.errors import RemedyDoesNotFit


@dataclass(frozen=True)
class RegisterLayers:
    """Register layers that a module keeps in a plain list or dict, so that they learn."""

    cause: ClassVar[Cause] = "frozen_parameters"

    def apply(self, program: Program) -> Program:
        """Return the program whose model and optimizer have all layers."""
        model = program.model
        known = {p for group in program.optimizer.param_groups for p in group["params"]}
        found = list(unregistered(model))
        if not found:
            raise RemedyDoesNotFit("no layer is kept in a plain list or dict")
        for owner, name, layer in found:
            layer.train(owner.training)
            owner.add_module(name, layer)
        groups = program.optimizer.param_groups
        largest = max(groups, key=lambda group: len(group["params"]))
        new = [p for p in model.parameters() if p.requires_grad and p not in known]
        largest["params"].extend(new)
        return program

    def describe(self) -> str:
        """Return what changes."""
        return "Keep the layers in an nn.ModuleList, so that the optimizer gets them."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return "self.layers = nn.ModuleList(layers)  # nn.ModuleDict for a dict"


def unregistered(model: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Module]]:
    """Yield modules in plain lists, tuples and dicts: owner, a name for it, and the module."""
    known = set(model.modules())
    for owner in list(model.modules()):
        for attribute, value in list(vars(owner).items()):
            if attribute.startswith("_"):
                continue
            for key, layer in _members(value):
                if layer not in known:
                    known.add(layer)
                    yield owner, f"{attribute}_{key}", layer


def _members(value: Any) -> Iterator[tuple[str, nn.Module]]:
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        pairs = list(value.items())
    elif isinstance(value, (list, tuple)):
        pairs = list(enumerate(value))
    for key, member in pairs:
        if isinstance(member, nn.Module):
            yield str(key).replace(".", "_"), member
