"""Another loss, which reads targets however they are written."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from headway.doctor.finding import Cause
from headway.doctor.program import (
    Program,
    call_model,
    first_tensor,
    main_output,
    with_main,
)
from headway.doctor.remedies.samples import a_batch
from headway.errors import RemedyDoesNotFit
from headway.measure.probe import evaluating

LossName = Literal["cross_entropy", "nll", "bce_with_logits", "bce", "mse", "smooth_l1"]

_CODE: dict[str, str] = {
    "cross_entropy": "loss_fn = nn.CrossEntropyLoss()  # logits (N, C), targets int64 (N,)",
    "nll": "loss_fn = nn.NLLLoss()  # log-probabilities (N, C), targets int64 (N,)",
    "bce_with_logits": "loss_fn = nn.BCEWithLogitsLoss()  # logits, float targets",
    "bce": "loss_fn = nn.BCELoss()  # probabilities, float targets",
    "mse": "loss_fn = nn.MSELoss()  # outputs and targets of one shape",
    "smooth_l1": "loss_fn = nn.SmoothL1Loss()  # outputs and targets of one shape",
}
_NAMES: dict[str, str] = {
    "cross_entropy": "cross-entropy on logits",
    "nll": "the negative log-likelihood",
    "bce_with_logits": "binary cross-entropy on logits",
    "bce": "binary cross-entropy on probabilities",
    "mse": "the mean squared error",
    "smooth_l1": "the smooth L1 loss",
}


@dataclass(frozen=True)
class ReplaceLoss:
    """Train by another loss, with targets written as it expects them.

    Attributes:
        name: The loss, in torch's word.
    """

    cause: ClassVar[Cause] = "loss_mismatch"
    name: LossName

    def __post_init__(self) -> None:
        if self.name not in get_args(LossName):
            raise ValueError(
                f"unknown loss {self.name!r}; known: {', '.join(get_args(LossName))}"
            )

    def apply(self, program: Program) -> Program:
        """Return the program with the new loss."""
        changed = replace(program, loss_fn=LOSSES[self.name]())
        check_loss(changed)
        if _reads_others(program):
            raise RemedyDoesNotFit("the loss is about other outputs of the network too")
        if _is_same(program, changed):
            raise RemedyDoesNotFit(f"the program trains by it already: {self.name}")
        return changed

    def describe(self) -> str:
        """Return what changes."""
        return f"Replace the loss by {_NAMES[self.name]}."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return _CODE[self.name]


def check_loss(program: Program) -> None:
    """Refuse a program whose loss is no finite number of its own outputs and targets.

    Raises:
        RemedyDoesNotFit: With what the loss said.
    """
    inputs, targets = a_batch(program)
    with evaluating(program.model):
        outputs = call_model(program.model, inputs)
        try:
            loss = program.loss_fn(outputs, targets)
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            raise RemedyDoesNotFit(
                f"the loss does not take these outputs and targets: {error}"
            ) from error
    if loss.numel() != 1 or not math.isfinite(float(loss)):
        raise RemedyDoesNotFit(f"the loss of these outputs and targets would be {loss}")


def _reads_others(program: Program) -> bool:
    """Return whether the loss depends on other outputs than the main one.

    The spread of an answer or the code of an autoencoder is a part of what is learned.
    """
    inputs, targets = a_batch(program)
    with evaluating(program.model):
        outputs = call_model(program.model, inputs)
        if isinstance(outputs, Tensor):
            return False
        others = with_main(_enlarged(outputs), main_output(outputs))
        try:
            given, changed = (program.loss_fn(o, targets) for o in (outputs, others))
        except (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError):
            return False
    return bool((given != changed).any())


def _enlarged(outputs: Any) -> Any:
    """Return outputs of any structure with other numbers of the same signs."""
    if isinstance(outputs, Tensor):
        return outputs * 1.5 if outputs.is_floating_point() else outputs
    if isinstance(outputs, Mapping):
        return {name: _enlarged(value) for name, value in outputs.items()}
    if isinstance(outputs, (tuple, list)) and not hasattr(outputs, "_fields"):
        return tuple(_enlarged(value) for value in outputs)
    return outputs


def _is_same(program: Program, other: Program) -> bool:
    """Return whether the losses of two programs have one gradient on a batch."""
    inputs, targets = a_batch(program)
    with evaluating(program.model):
        output = main_output(call_model(program.model, inputs)).detach()
    gradients: list[Tensor] = []
    for loss_fn in (program.loss_fn, other.loss_fn):
        leaf = output.clone().requires_grad_()
        try:
            (gradient,) = torch.autograd.grad(loss_fn(leaf, targets).sum(), leaf)
        except (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError):
            return False
        gradients.append(gradient)
    return torch.allclose(gradients[0], gradients[1])


class CrossEntropy(nn.CrossEntropyLoss):
    """Cross-entropy of logits, whether targets are ids, a column, one-hot or probabilities."""

    def forward(self, input: Any, target: Any) -> Tensor:
        """Return the mean loss."""
        return super().forward(*_classes(input, target))


class NLL(nn.NLLLoss):
    """Negative log-likelihood, whether targets are ids, a column or one-hot."""

    def forward(self, input: Any, target: Any) -> Tensor:
        """Return the mean loss."""
        output, ids = _classes(input, target)
        return super().forward(output, ids.argmax(1) if ids.is_floating_point() else ids)


class BCEWithLogits(nn.BCEWithLogitsLoss):
    """Binary cross-entropy of logits, with targets of any type and of as many values."""

    def forward(self, input: Any, target: Any) -> Tensor:
        """Return the mean loss."""
        return super().forward(*_values(input, target))


class BCE(nn.BCELoss):
    """Binary cross-entropy of probabilities, with targets of any type."""

    def forward(self, input: Any, target: Any) -> Tensor:
        """Return the mean loss."""
        return super().forward(*_values(input, target))


class MSE(nn.MSELoss):
    """Mean squared error, with targets of as many values as outputs."""

    def forward(self, input: Any, target: Any) -> Tensor:
        """Return the mean loss."""
        return super().forward(*_values(input, target))


class SmoothL1(nn.SmoothL1Loss):
    """Smooth L1 loss, with targets of as many values as outputs."""

    def forward(self, input: Any, target: Any) -> Tensor:
        """Return the mean loss."""
        return super().forward(*_values(input, target))


LOSSES: dict[str, Callable[[], nn.Module]] = {
    "cross_entropy": CrossEntropy,
    "nll": NLL,
    "bce_with_logits": BCEWithLogits,
    "bce": BCE,
    "mse": MSE,
    "smooth_l1": SmoothL1,
}


def _classes(outputs: Any, targets: Any) -> tuple[Tensor, Tensor]:
    """Return logits with classes in axis 1, and ids or probabilities that fit them."""
    output, target = main_output(outputs), first_tensor(targets)
    if output.dim() < 2 or output.shape[-1] == 1:
        raise ValueError(f"no classes in outputs of shape {tuple(output.shape)}")
    if target.shape == output.shape:
        if target.dim() > 2:
            output, target = output.movedim(-1, 1), target.movedim(-1, 1)
        return output, target.to(output.dtype)
    if target.dim() == output.dim() and target.shape[-1] == 1:
        target = target.squeeze(-1)
    elif target.dim() == output.dim() and target.shape[1] == 1:
        target = target.squeeze(1)
    if output.dim() > 2 and output.shape[2:] != target.shape[1:]:
        output = output.movedim(-1, 1)
    return output, target.long()


def _values(outputs: Any, targets: Any) -> tuple[Tensor, Tensor]:
    """Return outputs, and targets of their shape and type."""
    output, target = main_output(outputs), first_tensor(targets)
    if output.numel() == target.numel():
        return output, target.reshape(output.shape).to(output.dtype)
    if output.dim() == target.dim() + 1 and not target.is_floating_point():
        return output, F.one_hot(target, output.shape[-1]).to(output.dtype)
    raise ValueError(
        f"outputs of shape {tuple(output.shape)} and targets of shape {tuple(target.shape)}"
    )
