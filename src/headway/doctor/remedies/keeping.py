"""Let layers that a forward pass makes anew in each call keep their weights, and learn."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook

from headway.doctor.finding import Cause
from headway.doctor.program import Program, call_model
from headway.doctor.remedies.drawing import drawing
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.wrapping import Wrapper
from headway.errors import RemedyDoesNotFit


@dataclass(frozen=True)
class KeepLayers:
    """Keep the layers that `forward` makes, so that they are the same in each call."""

    cause: ClassVar[Cause] = "frozen_parameters"

    def apply(self, program: Program) -> Program:
        """Return the program whose optimizer holds the layers of the first call for good."""
        model = _Keeping(program.model)
        buffers = [buffer.clone() for buffer in program.model.buffers()]
        with drawing(program), torch.no_grad():
            # The first call draws the weights.
            call_model(model, a_batch(program)[0])
        for buffer, value in zip(program.model.buffers(), buffers, strict=True):
            buffer.copy_(value)
        new = list(model.kept.parameters())
        if not new:
            raise RemedyDoesNotFit("the forward pass makes no layers")
        groups = program.optimizer.param_groups
        largest = max(groups, key=lambda group: len(group["params"]))
        largest["params"].extend(new)
        return replace(program, model=model)

    def describe(self) -> str:
        """Return what changes."""
        return "Make the layers in __init__ and not in forward, so that they learn."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "self.layer = nn.Linear(in_features, out_features)  # in __init__\n"
            "x = self.layer(x)  # in forward"
        )


class _Keeping(Wrapper):
    """A model whose passing layers take the weights of those of the first call."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__(model)
        self.kept = nn.ModuleDict()

    def forward(self, *inputs: Any, **named: Any) -> Any:
        known = set(self.model.modules())
        counts: Counter[str] = Counter()

        def take_over(layer: nn.Module, _: Any) -> None:
            if layer in known or not layer._parameters:
                return
            kind = type(layer).__name__
            name = f"{kind}_{counts[kind]}"
            counts[kind] += 1
            if name not in self.kept:
                self.kept[name] = layer
            kept: Any = self.kept[name]
            layer._parameters = kept._parameters
            layer._buffers = kept._buffers
            layer.training = self.training

        handle = register_module_forward_pre_hook(take_over)
        try:
            return self.model(*inputs, **named)
        finally:
            handle.remove()
