"""Units that are never active, so that no gradient reaches them."""

from collections.abc import Iterator

from headway.doctor.checks.signal import follows, is_learning, symptom_severity
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.flow import FlowFacts
from headway.doctor.progress import progress
from headway.measure.activation_functions import HARD_RECTIFIERS
from headway.measure.layer_numbers import LayerNumbers

# Share of a layer's units: SageMaker Debugger's rule for dead ReLU; healthy networks have up
# to a third after training.
_DEAD = 0.5
# Fewer samples cannot tell a dead unit from one that is seldom active.
_LEAST_SAMPLES = 64
_LEAST_UNITS = 4
# Where samples differ by less than this, a unit is off for all of them or for none.
_FADED = 0.2


def check_dead_units(evidence: Evidence) -> Iterator[Finding]:
    """Find layers most of whose units are 0 for every sample, at the start or at the end."""
    early: FlowFacts | None = evidence.flow
    late: FlowFacts | None = evidence.late_flow
    if early is None or is_learning(evidence):
        return
    start = {layer.name: layer.output.silent_fraction for layer in _rectifiers(early)}
    dead = [layer for layer in _rectifiers(late or early) if _share(layer) > _DEAD]
    worst = max(dead, key=_share, default=None)
    if worst is None:
        return
    before = start.get(worst.name, 0.0)
    if progress(evidence).has_diverged and before <= _DEAD:
        # Whatever made the loss no number took the units with it.
        return
    yield _finding(evidence, worst, before, is_explained=_is_explained(early, worst.name))


def _rectifiers(flow: FlowFacts) -> list[LayerNumbers]:
    """Return the activations with an exact 0 that have enough samples and units."""
    return [
        layer
        for layer in flow.hidden_activations
        if layer.function in HARD_RECTIFIERS
        and layer.output.num_units >= _LEAST_UNITS
        and layer.output.num_samples >= _LEAST_SAMPLES
        and layer.output.finite_fraction == 1.0
    ]


def _share(layer: LayerNumbers) -> float:
    return layer.output.silent_fraction


def _is_explained(flow: FlowFacts, name: str) -> bool:
    """Whether biases or a signal that has faded say why it is so from the start."""
    layer = flow.named(name)
    if layer is None or _share(layer) <= _DEAD:
        return False
    place = flow.layers.index(layer)
    before = flow.layers[place - 1] if place else None
    has_bias = before is not None and before.weight is not None
    if not has_bias or before is None or not follows(layer, before):
        return False
    bias = before.weight.bias_mean if before.weight else None
    return before.output.variation < _FADED or (bias is not None and bias < -1.0)


def _finding(
    evidence: Evidence, layer: LayerNumbers, before: float, *, is_explained: bool
) -> Finding:
    is_from_start = before > _DEAD
    said = (
        f"{_share(layer):.0%} of the {layer.output.num_units} units of {layer.name} are 0 for "
        f"all of {layer.output.num_samples} samples"
    )
    when = " from the start." if is_from_start else f", {before:.0%} before training."
    return Finding(
        cause="dead_units",
        severity=symptom_severity(evidence),
        # Units that die in training are killed by steps that are too large.
        confidence=0.4 if is_from_start and not is_explained else 0.3,
        evidence=said + when,
        remedy="Use LeakyReLU or GELU, with He initialization and biases of 0."
        if is_from_start
        else "Lower the learning rate, or use LeakyReLU or GELU.",
        layer=layer.name,
        code="x = F.leaky_relu(x)  # instead of F.relu(x)",
        check="dead_units",
    )
