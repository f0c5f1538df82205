"""Another optimizer learns where the program's own does not."""

from collections.abc import Iterator

from torch.optim import Optimizer

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.sweep import Sweep
from headway.doctor.progress import progress
from headway.doctor.remedies.optimizers import SetOptimizer

# Rates that are usual for Adam or for SGD with momentum: plain SGD with one lacks the rest.
# Below them the rate itself is the likelier fault, and above them neither is.
_USUAL_LRS = (3e-4, 0.03)
_NAMES = {"adam": "Adam", "sgd": "SGD with momentum"}


def check_other_optimizer(evidence: Evidence) -> Iterator[Finding]:
    """Find plain SGD, or an odd optimizer, that the usual ones with their rates outdo."""
    sweep: Sweep | None = evidence.sweep
    reached = progress(evidence)
    if sweep is None or not sweep.optimizers or not reached.is_poor:
        return
    name, best = max(sweep.optimizers.items(), key=lambda item: item[1].score)
    margin = max(0.01, reached.margin)
    is_beyond_rate = best.score > sweep.best.reached.score + margin
    confidence = _confidence(evidence.program.optimizer, sweep, is_beyond_rate)
    if best.score <= sweep.own.score + margin or confidence == 0:
        return
    remedy = SetOptimizer("sgd") if name == "sgd" else SetOptimizer("adam")
    yield Finding(
        cause="optimizer",
        severity="error",
        confidence=confidence,
        evidence=(
            f"In {sweep.steps} updates {_NAMES[name]} reaches {best.score:.3g}, and the "
            f"program's own optimizer {sweep.own.score:.3g}, or "
            f"{sweep.best.reached.score:.3g} with its best learning rate."
        ),
        remedy=remedy.describe(),
        code=remedy.snippet(),
        check="other_optimizer",
    )


def is_plain_sgd(optimizer: Optimizer) -> bool:
    """Whether it is gradient descent without momentum."""
    groups = optimizer.param_groups
    return all("momentum" in g and not g["momentum"] and "alpha" not in g for g in groups)


def _confidence(optimizer: Optimizer, sweep: Sweep, is_beyond_rate: bool) -> float:
    """Return how likely the optimizer is the cause, 0 where a rate explains it all."""
    low, high = _USUAL_LRS
    if is_plain_sgd(optimizer) and low <= sweep.own_lr <= high and sweep.nearest_factor > 1:
        return 0.9 if is_beyond_rate else 0.87
    if is_plain_sgd(optimizer):
        return 0.6 if is_beyond_rate else 0.35
    return 0.45 if is_beyond_rate else 0.0
