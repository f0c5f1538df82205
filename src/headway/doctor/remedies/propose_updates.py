"""What to change in updates, modes, batches and time."""

from collections.abc import Callable

import torch

from headway.doctor.finding import Cause
from headway.doctor.remedies.activations import SwapActivation
from headway.doctor.remedies.balance import ClassWeights, SetLabelSmoothing
from headway.doctor.remedies.batches import SetBatchSize, Shuffle
from headway.doctor.remedies.bounding import BoundStates
from headway.doctor.remedies.duration import SetEpochs, SetSchedule
from headway.doctor.remedies.keeping import KeepLayers
from headway.doctor.remedies.label_weights import LabelWeights
from headway.doctor.remedies.losses import ReplaceLoss
from headway.doctor.remedies.masks import InvertMask
from headway.doctor.remedies.modes import DropoutFollowsMode
from headway.doctor.remedies.normalization import (
    UnfreezeBatchNorm,
)
from headway.doctor.remedies.optimizers import SetOptimizer
from headway.doctor.remedies.penalties import LeavePenaltiesOut, has_penalties
from headway.doctor.remedies.rates import (
    ClipGradients,
    EqualRates,
    SetLearningRate,
)
from headway.doctor.remedies.reconnecting import ReconnectGradient
from headway.doctor.remedies.registering import RegisterLayers, unregistered
from headway.doctor.remedies.regularization import (
    InsertDropout,
    SetDropout,
    SetWeightDecay,
)
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.remedies.situation import USUAL_BATCH, USUAL_LR, Situation, rounded
from headway.doctor.remedies.stopping import EarlyStopping
from headway.doctor.remedies.together import Together
from headway.doctor.remedies.torch_names import STEPS
from headway.doctor.remedies.unbinding import FreeNorms
from headway.doctor.remedies.unclipping import LoosenClip
from headway.doctor.remedies.wiring import (
    AddToOptimizer,
    TrainMode,
    Unfreeze,
    UsualStep,
    ZeroGrad,
)

# Of the square of all weights, where a network knows its samples by heart.
_L2 = 1e-3


def _gradient_wiring(now: Situation) -> list[Remedy]:
    if now.finding.check == "attention_mask":
        return [InvertMask()]
    usual = ReplaceLoss(now.usual_loss)
    stepped: list[Remedy] = [SwapActivation("relu")] if now.hidden & STEPS else []
    if now.program.step is None:
        return [*stepped, KeepLayers(), ReconnectGradient(), usual]
    both = Together((UsualStep(), ReconnectGradient()))
    return [*stepped, KeepLayers(), UsualStep(), ReconnectGradient(), both, usual]


def _frozen_parameters(now: Situation) -> list[Remedy]:
    layer = now.finding.layer
    held = {p for g in now.program.optimizer.param_groups for p in g["params"]}
    wanted = [p for p in now.program.model.parameters() if p.requires_grad]
    if any(True for _ in unregistered(now.program.model)):
        return [RegisterLayers(), AddToOptimizer(), Unfreeze()]
    unfreeze: list[Remedy] = [Unfreeze((layer,))] if layer else []
    if all(p in held for p in wanted):
        return [KeepLayers(), *unfreeze, Unfreeze(), EqualRates(), UsualStep()]
    return [KeepLayers(), AddToOptimizer(), EqualRates(), *unfreeze, Unfreeze()]


def _train_eval_mode(now: Situation) -> list[Remedy]:
    remedies: list[Remedy] = [TrainMode(), DropoutFollowsMode(), UnfreezeBatchNorm()]
    both = Together((UsualStep(), TrainMode()))
    return remedies if now.program.step is None else [*remedies, UsualStep(), both]


def _lr_high(now: Situation) -> list[Remedy]:
    own = now.lr or USUAL_LR
    found: list[Remedy] = [SetLearningRate(now.best_lr)] if now.best_lr else []
    return [
        *found,
        BoundStates(),
        SetLearningRate(rounded(own / 10)),
        SetLearningRate(rounded(own / 100)),
        SetOptimizer("adam", USUAL_LR),
        SetLearningRate(rounded(own / 1000)),
        ClipGradients(1.0),
    ]


