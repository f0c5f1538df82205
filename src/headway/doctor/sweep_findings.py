"""What a learning-rate sweep says, as a finding in either direction."""

import math

from torch.optim import Optimizer

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding, Severity
from headway.doctor.probes.sweep import Sweep
from headway.doctor.progress import Progress, progress
from headway.doctor.remedies.rates import SetLearningRate
from headway.doctor.usual_rates import decades_outside, usual_rates

# Confidence where the best rate wins nothing of what is lost, and how much it adds to win all.
_LEAST, _MORE = 0.45, 0.4
# Share of the way from the dumb baseline that a rate must win to be worth a warning in a
# program that is not poor.
_WORTH = 0.1

# Another rate that does better than a usual one makes up for another fault as a rule.
_IF_USUAL = 0.7
# A rate that is so many powers of ten outside of what is usual is a fault by itself, where
# another one wins; so much surer for what it wins. Plain SGD with a rate of Adam, which may as
# well lack the rest of Adam, is nearer.
_ODD, _IF_ODD = 1.9, 0.1


def rate_finding(
    cause: Cause, sweep: Sweep, reached: Progress, optimizer: Optimizer
) -> Finding:
    """Return the finding that the best rate of a confirmed sweep would do better.

    Args:
        cause: "lr_high" or "lr_low".
        sweep: Confirmed.
        reached: By the program's own training.
        optimizer: The program's own.
    """
    way = _way(sweep, reached)
    won = min(1.0, max(0.0, sweep.gain / way)) if way > 0 else 0.0
    factor = _IF_USUAL if is_usual(cause, sweep.own_lr, optimizer) else 1.0
    is_odd = _outside(cause, sweep.own_lr, optimizer) >= _ODD
    verb = "Lower" if cause == "lr_high" else "Raise"
    lr = sweep.best.lr
    return Finding(
        cause=cause,
        severity=_severity(cause, sweep, reached, optimizer),
        confidence=factor * (_LEAST + (_MORE + _IF_ODD * is_odd) * won),
        evidence=(
            f"In {sweep.steps} updates a learning rate of {lr:.2g} reaches "
            f"{sweep.best.reached.score:.3g}, and the program's own of {sweep.own_lr:.2g} "
            f"{sweep.own.score:.3g}; on another seed it gains {sweep.gain:.2g}."
        ),
        remedy=f"{verb} the learning rate to about {lr:.1g}.",
        code=SetLearningRate(lr=float(f"{lr:.1g}")).snippet(),
        check=cause,
    )


def is_only_sooner(evidence: Evidence) -> bool:
    """Whether the program's own whole training came as far as its best rate in a part of it.

    Where little is to be learned, a higher rate is ahead at first and wins nothing.
    """
    sweep, course = evidence.sweep, evidence.course
    reached = progress(evidence)
    if sweep is None or course is None or not (reached.is_fine and reached.is_complete):
        return False
    most = max((e.val or e.train).standard for e in course.evaluations)
    is_short = sweep.steps < course.planned_steps
    return is_short and most >= sweep.best.reached.score - reached.margin


def is_usual(cause: Cause, lr: float, optimizer: Optimizer) -> bool:
    """Whether a rate is not odd for its kind of optimizer, in the direction of the cause."""
    return usual_rates(optimizer) is not None and _outside(cause, lr, optimizer) <= 0


def _outside(cause: Cause, lr: float, optimizer: Optimizer) -> float:
    """Return how many powers of ten a rate is outside of what is usual, to the cause's side."""
    decades = decades_outside(lr, optimizer)
    return decades if cause == "lr_high" else -decades


def _way(sweep: Sweep, reached: Progress) -> float:
    """Return how much there is to win."""
    top = sweep.best.reached.score
    if reached.is_known:
        top = max(top, reached.good)
    return top - sweep.own.score


def _severity(
    cause: Cause, sweep: Sweep, reached: Progress, optimizer: Optimizer
) -> Severity:
    is_judged = reached.is_known or reached.has_diverged
    if not is_judged and is_usual(cause, sweep.own_lr, optimizer):
        # A faster start of what nothing is known to compare to is no fault of the end.
        return "info"
    if not reached.is_fine:
        return "error"
    range_ = sweep.best.reached.score - reached.dumb
    share = sweep.gain / range_ if math.isfinite(range_) and range_ > 0 else 0.0
    return "warning" if share >= _WORTH else "info"
