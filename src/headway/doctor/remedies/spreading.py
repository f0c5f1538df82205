"""Start parts of a parameter from different values, where all of them are one and the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import Tensor, nn

from headway.doctor.finding import Cause
from headway.doctor.program import Program, first_tensor
from headway.doctor.remedies.drawing import drawing
from headway.doctor.remedies.samples import samples
from headway.errors import RemedyDoesNotFit

StartFrom = Literal["samples", "random"]


@dataclass(frozen=True)
class SpreadParts:
    """Start components, factors and the like that are equal from different values.

    It is for parameters that belong to no layer of torch, which `Reinitialize` draws.

    Attributes:
        start: "samples" puts each part, such as a center, on a training sample of its own;
            "random" adds normal noise to all parts.
        name: Of the parameter in the snippet alone; equal ones are found anyway.
    """

    cause: ClassVar[Cause] = "init"
    start: StartFrom = "random"
    name: str = ""

    def __post_init__(self) -> None:
        if self.start not in get_args(StartFrom):
            known = ", ".join(get_args(StartFrom))
            raise ValueError(f"unknown start {self.start!r}; known: {known}")

    def apply(self, program: Program) -> Program:
        """Return the program whose parts start different."""
        equal = list(equal_parameters(program.model))
        if not equal:
            raise RemedyDoesNotFit("no parameter outside the layers has equal parts")
        with drawing(program), torch.no_grad():
            if self.start == "samples":
                _put_on_samples_(equal, program)
            else:
                for parameter in equal:
                    std = parameter.shape[-1] ** -0.5
                    parameter.add_(torch.randn_like(parameter) * std)
        return program

    def describe(self) -> str:
        """Return what changes."""
        where = "from random values" if self.start == "random" else "from training samples"
        return f"Start the parts of {self.name or 'the parameter'} {where}, each its own."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        name = f"model.{self.name or 'centers'}"
        if self.start == "random":
            return f"nn.init.normal_({name}, std={name}.shape[-1] ** -0.5)"
        return f"{name}.data = x_train[torch.randperm(len(x_train))[: len({name})]].clone()"


def equal_parameters(model: nn.Module) -> Iterator[nn.Parameter]:
    """Yield the matrices outside the layers of torch whose rows or columns are all equal."""
    for module in model.modules():
        if type(module).__module__.startswith("torch."):
            continue
        for parameter in module.parameters(recurse=False):
            is_matrix = parameter.dim() > 1 and parameter.is_floating_point()
            if is_matrix and parameter.requires_grad and _has_equal_parts(parameter):
                yield parameter


def _has_equal_parts(values: Tensor) -> bool:
    return any(
        size > 1 and bool((values == values.narrow(axis, 0, 1)).all())
        for axis, size in enumerate(values.shape)
    )


def _put_on_samples_(equal: list[nn.Parameter], program: Program) -> None:
    """Give parameters with a row for each part, as wide as a sample, the rows of samples."""
    known: Any = torch.cat([first_tensor(inputs) for inputs, _ in samples(program)])
    width = known.shape[-1]
    fitting = [p for p in equal if p.dim() == 2 and p.shape[1] == width]
    if known.dim() != 2 or not known.is_floating_point() or not fitting:
        raise RemedyDoesNotFit("no parameter has equal rows as wide as a sample")
    centers = fitting[0]
    if len(centers) > len(known):
        raise RemedyDoesNotFit(f"there are fewer samples than {len(centers)} parts")
    centers.copy_(known[torch.randperm(len(known))[: len(centers)]])
