"""Dropout that is on while training and off otherwise."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.remedies.redirecting import Redirected
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.torch_names import DROPOUTS
from headway.doctor.remedies.tracing import Call, trace
from headway.errors import RemedyDoesNotFit


@dataclass(frozen=True)
class DropoutFollowsMode:
    """Switch functional dropout off in evaluation, and on in training."""

    cause: ClassVar[Cause] = "train_eval_mode"

    def apply(self, program: Program) -> Program:
        """Return the program whose dropout functions follow the model's mode."""
        traced = trace(program.model, a_batch(program)[0])
        calls = [
            call for call in traced.calls if call.function in DROPOUTS and _is_on(call)
        ]
        if not calls:
            raise RemedyDoesNotFit("no dropout is on while the model is evaluated")
        rules = {call.key: _by_mode for call in calls}
        return replace(program, model=Redirected(program.model, rules))

    def describe(self) -> str:
        """Return what changes."""
        return "Switch dropout off while the model is evaluated."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return "x = F.dropout(x, p, training=self.training)"


def _is_on(call: Call) -> bool:
    """Return whether a call drops units; the model was traced in evaluation mode."""
    positional = call.positional[2] if len(call.positional) > 2 else True
    return bool(call.named.get("training", positional))


def _by_mode(
    function: Any, args: tuple[Any, ...], named: dict[str, Any], is_training: bool
) -> Any:
    return function(*args[:2], **{**named, "training": is_training})
