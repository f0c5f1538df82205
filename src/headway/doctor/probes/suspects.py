"""The changes that repair most programs, to be tried where no check has a cause."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.progress import progress
from headway.doctor.remedies.activations import InsertActivation, SwapActivation
from headway.doctor.remedies.balance import SetLabelSmoothing
from headway.doctor.remedies.batches import SetBatchSize, Shuffle
from headway.doctor.remedies.bounding import FEWEST_STEPS
from headway.doctor.remedies.capacity import Widen
from headway.doctor.remedies.duration import SetEpochs
from headway.doctor.remedies.following import peak_lr
from headway.doctor.remedies.heads import RemoveHead
from headway.doctor.remedies.initialization import Reinitialize
from headway.doctor.remedies.input_scale import StandardizeInput
from headway.doctor.remedies.losses import LossName, ReplaceLoss
from headway.doctor.remedies.normalization import (
    GroupNormForBatchNorm,
    InsertNormalization,
    SetBatchNormMomentum,
    UnfreezeBatchNorm,
)
from headway.doctor.remedies.optimizers import SetOptimizer
from headway.doctor.remedies.rates import ClipGradients, SetLearningRate
from headway.doctor.remedies.reconnecting import ReconnectGradient
from headway.doctor.remedies.regularization import SetDropout, SetWeightDecay
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.remedies.residual import AddResidual
from headway.doctor.remedies.shapes import SqueezeShapes
from headway.doctor.remedies.stable_loss import StableLoss
from headway.doctor.remedies.together import Together
from headway.doctor.remedies.wiring import (
    AddToOptimizer,
    TrainMode,
    Unfreeze,
    UsualStep,
    ZeroGrad,
)
from headway.doctor.task import Kind
from headway.doctor.usual_rates import decades_outside, is_usual_adam, middle_rate

_LOSSES: dict[Kind, LossName] = {
    "classes": "cross_entropy",
    "binary": "bce_with_logits",
    "multilabel": "bce_with_logits",
    "values": "mse",
}
# Of causes that no usual suspect stands for.
_OTHER_PRIOR = 0.6
# Longer trainings do better as a rule; those of so few passes are cut short more often than
# they are at fault otherwise.
_MORE_PRIOR, _FEW_PRIOR = 0.45, 0.6
_FEW_EPOCHS = 3
# In a training that has hardly begun all that learns faster wins, such as another draw of the
# weights, of which only a longer one can say whether it is needed.
_HARDLY_BEGUN = 0.72
# A rate so many powers of ten outside of the usual ones is not mended by a tenth of it.
_FAR = 1.0
# So many updates take most small networks most of the way, at so many times the cost.
_FAIR_UPDATES, _MOST_TIMES = 300, 30
# Clipping helps a little with many faults. What it brings back where numbers were lost in a
# loop over time (Pascanu et al., "On the difficulty of training recurrent neural networks",
# 2013) is told from smaller steps by how much that is.
_CLIPPED_PRIOR, _BURST_PRIOR = 0.35, 0.72


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A change to try without a symptom.

    Attributes:
        cause: What is wrong if the change helps.
        remedy: The change.
        prior: How sure the cause is where the change wins back all that is lost. A change that
            helps with many faults, such as batch norm or more epochs, says little.
    """

    cause: Cause
    remedy: Remedy
    prior: float


def usual_suspects(evidence: Evidence) -> list[Suspect]:
    """Return the changes to try, the most telling first."""
    suspects = [
        *_wiring(evidence),
        *_own_step(evidence),
        *_answers(evidence),
        *_updates(evidence),
        *_network(evidence),
    ]
    return sorted(suspects, key=lambda suspect: -suspect.prior)


def prior_of(cause: Cause, evidence: Evidence) -> float:
    """Return how sure a cause is where a change for it wins back all that is lost."""
    priors = [s.prior for s in usual_suspects(evidence) if s.cause == cause]
    return max(priors, default=_OTHER_PRIOR)


def _wiring(evidence: Evidence) -> Iterator[Suspect]:
    """Yield what changes nothing in a program that does it right already."""
    updates = evidence.updates
    yield Suspect(cause="frozen_parameters", remedy=AddToOptimizer(), prior=0.85)
    yield Suspect(cause="frozen_parameters", remedy=Unfreeze(), prior=0.65)
    if updates is None or not updates.steps:
        # Steps that were watched would have had parts of gradients from before.
        yield Suspect(cause="zero_grad_missing", remedy=ZeroGrad(), prior=0.85)
    yield Suspect(cause="gradient_wiring", remedy=ReconnectGradient(), prior=0.85)
    yield Suspect(cause="train_eval_mode", remedy=TrainMode(), prior=0.8)
    yield Suspect(cause="shuffle", remedy=Shuffle(), prior=0.85)
    yield Suspect(cause="shape_broadcast", remedy=SqueezeShapes(), prior=0.9)
    yield Suspect(cause="numerics", remedy=StableLoss(), prior=0.7)
    yield Suspect(cause="regularization", remedy=SetDropout(0.0), prior=0.8)
    yield Suspect(cause="regularization", remedy=SetWeightDecay(0.0), prior=0.8)
    yield Suspect(cause="regularization", remedy=SetLabelSmoothing(0.0), prior=0.7)


