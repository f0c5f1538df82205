"""Remedies for what stands between the last layer and the loss."""

import copy
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, get_args

from torch import nn

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.remedies.redirecting import Redirected, Rule
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.tracing import Call, Trace, head_of, trace
from headway.doctor.remedies.wrapping import Followed, replace_module
from headway.errors import RemedyDoesNotFit

HeadName = Literal["sigmoid", "softmax", "log_softmax", "tanh"]

_HEADS: dict[str, type[nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "softmax": nn.Softmax,
    "log_softmax": nn.LogSoftmax,
    "tanh": nn.Tanh,
}


@dataclass(frozen=True)
class RemoveHead:
    """Take the activation behind the last layer away, be it a module or a function.

    Attributes:
        name: What it is called, for the words alone; the last one is found anyway.
    """

    cause: ClassVar[Cause] = "output_activation"
    name: str = ""

    def apply(self, program: Program) -> Program:
        """Return the program with a model that ends in its last layer."""
        traced = trace(program.model, a_batch(program)[0])
        head = head_of(traced)
        if head is None:
            raise RemedyDoesNotFit("the model ends in a layer, without an activation")
        return replace(
            program, model=exchange(program.model, traced, [head], nn.Identity())
        )

    def describe(self) -> str:
        """Return what changes."""
        return f"Remove the {self.name or 'activation'} behind the last layer."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        name = self.name or "activation"
        return f"return x  # at the end of forward, without {name}(x)"


@dataclass(frozen=True)
class AddHead:
    """Put an activation behind the last layer.

    Attributes:
        name: The activation.
    """

    cause: ClassVar[Cause] = "output_activation"
    name: HeadName = "sigmoid"

    def __post_init__(self) -> None:
        if self.name not in get_args(HeadName):
            raise ValueError(
                f"unknown head {self.name!r}; known: {', '.join(get_args(HeadName))}"
            )

    def apply(self, program: Program) -> Program:
        """Return the program with a model that ends in the activation."""
        head = head_of(trace(program.model, a_batch(program)[0]))
        if head is not None and head.function == self.name:
            raise RemedyDoesNotFit(f"the model ends in {self.name} already")
        return replace(program, model=Followed(program.model, self._make()))

    def describe(self) -> str:
        """Return what changes."""
        return f"Put a {self.name} behind the last layer."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        axis = "dim=-1" if "softmax" in self.name else ""
        return f"model = nn.Sequential(model, nn.{_HEADS[self.name].__name__}({axis}))"

    def _make(self) -> nn.Module:
        if self.name == "softmax":
            return nn.Softmax(dim=-1)
        return nn.LogSoftmax(dim=-1) if self.name == "log_softmax" else _HEADS[self.name]()


def exchange(
    model: nn.Module, traced: Trace, calls: list[Call], new: nn.Module
) -> nn.Module:
    """Return the model with activations exchanged for others.

    A module whose calls are all meant is replaced; for others the call itself is redirected.
    """
    meant = set(calls)
    rules: dict[Any, Rule] = {}
    for call in calls:
        own = {other for other in traced.calls if other.module is call.module}
        if own <= meant and _is_plain(call.module):
            fresh = copy.deepcopy(new).train(call.module.training)
            model = replace_module(model, call.module, fresh)
        else:
            rules[call.key] = Instead(new)
    return Redirected(model, rules) if rules else model


@dataclass(frozen=True)
class Instead:
    """A rule that applies a module to what a function would have got.

    Attributes:
        new: The module.
    """

    new: nn.Module

    def __call__(
        self, _: Any, args: tuple[Any, ...], named: dict[str, Any], __: bool
    ) -> Any:
        """Return the module's answer."""
        return self.new(args[0] if args else named["input"])


def _is_plain(module: nn.Module) -> bool:
    """Return whether a module is one of torch's own activations."""
    return type(module).__module__ == "torch.nn.modules.activation"
