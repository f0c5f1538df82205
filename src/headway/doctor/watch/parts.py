"""The parts of a network that are called with a batch, and the layers in them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from torch import nn

from headway.doctor.watch.compiled import is_compiled
from headway.measure.describe import Described, named_layers

# Passes through a part without an activation function that no layer calls, after which only
# each so many-th pass is searched for one: that search costs as much as all else.
_PASSES_TO_BE_SURE = 3
_SEARCHED = 16


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What is called before and after a layer.

    Attributes:
        layer: The layer.
        before: What is called before it, None for the one that is running already.
        after: What is called after it.
    """

    layer: nn.Module
    before: Callable[[nn.Module, Any], None] | None
    after: Callable[[nn.Module, Any, Any], None]


@dataclass
class Part:
    """A module that is called with a batch, and the layers in it.

    Attributes:
        root: The module.
        known: What it is itself, where it is a layer.
        hooks: Those of its layers.
        is_eager: Whether nothing had been compiled when it was looked through.
        num_passes: Passes that it has been looked at.
        num_silent: Those since the last activation function that no layer called.
    """

    root: nn.Module
    known: Described | None
    hooks: list[Hooks]
    is_eager: bool
    num_passes: int = 0
    num_silent: int = 0

    @property
    def is_searched(self) -> bool:
        """Whether the next pass is searched for functions."""
        is_sure = self.num_silent >= _PASSES_TO_BE_SURE
        return self.is_eager and (not is_sure or self.num_passes % _SEARCHED == 0)


def roots(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return what is called with a batch: the network without the wrappers around it."""
    while not is_compiled(model):
        inner = getattr(model, "module", None)
        if not isinstance(model, nn.parallel.DistributedDataParallel) or inner is None:
            break
        model = cast(nn.Module, inner)
    return [] if _is_compiled_inside(model) else [("", model)]


def eager_layers(prefix: str, root: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return a module and those inside it by name, but none inside of a compiled one."""
    if is_compiled(root):
        return [(prefix, root)]
    inside = {
        id(inner)
        for module in root.modules()
        if is_compiled(module)
        for inner in module.modules()
        if inner is not module
    }
    named = [
        (f"{prefix}.{n}" if prefix and n else prefix or n, m) for n, m in named_layers(root)
    ]
    return [(n, m) for n, m in named if id(m) not in inside and not _is_compiled_inside(m)]


def _is_compiled_inside(module: nn.Module) -> bool:
    """Whether hooks of this module would be part of a compiled graph."""
    return getattr(module, "_compiled_call_impl", None) is not None
