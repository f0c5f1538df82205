"""Remedies that set how long, and with which course of the rate, a program trains."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from torch.optim.lr_scheduler import CosineAnnealingLR

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.remedies.following import (
    hold_rates_,
    peak_lr,
    set_rates_,
    without_schedule,
)
from headway.errors import RemedyDoesNotFit


@dataclass(frozen=True)
class SetEpochs:
    """Pass over the training data another number of times.

    Attributes:
        epochs: Passes, at least 1.
    """

    cause: ClassVar[Cause] = "epochs_few"
    epochs: int

    def apply(self, program: Program) -> Program:
        """Return the program with more or fewer epochs."""
        if program.epochs == self.epochs:
            raise RemedyDoesNotFit(f"the program trains for {self.epochs} epochs already")
        return replace(program, epochs=self.epochs)

    def describe(self) -> str:
        """Return what changes."""
        return f"Train for {self.epochs} epochs."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return f"for epoch in range({self.epochs}):"


@dataclass(frozen=True)
class SetSchedule:
    """Give the learning rate another course.

    Attributes:
        name: "cosine", from its largest value to near zero, or "constant".
    """

    cause: ClassVar[Cause] = "lr_high"
    name: Literal["cosine", "constant"] = "cosine"

    def apply(self, program: Program) -> Program:
        """Return the program with the new schedule instead of its old one."""
        if self.name == "constant" and program.scheduler is None:
            if program.step is not None:
                hold_rates_(program)
                return program
            raise RemedyDoesNotFit("the learning rate is constant already")
        lr = peak_lr(program)
        program = without_schedule(program)
        set_rates_(program, lr)
        if self.name == "constant":
            return program
        # Stepped after each epoch; the last epoch still moves.
        schedule = CosineAnnealingLR(program.optimizer, T_max=program.epochs)
        return replace(program, scheduler=schedule)

    def describe(self) -> str:
        """Return what changes."""
        if self.name == "constant":
            return "Keep the learning rate constant."
        return "Let the learning rate fall along a cosine."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        if self.name == "constant":
            return "# delete the scheduler and its scheduler.step()"
        return (
            "scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)\n"
            "# after each epoch:\n"
            "scheduler.step()"
        )
