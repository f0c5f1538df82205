"""Whether an update depends on the targets at all: what has no labels ignores them."""

import warnings
from typing import Any

import torch
from torch import Tensor

from headway.doctor.evidence import Evidence
from headway.doctor.examples import Batch, take
from headway.doctor.probes.plain_answers import with_main
from headway.doctor.program import Program, first_tensor, main_output, seed_all

# Outputs and weights that are all equal may hide the targets, as weights of zero do.
_NOISE = 0.1


def reads_targets(evidence: Evidence, program: Program, outputs: Any, batch: Batch) -> bool:
    """Return whether an update comes out differently where all samples share one target.

    In another order, targets would still mean the same to some losses.

    Args:
        evidence: Makes the programs that do an update of their own.
        program: Its loss is asked, where the update is the usual one.
        outputs: What the model returned for the batch.
        batch: Inputs and targets.
    """
    inputs, targets = batch
    target = first_tensor(targets)
    other = take(targets, torch.zeros(len(target), dtype=torch.long))
    if torch.equal(first_tensor(other), target):
        if not isinstance(targets, Tensor):
            return True
        other = target + 1
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if program.step is None:
            given = [_loss(program, outputs, targets)]
            changed = [_loss(program, outputs, other)]
        else:
            given = _after(evidence.make(0), inputs, targets)
            changed = _after(evidence.make(0), inputs, other)
    if not all(bool(tensor.isfinite().all()) for tensor in given):
        return True
    pairs = zip(given, changed, strict=True)
    return not all(torch.equal(one, two) for one, two in pairs)


def loss_ignores_targets(program: Program, outputs: Any, targets: Any) -> bool:
    """Return whether the loss function is the same where all samples share one target.

    What the targets are, such as numbers of rows, then says nothing about the task.

    Args:
        program: Without a step of its own, which may have another loss.
        outputs: What the model returned for a batch.
        targets: Of the same samples.
    """
    target = first_tensor(targets)
    if program.step is not None or target.dim() == 0:
        return False
    other = take(targets, torch.zeros(len(target), dtype=torch.long))
    if torch.equal(first_tensor(other), target):
        if not isinstance(targets, Tensor):
            return False
        other = target + 1
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            given, changed = (_loss(program, outputs, t) for t in (targets, other))
        except Exception:
            return False
    is_loss = bool(given.isfinite().all()) and bool(given.any())
    return is_loss and torch.equal(given, changed)


@torch.no_grad()
def _loss(program: Program, outputs: Any, targets: Any) -> Tensor:
    seed_all(program.seed)
    answer = main_output(outputs).detach()
    answer = answer + _NOISE * torch.randn(answer.shape).to(answer)
    return torch.as_tensor(program.loss_fn(with_main(outputs, answer), targets))


def _after(program: Program, inputs: Any, targets: Any) -> list[Tensor]:
    """Return the loss of an update, and the weights and gradients that it leaves."""
    seed_all(program.seed)
    weights = list(program.model.parameters())
    with torch.no_grad():
        for weight in weights:
            weight.add_(_NOISE * torch.randn(weight.shape).to(weight))
    loss = program.update(inputs, targets)
    gradients = [w.grad.to_dense() for w in weights if w.grad is not None]
    tensors = [torch.as_tensor(loss), *weights, *gradients]
    return [tensor.detach().float() for tensor in tensors]
