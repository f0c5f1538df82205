"""Remedies for what stands between the layers: no activation, or one that shrinks signals."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, get_args

from torch import nn

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.remedies.heads import exchange
from headway.doctor.remedies.redirecting import Redirected
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.torch_names import ATTENTION, NORMS, PASSIVE, RECURRENT
from headway.doctor.remedies.tracing import Call, Trace, hidden_activations, trace
from headway.errors import RemedyDoesNotFit

ActivationName = Literal["relu", "leaky_relu", "gelu", "selu", "tanh"]

_MODULES: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "gelu": nn.GELU,
    "selu": nn.SELU,
    "tanh": nn.Tanh,
}


@dataclass(frozen=True)
class SwapActivation:
    """Use another activation between the layers, be they modules or functions.

    The last one stays, and so do those of gates, attention and recurrent cells.

    Attributes:
        to: The new activation.
    """

    cause: ClassVar[Cause] = "hidden_activation"
    to: ActivationName = "relu"

    def __post_init__(self) -> None:
        _check_name(self.to)

    def apply(self, program: Program) -> Program:
        """Return the program with the other activation."""
        traced = trace(program.model, a_batch(program)[0])
        calls = [call for call in hidden_activations(traced) if call.function != self.to]
        if not calls:
            raise RemedyDoesNotFit(
                f"no hidden activation other than {self.to} was found between the layers"
            )
        new = _MODULES[self.to]()
        return replace(program, model=exchange(program.model, traced, calls, new))

    def describe(self) -> str:
        """Return what changes."""
        return f"Use {_MODULES[self.to].__name__} as the activation between the layers."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        name = _MODULES[self.to].__name__
        return (
            f"nn.{name}()  # between the layers, not behind the last one\n"
            f"# in forward: x = F.{self.to}(self.layer(x))"
        )


@dataclass(frozen=True)
class InsertActivation:
    """Put an activation between layers that follow each other without one.

    Attributes:
        name: The activation.
    """

    cause: ClassVar[Cause] = "hidden_activation"
    name: ActivationName = "relu"

    def __post_init__(self) -> None:
        _check_name(self.name)

    def apply(self, program: Program) -> Program:
        """Return the program with an activation between its layers."""
        traced = trace(program.model, a_batch(program)[0])
        calls = [call for call in traced.calls if _is_bare(traced, call)]
        if not calls:
            raise RemedyDoesNotFit("no two layers follow each other without an activation")
        activation = _MODULES[self.name]()
        rules = {_behind_norm(traced, call).key: Then(activation) for call in calls}
        return replace(program, model=Redirected(program.model, rules))

    def describe(self) -> str:
        """Return what changes."""
        return f"Put {_MODULES[self.name].__name__} between the layers."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            f"nn.{_MODULES[self.name].__name__}(),  # behind each layer but the last\n"
            f"# in forward: x = F.{self.name}(self.layer(x))"
        )


@dataclass(frozen=True)
class Then:
    """A rule that applies a module to what a function returned.

    Attributes:
        module: The module.
    """

    module: nn.Module

    def __call__(
        self, function: Any, args: tuple[Any, ...], named: dict[str, Any], _: bool
    ) -> Any:
        """Return the module's answer to the function's."""
        return self.module(function(*args, **named))


def _check_name(name: str) -> None:
    if name not in get_args(ActivationName):
        known = ", ".join(get_args(ActivationName))
        raise ValueError(f"unknown activation {name!r}; known: {known}")


def _is_bare(traced: Trace, call: Call) -> bool:
    """Return whether layers follow a layer with nothing between them that bends the signal."""
    if not traced.is_weighted(call) or call.function in RECURRENT | ATTENTION:
        return False
    users = traced.nearest_users(call)
    return (
        bool(users)
        and all(traced.is_weighted(user) for user in users)
        and not traced.is_factor(call)
        and not traced.is_repeated(call)
    )


def _behind_norm(traced: Trace, call: Call) -> Call:
    """Return the last norm that follows a layer directly, or the sum with its bias."""
    last = call
    users = traced.users(call)
    while len(users) == 1 and traced.passes(users[0]):
        if users[0].function in NORMS or users[0].function not in PASSIVE:
            last = users[0]
        users = traced.users(users[0])
    return last
