"""Remedies that let the gradient reach what must learn, and the optimizer move it."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.optim import Optimizer

from headway.doctor.finding import Cause
from headway.doctor.program import LossFn, Program, StepFn
from headway.errors import RemedyDoesNotFit


@dataclass(frozen=True)
class AddToOptimizer:
    """Give the optimizer every parameter that wants a gradient, and none of other models."""

    cause: ClassVar[Cause] = "frozen_parameters"

    def apply(self, program: Program) -> Program:
        """Return the program whose optimizer holds its model."""
        groups = program.optimizer.param_groups
        held = {p for group in groups for p in group["params"]}
        wanted = [p for p in program.model.parameters() if p.requires_grad]
        missing = [p for p in wanted if p not in held]
        if not missing:
            raise RemedyDoesNotFit("the optimizer holds every parameter that can learn")
        own = set(program.model.parameters())
        for group in groups:
            group["params"][:] = [p for p in group["params"] if p in own]
        largest = max(groups, key=lambda group: len(group["params"]))
        largest["params"].extend(missing)
        return program

    def describe(self) -> str:
        """Return what changes."""
        return "Give the optimizer all parameters of the model that is trained."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "# after the model is complete and on its device\n"
            "optimizer = torch.optim.Adam(model.parameters(), lr=lr)"
        )


@dataclass(frozen=True)
class Unfreeze:
    """Let frozen parameters learn, and give them to the optimizer.

    Attributes:
        layers: Names of modules or parameters as the model has them; () for all.
    """

    cause: ClassVar[Cause] = "frozen_parameters"
    layers: tuple[str, ...] = ()

    def apply(self, program: Program) -> Program:
        """Return the program with parameters that learn."""
        frozen = [
            p
            for name, p in program.model.named_parameters()
            if not p.requires_grad and self._concerns(name) and p.is_floating_point()
        ]
        if not frozen:
            where = f" in {', '.join(self.layers)}" if self.layers else ""
            raise RemedyDoesNotFit(f"no parameter{where} is frozen")
        for parameter in frozen:
            parameter.requires_grad_(True)
        groups = program.optimizer.param_groups
        held = {p for group in groups for p in group["params"]}
        largest = max(groups, key=lambda group: len(group["params"]))
        largest["params"].extend(p for p in frozen if p not in held)
        return program

    def describe(self) -> str:
        """Return what changes."""
        what = ", ".join(self.layers) or "all parameters"
        return f"Unfreeze {what}."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        if not self.layers:
            lines = ["model.requires_grad_(True)"]
        else:
            lines = [
                f'model.get_submodule("{n}").requires_grad_(True)' for n in self.layers
            ]
        lines.append("# before: optimizer = torch.optim.Adam(model.parameters(), lr=lr)")
        return "\n".join(lines)

    def _concerns(self, name: str) -> bool:
        if not self.layers:
            return True
        return any(name == layer or name.startswith(f"{layer}.") for layer in self.layers)


@dataclass(frozen=True)
class ZeroGrad:
    """Set the gradients to zero before each update."""

    cause: ClassVar[Cause] = "zero_grad_missing"

    def apply(self, program: Program) -> Program:
        """Return the program with a step that begins with zero gradients."""
        if program.step is None:
            raise RemedyDoesNotFit("the usual step sets the gradients to zero already")
        return replace(program, step=_FromZero(program.step))

    def describe(self) -> str:
        """Return what changes."""
        return "Call optimizer.zero_grad() before each backward pass."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return "optimizer.zero_grad()\nloss.backward()\noptimizer.step()"


@dataclass(frozen=True)
class UsualStep:
    """Do the update in the usual order instead of the program's own way."""

    cause: ClassVar[Cause] = "gradient_wiring"

    def apply(self, program: Program) -> Program:
        """Return the program without a step of its own."""
        if program.step is None:
            raise RemedyDoesNotFit("the program does the usual step already")
        return replace(program, step=None)

    def describe(self) -> str:
        """Return what changes."""
        return "Do each update in the usual order: zero_grad, forward, backward, step."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "optimizer.zero_grad()\n"
            "loss = loss_fn(model(x), y)\n"
            "loss.backward()\n"
            "optimizer.step()"
        )


@dataclass(frozen=True)
class TrainMode:
    """Train the model in training mode."""

    cause: ClassVar[Cause] = "train_eval_mode"

    def apply(self, program: Program) -> Program:
        """Return the program with a model in training mode."""
        if all(module.training for module in program.model.modules()):
            raise RemedyDoesNotFit("the model is in training mode already")
        program.model.train()
        return program

    def describe(self) -> str:
        """Return what changes."""
        return "Call model.train() before training, and after each evaluation."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return "model.train()  # at the start of each epoch"


@dataclass(frozen=True)
class _FromZero:
    step: StepFn

    def __call__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        loss_fn: LossFn,
        inputs: Any,
        targets: Any,
    ) -> Tensor:
        optimizer.zero_grad()
        model.zero_grad()
        return self.step(model, optimizer, loss_fn, inputs, targets)
