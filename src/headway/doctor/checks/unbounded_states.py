"""Recurrent cells whose states nothing bounds, so that they grow from step to step."""

from collections import Counter
from collections.abc import Iterator
from statistics import median

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.probes.flow import FlowFacts
from headway.doctor.probes.watched import Watched
from headway.doctor.progress import progress
from headway.doctor.remedies.bounding import (
    FEWEST_STEPS,
    UNBOUNDED,
    BoundStates,
    is_within,
    unbounded_layers,
)

# One batch has so many times the usual loss where states grew: a rate that is too high takes
# the weights away, and the next batches have no small loss either.
_BURST = 10.0
_CONFIDENCE, _SUSPECTED = 0.6, 0.4


def check_unbounded_states(evidence: Evidence) -> Iterator[Finding]:
    """Find ReLU and the like in a loop over time, in a program that learns badly."""
    reached = progress(evidence)
    layer = _unbounded(evidence)
    if layer is None or not reached.is_poor:
        return
    remedy = BoundStates()
    burst = _burst(evidence.course)
    cause: Cause = "exploding_gradient" if burst else "hidden_activation"
    yield Finding(
        cause=cause,
        severity="error",
        confidence=_CONFIDENCE if burst else _SUSPECTED,
        evidence=(
            f"Nothing bounds the states of {layer or 'a recurrent cell'}, which can grow from "
            f"step to step{burst}, and {reached.describe()}."
        ),
        remedy=remedy.describe(),
        layer=layer or None,
        code=remedy.snippet(),
        check="unbounded_states",
    )


def _unbounded(evidence: Evidence) -> str | None:
    """Return the name of a module with such a loop, or None."""
    known = unbounded_layers(evidence.program.model)
    if known:
        return next(n for n, m in evidence.program.model.named_modules() if m is known[0])
    flow: FlowFacts | None = evidence.flow
    layers = [] if flow is None else flow.layers
    loops = {x.name for x in layers if x.has_weight and x.call + 1 >= FEWEST_STEPS}
    steps = Counter(x.name.rpartition(".")[0] for x in layers if x.function in UNBOUNDED)
    return next(
        (
            owner
            for owner, count in steps.items()
            if count >= FEWEST_STEPS and is_within(loops, owner)
        ),
        None,
    )


def _burst(course: Watched | None) -> str:
    """Say how large the loss of a single batch was next to the usual one, or nothing."""
    losses = [] if course is None else course.losses
    if not losses or not max(losses) > _BURST * abs(median(losses)):
        return ""
    return (
        f": the loss of one batch was {max(losses):.3g}, where half of all are below "
        f"{median(losses):.3g}"
    )
