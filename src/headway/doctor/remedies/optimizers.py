"""Another optimizer for the same parameters."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import torch

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.remedies.following import aimed_lr, with_optimizer

OptimizerName = Literal["adam", "adamw", "sgd"]

_DEFAULT_LR: dict[OptimizerName, float] = {"adam": 1e-3, "adamw": 1e-3, "sgd": 0.05}
_MOMENTUM = 0.9


@dataclass(frozen=True)
class SetOptimizer:
    """Train the same parameters with another optimizer and its usual constants.

    Groups keep the ratios of their learning rates, and their weight decay.

    Attributes:
        name: "adam", "adamw", or "sgd", which has a momentum of 0.9.
        lr: The largest learning rate, or None for the usual one of that optimizer.
    """

    cause: ClassVar[Cause] = "optimizer"
    name: OptimizerName = "adam"
    lr: float | None = None

    def __post_init__(self) -> None:
        if self.name not in get_args(OptimizerName):
            known = ", ".join(get_args(OptimizerName))
            raise ValueError(f"unknown optimizer {self.name!r}; known: {known}")

    def apply(self, program: Program) -> Program:
        """Return the program with the new optimizer, which its schedule follows."""
        lr, rates = self._lr(), [aimed_lr(g) for g in program.optimizer.param_groups]
        peak = max(rates)
        groups: list[dict[str, Any]] = []
        for group, own in zip(program.optimizer.param_groups, rates, strict=True):
            new = {"params": group["params"], "lr": lr * own / peak if peak > 0 else lr}
            if "weight_decay" in group:
                new["weight_decay"] = group["weight_decay"]
            groups.append(new)
        return with_optimizer(program, self._make(groups))

    def describe(self) -> str:
        """Return what changes."""
        name = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD with momentum 0.9"}[self.name]
        return f"Train with {name} at a learning rate of {self._lr():.3g}."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        name = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}[self.name]
        momentum = f", momentum={_MOMENTUM}" if self.name == "sgd" else ""
        return (
            f"optimizer = torch.optim.{name}("
            f"model.parameters(), lr={self._lr():.3g}{momentum})"
        )

    def _lr(self) -> float:
        return _DEFAULT_LR[self.name] if self.lr is None else self.lr

    def _make(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        if self.name == "sgd":
            return torch.optim.SGD(groups, lr=self._lr(), momentum=_MOMENTUM)
        if self.name == "adamw":
            return torch.optim.AdamW(groups, lr=self._lr())
        return torch.optim.Adam(groups, lr=self._lr())
