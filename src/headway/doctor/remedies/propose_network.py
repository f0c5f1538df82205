"""What to change in the network."""

from collections.abc import Callable

from headway.doctor.finding import Cause
from headway.doctor.remedies.activations import InsertActivation, SwapActivation
from headway.doctor.remedies.batches import SetBatchSize
from headway.doctor.remedies.bounding import BoundStates
from headway.doctor.remedies.capacity import Deepen, Widen
from headway.doctor.remedies.initialization import Reinitialize
from headway.doctor.remedies.input_scale import StandardizeInput
from headway.doctor.remedies.last_norm import RemoveLastNorm
from headway.doctor.remedies.normalization import (
    GroupNormForBatchNorm,
    InsertNormalization,
    SetBatchNormMomentum,
    UnfreezeBatchNorm,
)
from headway.doctor.remedies.rates import (
    ClipGradients,
    SetLearningRate,
)
from headway.doctor.remedies.recurrence import OpenGates
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.remedies.residual import AddResidual
from headway.doctor.remedies.situation import USUAL_BATCH, USUAL_LR, Situation, rounded
from headway.doctor.remedies.spreading import SpreadParts, equal_parameters
from headway.doctor.remedies.together import Together
from headway.doctor.remedies.wiring import (
    TrainMode,
)

# Activations whose slope is below 1, so that chains of them shrink gradients.
_SHRINKING = {"sigmoid", "tanh", "softmax", "hardtanh", "hardsigmoid", "softsign"}

# The check of states that nothing bounds.
_OF_STATES = "unbounded_states"
# That of norms which make the answers.
_OF_ANSWERS = "last_norm"


def _init(now: Situation) -> list[Remedy]:
    return [
        *_spread(now),
        Reinitialize(),
        Reinitialize("torch"),
        Reinitialize("lsuv"),
        Together((Reinitialize(), InsertNormalization())),
    ]


def _spread(now: Situation) -> list[Remedy]:
    """Return what makes equal parts of parameters outside the layers different."""
    model = now.program.model
    equal = {id(parameter) for parameter in equal_parameters(model)}
    names = [name for name, p in model.named_parameters() if id(p) in equal]
    if not names:
        return []
    return [SpreadParts("samples", names[0]), SpreadParts("random", names[0])]


def _hidden_activation(now: Situation) -> list[Remedy]:
    if now.finding.check == _OF_STATES:
        return [BoundStates()]
    if not now.hidden:
        return [
            BoundStates(),
            InsertActivation("relu"),
            InsertActivation("gelu"),
            SwapActivation("relu"),
        ]
    return [
        BoundStates(),
        SwapActivation("relu"),
        Together((SwapActivation("relu"), Reinitialize("he"))),
        InsertActivation("relu"),
        SwapActivation("gelu"),
    ]


def _vanishing(now: Situation) -> list[Remedy]:
    if now.finding.check == "memory":
        return [OpenGates(), Reinitialize()]
    shrinks = bool(now.hidden & _SHRINKING)
    swap: list[Remedy] = [_swap_anew()] if shrinks else []
    return [*swap, InsertNormalization(), Reinitialize(), AddResidual()]


def _exploding(now: Situation) -> list[Remedy]:
    if now.finding.check == _OF_STATES:
        return [BoundStates(), ClipGradients(1.0)]
    lower = SetLearningRate(now.best_lr or rounded(now.lr / 10) or USUAL_LR)
    remedies: list[Remedy] = [BoundStates(), Reinitialize(), ClipGradients(1.0), lower]
    if now.late_bound is not None:
        # What the program means to do, in front of the step.
        remedies.insert(0, ClipGradients(now.late_bound))
    return [*remedies, InsertNormalization()]


def _dead_units(now: Situation) -> list[Remedy]:
    lower = SetLearningRate(now.best_lr or rounded(now.lr / 10) or USUAL_LR)
    leaky = SwapActivation("leaky_relu")
    return [Reinitialize(), lower, BoundStates(), leaky, Together((leaky, Reinitialize()))]


def _saturation(now: Situation) -> list[Remedy]:
    return [StandardizeInput(), Reinitialize(), _swap_anew(), InsertNormalization()]


def _swap_anew() -> Remedy:
    return Together((SwapActivation("relu"), Reinitialize("he")))


def _normalization(now: Situation) -> list[Remedy]:
    if now.finding.check == _OF_ANSWERS:
        return [RemoveLastNorm()]
    if not now.batch_norms:
        return [InsertNormalization(), SwapActivation("relu"), InsertNormalization("layer")]
    remedies: list[Remedy] = []
    if any(not norm.training for norm in now.batch_norms):
        remedies.append(UnfreezeBatchNorm())
    if any(norm.momentum in (0.0, 1.0) for norm in now.batch_norms):
        remedies.append(SetBatchNormMomentum())
    if now.batch_size < USUAL_BATCH:
        remedies += [SetBatchSize(USUAL_BATCH), GroupNormForBatchNorm()]
    return [*remedies, SetBatchNormMomentum(), GroupNormForBatchNorm(), TrainMode()]


def _capacity(now: Situation) -> list[Remedy]:
    both = Together((Widen(128), Deepen(1, 128)))
    if now.finding.layer is not None:
        # More layers behind a bottleneck neither cure nor refute it.
        return [Widen(128), both]
    return [Widen(128), Deepen(1, 128), both]


NETWORK: dict[Cause, Callable[[Situation], list[Remedy]]] = {
    "init": _init,
    "hidden_activation": _hidden_activation,
    "normalization": _normalization,
    "capacity": _capacity,
    "dead_units": _dead_units,
    "saturation": _saturation,
    "vanishing_gradient": _vanishing,
    "exploding_gradient": _exploding,
}
