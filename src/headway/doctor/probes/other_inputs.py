"""What the trained network answers to validation inputs that are prepared in another way."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.probes.baselines import gather
from headway.doctor.program import Program
from headway.doctor.scoring import score
from headway.doctor.training import Course

# Samples that give mean and deviation, and that are answered.
_MEASURED, _ANSWERED = 512, 512
# A program that does about as well on new samples has nothing to explain.
_GAP = 0.05
# Inputs whose numbers are so much alike are prepared alike, as a share of a deviation.
_ALIKE = 0.1
_COLORS = 3

Change = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class OtherInputs:
    """Accuracy or R2 of the trained network on the same validation samples.

    Attributes:
        own: As they are.
        changed: By what is done to the inputs.
    """

    own: float = math.nan
    changed: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def best(self) -> str:
        """The change with the best answers, "" where none was tried."""
        return max(self.changed, key=lambda name: self.changed[name], default="")


def probe_other_inputs(evidence: Evidence, budget: Budget) -> OtherInputs | None:
    """Ask the trained network again; None where it has learned nothing that it could lose."""
    del budget
    course = evidence.course
    if course is None or course.program.val is None or not _has_gap(course):
        return None
    program = course.program
    train, _ = gather(program.train, _MEASURED)
    val, _ = gather(course.program.val, _MEASURED)
    if not (isinstance(train, Tensor) and isinstance(val, Tensor)):
        return None
    if not train.is_floating_point() or train.shape[1:] != val.shape[1:]:
        return None
    return OtherInputs(
        own=_score(program, lambda x: x),
        changed={name: _score(program, c) for name, c in _changes(train, val).items()},
    )


def _has_gap(course: Course) -> bool:
    last = course.last
    return last.val is not None and last.train.standard - last.val.standard > _GAP


def _score(program: Program, change: Change) -> float:
    assert program.val is not None

    def changed(inputs: Any, targets: Any) -> Any:
        return change(inputs).to(inputs.dtype), targets

    return score(program, program.val.mapped(changed), samples=_ANSWERED).standard


def _changes(train: Tensor, val: Tensor) -> dict[str, Change]:
    """Return what another preparation might have done, where the inputs allow it."""
    changes: dict[str, Change] = {}
    # Channels or columns have numbers of their own.
    dims = [d for d in range(val.dim()) if d != 1]
    std, mean = torch.std_mean(train.float(), dim=dims, keepdim=True)
    other_std, other_mean = torch.std_mean(val.float(), dim=dims, keepdim=True)
    scale = std.clamp(min=1e-12) / other_std.clamp(min=1e-12)
    scale = torch.where((std > 0) & (other_std > 0), scale, torch.ones_like(scale))
    apart = ((mean - other_mean).abs() / std.clamp(min=1e-12)).median()
    if float(scale.log().abs().median()) > _ALIKE or float(apart) > _ALIKE:
        name = "brought to the mean and the deviation of the training inputs"
        changes[name] = lambda x: (x - other_mean) * scale + mean
    if val.dim() > 2:
        low, high = float(val.min()), float(val.max())
        changes["inverted, dark for light"] = lambda x: low + high - x
        if val.shape[-1] == val.shape[-2] > 1:
            changes["transposed, rows for columns"] = lambda x: x.transpose(-1, -2)
    if val.dim() == 4 and val.shape[1] == _COLORS:
        changes["given the channels in reverse, as BGR and RGB"] = lambda x: x.flip(1)
    return changes
