"""A remedy for labels that hold for few samples each."""

import copy
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from headway.doctor.finding import Cause
from headway.doctor.program import Program, call_model, main_output
from headway.doctor.remedies.losses import BCE, BCEWithLogits, check_loss
from headway.doctor.remedies.samples import a_batch, all_targets
from headway.errors import RemedyDoesNotFit
from headway.measure.probe import device_of, evaluating


@dataclass(frozen=True)
class LabelWeights:
    """Let the yes of each of several labels count more where it is rare.

    Its weight is the square root of how many times as often the label does not hold: with
    the whole of that, rare labels are said of nearly everything.
    """

    cause: ClassVar[Cause] = "class_imbalance"

    def apply(self, program: Program) -> Program:
        """Return the program whose loss weighs the yes of each label."""
        weights = _weights(program).to(device_of(program.model))
        changed = replace(program, loss_fn=_weighted(program.loss_fn, weights))
        check_loss(changed)
        return changed

    def describe(self) -> str:
        """Return what changes."""
        return "Weigh the yes of each label in the loss by how rare it is."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "holds = y_train.float().mean(dim=0)\n"
            "pos_weight = ((1 - holds) / holds.clamp(min=1e-4)).sqrt().clamp(min=1)\n"
            "loss_fn = nn.BCEWithLogitsLoss(pos_weight=pos_weight)"
        )


class _WeightedBCE(BCE):
    """Binary cross-entropy of probabilities in which a yes counts more."""

    def __init__(self, pos_weight: Tensor) -> None:
        super().__init__(reduction="none")
        self.pos_weight = pos_weight

    def forward(self, input: Any, target: Any) -> Tensor:
        """Return the mean loss."""
        weights = torch.where(target > 0.5, self.pos_weight, 1.0)
        return (super().forward(input, target) * weights).mean()


def _weights(program: Program) -> Tensor:
    targets = all_targets(program)
    inputs, _ = a_batch(program)
    with evaluating(program.model):
        output = main_output(call_model(program.model, inputs))
    is_bits = bool(((targets == 0) | (targets == 1)).all())
    is_labels = targets.dim() == 2 and targets.shape[1] > 1 and is_bits
    if not is_labels or output.shape[1:] != targets.shape[1:]:
        raise RemedyDoesNotFit("the targets are no labels of which several may hold")
    yes = targets.float().sum(dim=0).clamp(min=1)
    return ((len(targets) - yes) / yes).sqrt().clamp(min=1)


def _weighted(loss_fn: Any, weights: Tensor) -> nn.Module:
    name = getattr(loss_fn, "__name__", type(loss_fn).__name__)
    if isinstance(loss_fn, nn.BCEWithLogitsLoss):
        if loss_fn.pos_weight is not None and bool((loss_fn.pos_weight > 1).any()):
            raise RemedyDoesNotFit("the loss weighs the yes of labels already")
        weighted = copy.deepcopy(loss_fn)
        weighted.pos_weight = weights
        return weighted
    if name == "binary_cross_entropy_with_logits":
        return BCEWithLogits(pos_weight=weights)
    is_plain = type(loss_fn) is nn.BCELoss and loss_fn.reduction == "mean"
    if is_plain or name == "binary_cross_entropy":
        return _WeightedBCE(weights)
    raise RemedyDoesNotFit(f"the loss {name} takes no weights of labels")
