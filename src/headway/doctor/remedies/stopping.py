"""Keep the weights of the best epoch."""

import copy
import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from headway.doctor.finding import Cause
from headway.doctor.program import LossFn, Program, usual_step
from headway.doctor.scoring import score
from headway.errors import RemedyDoesNotFit


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when the validation loss has not fallen for some epochs; keep the best weights.

    Attributes:
        patience: Epochs without a lower loss before training stops.

    Reference:
        Prechelt, "Early Stopping - But When?", 1998.
    """

    cause: ClassVar[Cause] = "overfitting"
    patience: int = 5

    def apply(self, program: Program) -> Program:
        """Return the program with steps that do nothing once it has stopped."""
        if program.val is None:
            raise RemedyDoesNotFit("there are no validation data to stop by")
        return replace(program, step=_UntilBest(program, self.patience))

    def describe(self) -> str:
        """Return what changes."""
        return (
            f"Stop after {self.patience} epochs without a lower validation loss, and keep "
            "the best weights."
        )

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            'best, wait = float("inf"), 0\n'
            "for epoch in range(epochs):\n"
            "    ...  # train, then compute val_loss\n"
            "    if val_loss < best:\n"
            "        best, wait = val_loss, 0\n"
            "        weights = copy.deepcopy(model.state_dict())\n"
            f"    elif (wait := wait + 1) >= {self.patience}:\n"
            "        break\n"
            "model.load_state_dict(weights)"
        )


class _UntilBest:
    """A step that looks at the validation loss each epoch, and ends with the best weights."""

    def __init__(self, program: Program, patience: int) -> None:
        self._program = program
        self._inner = program.step or usual_step
        self._patience = patience
        self._per_epoch = program.train.num_batches
        self._done = self._waited = 0
        self._best = math.inf
        self._weights: dict[str, Any] | None = None
        self._last = torch.zeros(())

    def __call__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        loss_fn: LossFn,
        inputs: Any,
        targets: Any,
    ) -> Tensor:
        if self._waited >= self._patience:
            return self._last
        self._last = self._inner(model, optimizer, loss_fn, inputs, targets)
        self._done += 1
        if self._done % self._per_epoch == 0:
            self._judge(model, loss_fn)
        return self._last

    def _judge(self, model: nn.Module, loss_fn: LossFn) -> None:
        assert self._program.val is not None
        looked_at = replace(self._program, model=model, loss_fn=loss_fn)
        loss = score(looked_at, self._program.val).loss
        if loss < self._best:
            self._best, self._waited = loss, 0
            self._weights = copy.deepcopy(model.state_dict())
        else:
            self._waited += 1
        is_over = self._done == self._per_epoch * self._program.epochs
        if self._weights is not None and (is_over or self._waited >= self._patience):
            model.load_state_dict(self._weights)