def _own_step(evidence: Evidence) -> Iterator[Suspect]:
    """Yield the usual step, for what the program's own does differently."""
    first, updates = evidence.first_batch, evidence.updates
    if evidence.program.step is None:
        return
    if updates is None or updates.is_misordered:
        yield Suspect(cause="gradient_wiring", remedy=UsualStep(), prior=0.8)
    elif first is not None and first.penalty is not None:
        yield Suspect(cause="regularization", remedy=UsualStep(), prior=0.85)
    elif updates.steps < len(updates.updates):
        # Gradients of several batches are added up: the usual step updates more often.
        yield Suspect(cause="batch_size", remedy=UsualStep(), prior=0.5)
    else:
        yield Suspect(cause="regularization", remedy=UsualStep(), prior=0.5)


def _answers(evidence: Evidence) -> Iterator[Suspect]:
    yield Suspect(cause="input_scale", remedy=StandardizeInput(), prior=0.8)
    loss = _LOSSES.get(evidence.task.kind)
    if loss is not None:
        yield Suspect(cause="loss_mismatch", remedy=ReplaceLoss(loss), prior=0.75)
        both = Together((RemoveHead(), ReplaceLoss(loss)))
        yield Suspect(cause="output_activation", remedy=both, prior=0.7)
    yield Suspect(cause="output_activation", remedy=RemoveHead(), prior=0.78)


def _updates(evidence: Evidence) -> Iterator[Suspect]:
    if not is_usual_adam(evidence.program.optimizer):
        yield Suspect(cause="optimizer", remedy=SetOptimizer("adam"), prior=0.5)
    yield Suspect(cause="batch_size", remedy=SetBatchSize(32), prior=0.55)
    yield _more_epochs(evidence.program)
    if evidence.sweep is None:
        yield from _rates(evidence.program)


def _rates(program: Program) -> Iterator[Suspect]:
    """Yield a lower and a higher rate, of which one far from what is usual is that."""
    lr, optimizer = peak_lr(program), program.optimizer
    if lr <= 0:
        return
    low, high, usual = lr / 10, lr * 10, middle_rate(optimizer)
    decades = decades_outside(lr, optimizer)
    if usual is not None and abs(decades) > _FAR:
        low, high = (usual, high) if decades > 0 else (low, usual)
    yield Suspect(cause="lr_high", remedy=SetLearningRate(lr=low), prior=0.6)
    yield Suspect(cause="lr_low", remedy=SetLearningRate(lr=high), prior=0.6)


def _more_epochs(program: Program) -> Suspect:
    """Return a longer training, which for a few updates is one of a few hundred."""
    own = program.epochs
    fair = math.ceil(_FAIR_UPDATES / max(1, program.train.num_batches))
    epochs = max(3 * own, min(fair, _MOST_TIMES * own))
    prior = _FEW_PRIOR if own <= _FEW_EPOCHS else _MORE_PRIOR
    if own <= _FEW_EPOCHS and own * program.train.num_batches < _FAIR_UPDATES:
        prior = _HARDLY_BEGUN
    return Suspect(cause="epochs_few", remedy=SetEpochs(epochs), prior=prior)


def _network(evidence: Evidence) -> Iterator[Suspect]:
    yield Suspect(cause="hidden_activation", remedy=SwapActivation("relu"), prior=0.7)
    yield Suspect(cause="hidden_activation", remedy=InsertActivation("relu"), prior=0.7)
    yield Suspect(cause="init", remedy=Reinitialize(), prior=0.7)
    yield Suspect(cause="normalization", remedy=UnfreezeBatchNorm(), prior=0.75)
    yield Suspect(cause="normalization", remedy=SetBatchNormMomentum(), prior=0.75)
    yield Suspect(cause="normalization", remedy=GroupNormForBatchNorm(), prior=0.55)
    yield Suspect(cause="capacity", remedy=Widen(), prior=0.5)
    yield Suspect(cause="normalization", remedy=InsertNormalization(), prior=0.35)
    yield Suspect(cause="vanishing_gradient", remedy=AddResidual(), prior=0.35)
    prior = _BURST_PRIOR if _has_burst(evidence) else _CLIPPED_PRIOR
    yield Suspect(cause="exploding_gradient", remedy=ClipGradients(), prior=prior)


def _has_burst(evidence: Evidence) -> bool:
    """Whether the loss of a loop over time became no number.

    Its gradient is a product over the steps, which a rate that is right otherwise cannot take.
    """
    flow = evidence.flow
    layers = [] if flow is None else flow.layers
    is_loop = any(x.kind == "recurrent" or x.call + 1 >= FEWEST_STEPS for x in layers)
    return is_loop and progress(evidence).has_diverged
