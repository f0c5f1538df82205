"""Remedies that write targets as the loss expects them."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import Tensor

from headway.doctor.finding import Cause
from headway.doctor.program import MetricFn, Program, first_tensor
from headway.doctor.remedies.losses import check_loss
from headway.doctor.remedies.mapping import with_targets
from headway.doctor.remedies.samples import all_targets
from headway.errors import RemedyDoesNotFit

LabelChange = Literal[
    "from_zero",
    "consecutive",
    "zero_one",
    "ids_of_one_hot",
    "whole",
    "float",
    "flat",
    "standardized",
]

# What torch's losses leave out unless they are told otherwise.
_IGNORED = -100

_SENTENCES: dict[str, str] = {
    "from_zero": "Count the classes from 0.",
    "consecutive": "Number the classes 0, 1, 2 and so on without gaps.",
    "zero_one": "Write the two kinds of targets as 0 and 1.",
    "ids_of_one_hot": "Give the loss class numbers instead of one-hot rows.",
    "whole": "Give the loss class numbers of type int64.",
    "float": "Give the loss targets of a floating-point type.",
    "flat": "Remove the last dimension of the targets, which is 1.",
    "standardized": "Standardize the targets, and undo it in what the network says.",
}
_CODE: dict[str, str] = {
    "from_zero": "targets = targets - targets.min()  # of the whole training set",
    "consecutive": "classes, targets = targets.unique(return_inverse=True)  # of all targets",
    "zero_one": "targets = (targets > targets.min()).float()  # of the whole training set",
    "ids_of_one_hot": "targets = targets.argmax(dim=-1)",
    "whole": "targets = targets.long()",
    "float": "targets = targets.float()",
    "flat": "targets = targets.squeeze(-1)",
    "standardized": (
        "mean, std = y_train.mean(), y_train.std()\n"
        "targets = (targets - mean) / std  # and output * std + mean for a prediction"
    ),
}


@dataclass(frozen=True)
class FixLabels:
    """Write the targets in another way, in training and in validation.

    Attributes:
        change: "from_zero" shifts class numbers so that the lowest is 0; "consecutive" also
            closes gaps; "zero_one" for two kinds, such as -1 and 1 or 0 and 255;
            "ids_of_one_hot"; "whole" and "float" change the type; "flat" removes a last
            dimension of 1; "standardized" gives values mean 0 and deviation 1, of which the
            program's own metric is told in the old numbers.
    """

    cause: ClassVar[Cause] = "label_encoding"
    change: LabelChange

    def __post_init__(self) -> None:
        if self.change not in get_args(LabelChange):
            known = ", ".join(get_args(LabelChange))
            raise ValueError(f"unknown change {self.change!r}; known: {known}")

    def apply(self, program: Program) -> Program:
        """Return the program with other targets."""
        targets = all_targets(program)
        relabel = Relabel(self.change, _known_classes(self.change, targets))
        self._check(targets, relabel)
        if self.change == "standardized" and callable(program.metric):
            program = replace(
                program, metric=_InOldNumbers(program.metric, relabel.classes)
            )
        changed = with_targets(program, relabel)
        if _has_loss(program) and not _has_loss(changed):
            raise RemedyDoesNotFit("the loss does not take targets that are written so")
        return changed

    def describe(self) -> str:
        """Return what changes."""
        return _SENTENCES[self.change]

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return _CODE[self.change]

    def _check(self, targets: Tensor, relabel: "Relabel") -> None:
        try:
            _, new = relabel(None, targets)
        except (RuntimeError, IndexError) as error:
            raise RemedyDoesNotFit(f"the targets cannot be changed so: {error}") from error
        same_type = new.dtype == targets.dtype and new.shape == targets.shape
        if same_type and torch.equal(new, targets):
            raise RemedyDoesNotFit("the targets are written so already")


@dataclass(frozen=True)
class Relabel:
    """A change of the targets of a batch.

    Attributes:
        change: See `FixLabels`.
        classes: Class numbers that the training data have, in order, where they matter; mean
            and deviation for "standardized".
    """

    change: LabelChange
    classes: tuple[float, ...] = ()

    def __call__(self, inputs: Any, targets: Any) -> tuple[Any, Any]:
        """Return the batch with other targets."""
        if isinstance(targets, Tensor):
            return inputs, self._changed(targets)
        first = first_tensor(targets)
        if isinstance(targets, dict):
            new = {k: self._changed(v) if v is first else v for k, v in targets.items()}
            return inputs, new
        return inputs, tuple(self._changed(v) if v is first else v for v in targets)

    def _changed(self, targets: Tensor) -> Tensor:
        match self.change:
            case "from_zero":
                return (targets - self.classes[0]).to(targets.dtype)
            case "consecutive":
                known = torch.tensor(self.classes, device=targets.device)
                return torch.searchsorted(known, targets.to(known.dtype)).to(targets.dtype)
            case "zero_one":
                return (targets > self.classes[0]).float()
            case "ids_of_one_hot":
                return targets.argmax(dim=-1)
            case "whole":
                return targets.long()
            case "float":
                return targets.float()
            case "flat":
                return targets.squeeze(-1)
            case "standardized":
                mean, std = self.classes
                return (targets - mean) / std


@dataclass(frozen=True)
class _InOldNumbers:
    """A metric of values before they were standardized."""

    metric: MetricFn
    numbers: tuple[float, ...]

    def __call__(self, outputs: Any, targets: Any) -> float:
        mean, std = self.numbers
        if not (isinstance(outputs, Tensor) and isinstance(targets, Tensor)):
            raise TypeError("only single tensors can be taken back to their old numbers")
        return self.metric(outputs * std + mean, targets * std + mean)


def _has_loss(program: Program) -> bool:
    """Whether the loss is a number for the program's own outputs and targets."""
    try:
        check_loss(program)
    except RemedyDoesNotFit:
        return False
    return True


def _known_classes(change: LabelChange, targets: Tensor) -> tuple[float, ...]:
    if change == "standardized":
        known = targets[targets.isfinite()].double()
        return float(known.mean()), max(float(known.std()), 1e-12)
    if change not in ("from_zero", "consecutive", "zero_one"):
        return ()
    targets = targets[targets != _IGNORED]
    if change != "consecutive":
        return (targets.min().item(),)
    return tuple(targets.unique().tolist())
