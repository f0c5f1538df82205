"""Remedies that set how strongly a program is regularized."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from torch import nn
from torch.nn import functional as F
from torch.nn.modules.dropout import _DropoutNd  # pyright: ignore[reportPrivateUsage]

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.remedies.redirecting import Redirected
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.torch_names import DROPOUTS
from headway.doctor.remedies.tracing import Call, hidden_activations, trace
from headway.errors import RemedyDoesNotFit

# What modules call the fraction that they drop: torch's layers, its attention, its RNNs.
_NAMES = {_DropoutNd: "p", nn.MultiheadAttention: "dropout", nn.RNNBase: "dropout"}


@dataclass(frozen=True)
class SetDropout:
    """Drop another fraction of the units wherever the model drops some.

    Attributes:
        p: The fraction, 0 for none.
        at_most: Whether places that drop less stay as they are.
    """

    cause: ClassVar[Cause] = "regularization"
    p: float = 0.0
    at_most: bool = True

    def apply(self, program: Program) -> Program:
        """Return the program with other dropout."""
        changed = False
        for module in program.model.modules():
            name = next((n for kind, n in _NAMES.items() if isinstance(module, kind)), "")
            if name and self._concerns(getattr(module, name)):
                setattr(module, name, self.p)
                changed = True
        calls = self._functional(program)
        if not changed and not calls:
            raise RemedyDoesNotFit(f"no dropout of more than {self.p:g} was found")
        if not calls:
            return program
        rules = {call.key: partial(_dropped, p=self.p) for call in calls}
        return replace(program, model=Redirected(program.model, rules))

    def describe(self) -> str:
        """Return what changes."""
        if self.p == 0:
            return "Remove the dropout."
        return f"Set the dropout to {self.p:g}."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "for module in model.modules():\n"
            "    if isinstance(module, nn.Dropout):\n"
            f"        module.p = {self.p:g}"
        )

    def _concerns(self, p: float) -> bool:
        return p > self.p if self.at_most else p != self.p

    def _functional(self, program: Program) -> list[Call]:
        """Return the calls of `F.dropout` that are not those of a dropout module."""
        traced = trace(program.model, a_batch(program)[0])
        return [
            call
            for call in traced.calls
            if call.function in DROPOUTS
            and not isinstance(call.module, _DropoutNd)
            and self._concerns(_p_of(call))
        ]


@dataclass(frozen=True)
class InsertDropout:
    """Drop a fraction of the hidden units while training.

    Attributes:
        p: The fraction.

    Reference:
        Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from
        Overfitting", 2014.
    """

    cause: ClassVar[Cause] = "overfitting"
    p: float = 0.3

    def apply(self, program: Program) -> Program:
        """Return the program with dropout behind each hidden activation."""
        if any(isinstance(module, _DropoutNd) for module in program.model.modules()):
            raise RemedyDoesNotFit("the model has dropout already")
        places = hidden_activations(trace(program.model, a_batch(program)[0]))
        if not places:
            raise RemedyDoesNotFit(
                "no hidden activation was found that dropout could follow"
            )
        rules = {place.key: partial(_then_dropped, p=self.p) for place in places}
        return replace(program, model=Redirected(program.model, rules))

    def describe(self) -> str:
        """Return what changes."""
        return f"Insert dropout of {self.p:g} behind the hidden activations."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return f"nn.ReLU(),\nnn.Dropout({self.p:g}),  # behind each hidden activation"


@dataclass(frozen=True)
class SetWeightDecay:
    """Give all parameter groups another weight decay.

    Attributes:
        weight_decay: At least 0.
    """

    cause: ClassVar[Cause] = "regularization"
    weight_decay: float = 0.0

    def apply(self, program: Program) -> Program:
        """Return the program with the new decay."""
        groups = program.optimizer.param_groups
        if any("weight_decay" not in group for group in groups):
            name = type(program.optimizer).__name__
            raise RemedyDoesNotFit(f"{name} has no weight decay")
        if all(group["weight_decay"] == self.weight_decay for group in groups):
            raise RemedyDoesNotFit(f"the weight decay is {self.weight_decay:g} already")
        for group in groups:
            group["weight_decay"] = self.weight_decay
        return program

    def describe(self) -> str:
        """Return what changes."""
        if self.weight_decay == 0:
            return "Remove the weight decay."
        return f"Set the weight decay to {self.weight_decay:.3g}."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "for group in optimizer.param_groups:\n"
            f'    group["weight_decay"] = {self.weight_decay:.3g}'
        )


def _p_of(call: Call) -> float:
    """Return the fraction that a call of a dropout function drops."""
    rest = [value for value in call.positional[1:2] if isinstance(value, (int, float))]
    return float(call.named.get("p", rest[0] if rest else 0.5))


def _dropped(
    function: Any,
    args: tuple[Any, ...],
    named: dict[str, Any],
    _: bool,
    *,
    p: float,
) -> Any:
    if len(args) > 1:
        return function(args[0], p, *args[2:], **named)
    return function(*args, **{**named, "p": p})


def _then_dropped(
    function: Any,
    args: tuple[Any, ...],
    named: dict[str, Any],
    is_training: bool,
    *,
    p: float,
) -> Any:
    return F.dropout(function(*args, **named), p, training=is_training)