def _lr_low(now: Situation) -> list[Remedy]:
    if now.finding.check == "falling_rate":
        return [SetSchedule("constant")]
    if now.lr == 0:
        name = type(now.program.optimizer).__name__.lower()
        first = SetLearningRate(0.05 if name == "sgd" else USUAL_LR)
        return [EqualRates(), first, SetOptimizer("adam", USUAL_LR)]
    found: list[Remedy] = [SetLearningRate(now.best_lr)] if now.best_lr else []
    if now.program.scheduler is not None:
        found.insert(0, SetSchedule("constant"))
    return [
        *found,
        SetLearningRate(rounded(now.lr * 10)),
        SetLearningRate(rounded(now.lr * 100)),
        SetOptimizer("adam", USUAL_LR),
    ]


def _optimizer(now: Situation) -> list[Remedy]:
    if now.finding.check == "clipping":
        return [LoosenClip()]
    name = type(now.program.optimizer).__name__.lower()
    momentum = SetOptimizer("sgd", now.lr) if name == "sgd" and now.lr else None
    adam = SetOptimizer("adam", USUAL_LR)
    fixed = SetOptimizer("adam", now.lr) if 1e-5 <= now.lr <= 1e-2 else adam
    usual = [fixed, adam] if name in ("adam", "adamw") else [adam]
    updates = now.evidence.updates
    is_by_others = updates is not None and not updates.is_own_optimizer_used
    is_in_step = now.program.step is not None and is_by_others
    own: list[Remedy] = [UsualStep()] if is_in_step else []
    return [*own, *usual, *([momentum] if momentum else []), SetOptimizer("sgd")]


def _batch_size(now: Situation) -> list[Remedy]:
    return [SetBatchSize(USUAL_BATCH), SetBatchSize(64), SetBatchSize(16)]


def _class_imbalance(now: Situation) -> list[Remedy]:
    if now.evidence.task.kind == "multilabel":
        return [LabelWeights()]
    if now.evidence.task.per_position:
        return [ClassWeights("root"), ClassWeights("loss")]
    return [ClassWeights("loss"), ClassWeights("sampler")]


def _regularization(now: Situation) -> list[Remedy]:
    if now.finding.check == "bound_norms":
        return [FreeNorms()]
    remedies: list[Remedy] = []
    if now.weight_decay > 1e-3:
        remedies.append(SetWeightDecay(0.0))
    if now.smoothing > 0.2:
        remedies.append(SetLabelSmoothing(0.0))
    remedies.append(SetDropout(0.0))
    if now.weight_decay > 1e-3:
        remedies.append(Together((SetWeightDecay(0.0), SetDropout(0.0))))
    own: list[Remedy] = [] if now.program.step is None else [UsualStep()]
    if now.finding.check == "penalty_terms" or has_penalties(now.program):
        remedies = [LeavePenaltiesOut(), *own, *remedies]
        own = []
    return [*remedies, *own, ReplaceLoss(now.usual_loss), SetDropout(0.2)]


def _epochs_few(now: Situation) -> list[Remedy]:
    epochs = now.program.epochs
    found: list[Remedy] = [SetLearningRate(now.best_lr)] if now.best_lr else []
    return [SetEpochs(4 * epochs), SetEpochs(10 * epochs), *found]


def _overfitting(now: Situation) -> list[Remedy]:
    # Decay that goes through the gradient: AdamW multiplies its own by the rate.
    is_decoupled = isinstance(now.program.optimizer, torch.optim.AdamW)
    has_little = not is_decoupled and now.weight_decay < _L2
    decayed = Together((SetWeightDecay(_L2), EarlyStopping(3)))
    return [
        EarlyStopping(3),
        Together((InsertDropout(0.3), EarlyStopping(3))),
        InsertDropout(0.3),
        *([decayed] if has_little else []),
        Together((SetOptimizer("adamw"), SetWeightDecay(0.1))),
    ]


def _zero_grad_missing(_: Situation) -> list[Remedy]:
    return [ZeroGrad(), UsualStep()]


def _shuffle(_: Situation) -> list[Remedy]:
    return [Shuffle()]


UPDATES: dict[Cause, Callable[[Situation], list[Remedy]]] = {
    "gradient_wiring": _gradient_wiring,
    "frozen_parameters": _frozen_parameters,
    "zero_grad_missing": _zero_grad_missing,
    "train_eval_mode": _train_eval_mode,
    "shuffle": _shuffle,
    "lr_high": _lr_high,
    "lr_low": _lr_low,
    "optimizer": _optimizer,
    "batch_size": _batch_size,
    "class_imbalance": _class_imbalance,
    "regularization": _regularization,
    "epochs_few": _epochs_few,
    "overfitting": _overfitting,
}
