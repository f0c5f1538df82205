"""Which remedies promise most for a finding, in order."""

from collections.abc import Callable
from itertools import islice

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.remedies.activations import SwapActivation
from headway.doctor.remedies.batches import SetBatchSize, Shuffle
from headway.doctor.remedies.capacity import Widen
from headway.doctor.remedies.duration import SetEpochs, SetSchedule
from headway.doctor.remedies.fitting import fitting
from headway.doctor.remedies.initialization import Reinitialize
from headway.doctor.remedies.input_scale import StandardizeInput
from headway.doctor.remedies.normalization import (
    InsertNormalization,
)
from headway.doctor.remedies.optimizers import SetOptimizer
from headway.doctor.remedies.padding import PadInFront
from headway.doctor.remedies.positions import AddPositions
from headway.doctor.remedies.propose_answers import ANSWERS, heads_and_losses
from headway.doctor.remedies.propose_network import NETWORK
from headway.doctor.remedies.propose_updates import UPDATES
from headway.doctor.remedies.rates import (
    SetLearningRate,
)
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.remedies.situation import USUAL_BATCH, USUAL_LR, Situation

_MOST = 4


def propose(finding: Finding, evidence: Evidence) -> list[Remedy]:
    """Return up to four remedies for a finding that fit the program, most promising first."""
    remedies = _PROPOSALS[finding.cause](Situation(finding, evidence))
    known: dict[str, Remedy] = {repr(remedy): remedy for remedy in remedies}
    fit = fitting(known.values(), evidence.make, evidence.program.seed)
    return list(islice(fit, _MOST))


def generic(evidence: Evidence) -> list[Remedy]:
    """Return what to try where the cause is not known, most promising first."""
    unknown = Finding(
        cause="other", severity="info", confidence=0.0, evidence="", remedy=""
    )
    now = Situation(unknown, evidence)
    program = evidence.program
    remedies: list[Remedy] = [
        SetLearningRate(now.best_lr) if now.best_lr else SetOptimizer("adam", USUAL_LR),
        SetOptimizer("adam", USUAL_LR),
        StandardizeInput(),
        Reinitialize(),
        *heads_and_losses(now)[:1],
        InsertNormalization(),
        SetEpochs(3 * program.epochs),
        SwapActivation("relu"),
        SetBatchSize(USUAL_BATCH),
        Shuffle(),
        Widen(),
        SetSchedule("cosine"),
    ]
    known: dict[str, Remedy] = {repr(remedy): remedy for remedy in remedies}
    return list(known.values())


def _other(now: Situation) -> list[Remedy]:
    if now.finding.check == "last_step":
        return [PadInFront()]
    if now.finding.check == "order_blind":
        return [AddPositions()]
    return generic(now.evidence)


_PROPOSALS: dict[Cause, Callable[[Situation], list[Remedy]]] = {
    **ANSWERS,
    **UPDATES,
    **NETWORK,
    "other": _other,
}
