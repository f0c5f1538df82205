"""What the training flag changes in a network that was trained."""

import copy
import math
from dataclasses import dataclass

import torch
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Batch
from headway.doctor.program import Program, call_model
from headway.doctor.training import restore_flags, training_flags

_SAMPLES = 256


@dataclass(frozen=True, kw_only=True)
class LateModes:
    """Loss of the same training samples in both modes, after the program's own training.

    Attributes:
        train_loss: In training mode.
        eval_loss: In evaluation mode.
        has_statistics: Whether batch norms are there, whose statistics may be what differs.
    """

    train_loss: float
    eval_loss: float
    has_statistics: bool


def probe_late_modes(evidence: Evidence, budget: Budget) -> LateModes | None:
    """Compare the modes of the trained network; None where it was not trained."""
    del budget
    if evidence.course is None or evidence.course.steps < 1:
        return None
    program = evidence.course.program
    batch = program.train.some(_SAMPLES)
    buffers = copy.deepcopy(dict(program.model.named_buffers()))
    flags = training_flags(program.model)
    try:
        return LateModes(
            train_loss=_loss(program, batch, is_training=True),
            eval_loss=_loss(program, batch, is_training=False),
            has_statistics=any(isinstance(m, _BatchNorm) for m in program.model.modules()),
        )
    finally:
        restore_flags(flags)
        with torch.no_grad():
            for name, buffer in program.model.named_buffers():
                buffer.copy_(buffers[name])


def _loss(program: Program, batch: Batch, *, is_training: bool) -> float:
    inputs, targets = batch
    program.model.train(is_training)
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        loss = program.loss_fn(call_model(program.model, inputs), targets)
    value = float(torch.as_tensor(loss).mean())
    return value if math.isfinite(value) else math.nan
