"""Bounded activation functions at their bounds, where they hardly let a gradient through."""

import math
from collections.abc import Iterator

from headway.doctor.checks.signal import (
    feeding,
    gain,
    is_learning,
    measured_gain,
    symptom_severity,
)
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.flow import FlowFacts
from headway.measure.activation_functions import SQUASHERS
from headway.measure.layer_numbers import LayerNumbers

# Share of a layer's outputs beyond .97 of tanh, or outside .02 to .98 of sigmoid.
_SATURATED = 0.5
# Weights or inputs beyond these are to blame, which other findings say.
_HUGE = 3.0
_LARGE_INPUT = 5.0


def check_saturation(evidence: Evidence) -> Iterator[Finding]:
    """Find hidden layers most of whose outputs are at a bound, before and after training."""
    early: FlowFacts | None = evidence.flow
    late: FlowFacts | None = evidence.late_flow
    if early is None or is_learning(evidence):
        return
    start = {layer.name: _share(layer) for layer in _squashers(early)}
    flat = [layer for layer in _squashers(late or early) if _share(layer) > _SATURATED]
    worst = max(flat, key=_share, default=None)
    if worst is None:
        return
    before = start.get(worst.name, 0.0)
    yield Finding(
        cause="saturation",
        severity=symptom_severity(evidence),
        confidence=_confidence(early, worst.name, before),
        evidence=(
            f"{_share(worst):.0%} of the outputs of {worst.name} ({worst.function}) are at a "
            f"bound, {before:.0%} before training."
        ),
        remedy="Make what goes into it smaller: scale the inputs, normalize, or lower the "
        "learning rate.",
        layer=worst.name,
        code="x = torch.tanh(norm(x))  # norm = nn.LayerNorm(width)",
        check="saturation",
    )


def _squashers(flow: FlowFacts) -> list[LayerNumbers]:
    """Return the bounded functions that a later layer gets, which gates are not."""
    feeders = {id(feeding(flow, layer)) for layer in flow.weighted}
    return [
        layer
        for layer in flow.hidden_activations
        if layer.function in SQUASHERS and id(layer) in feeders
    ]


def _share(layer: LayerNumbers) -> float:
    return layer.output.saturated_fraction or 0.0


def _confidence(flow: FlowFacts, name: str, before: float) -> float:
    if before <= _SATURATED:
        return 0.3  # steps that are too large drive units there
    layer = flow.named(name)
    source = None if layer is None else feeding(flow, layer)
    is_huge = source is not None and (
        (source.has_weight and gain(source) > _HUGE) or measured_gain(source) > 2 * _HUGE
    )
    has_large_inputs = not math.isnan(flow.input_rms) and flow.input_rms > _LARGE_INPUT
    return 0.25 if is_huge or has_large_inputs else 0.5
