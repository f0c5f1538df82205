"""What stands between the layers: nothing, a softmax, or functions that shrink too much."""

from collections.abc import Iterator

from headway.doctor.checks.signal import (
    Shrinkage,
    feeding,
    has_norms,
    has_shortcuts,
    is_learning,
    is_trained,
    shrinkage,
    symptom_severity,
)
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.flow import FlowFacts
from headway.measure.activation_functions import SOFTMAXES
from headway.measure.layer_numbers import LayerNumbers

# A network this close to an affine map of its input is one up to rounding: networks with
# activations, also tanh at small weights, are 100 times further from it.
_AFFINE = 1e-4
# Kinds of layers that are affine by themselves.
_PLAIN = frozenset({"linear", "convolution", "norm", "other"})
# Bounded functions as much in a row let less than this of the gradient through.
_SHRINKS = 1e-1
_SHRINKS_MUCH = 1e-2
_VANISHED = 1e-3
# Shallow networks of sigmoids often learn well.
_SUSPECTED = 0.4


def check_hidden_activation(evidence: Evidence) -> Iterator[Finding]:
    """Find a network without activations, with a softmax inside, or with fading ones."""
    flow: FlowFacts | None = evidence.flow
    if flow is None:
        return
    yield from _linear(evidence, flow)
    yield from _softmax(evidence, flow)
    yield from _squashed(evidence, flow) or _sigmoids(evidence, flow)


def _linear(evidence: Evidence, flow: FlowFacts) -> Iterator[Finding]:
    trained = [layer for layer in flow.weighted if is_trained(layer)]
    if len(trained) < 2 or flow.hidden_activations or not flow.has_only <= _PLAIN:
        return
    is_affine = flow.curvature < _AFFINE
    if _is_bottleneck(trained) and evidence.task.targets_equal_inputs:
        return  # a linear autoencoder, which is principal components
    if not is_affine and is_learning(evidence):
        return
    yield Finding(
        cause="hidden_activation",
        severity="warning" if is_learning(evidence) else "error",
        confidence=0.95 if is_affine else 0.6,
        evidence=(
            f"There is no nonlinearity between {trained[0].name} and {trained[-1].name}: "
            f"{len(trained)} layers with weights are one affine map"
            + (f" (its answers differ from one by {flow.curvature:.1g})." * is_affine)
            + (", apart from pooling or the like." * (not is_affine))
        ),
        remedy="Put an activation function such as ReLU behind every layer but the last.",
        layer=trained[0].name,
        code="x = F.relu(layer(x))  # behind each hidden layer",
        check="hidden_activation",
        is_certain=is_affine and not _is_bottleneck(trained),
    )


def _is_bottleneck(trained: list[LayerNumbers]) -> bool:
    widths = [layer.output.num_units for layer in trained[:-1]]
    first = trained[0].weight
    ends = trained[-1].output.num_units, first.fan_in if first else 0
    return min(widths) < min(ends)


def _softmax(evidence: Evidence, flow: FlowFacts) -> Iterator[Finding]:
    for layer in flow.weighted[1:]:
        before = feeding(flow, layer)
        while before is not None and before.kind == "norm":
            before = feeding(flow, before)
        if before is None or before.function not in SOFTMAXES:
            continue
        if before.function == "gumbel_softmax" or before.output.num_units < 2:
            continue
        yield Finding(
            cause="hidden_activation",
            severity=symptom_severity(evidence),
            confidence=0.85,
            evidence=(
                f"{layer.name} gets the output of {before.name}: a softmax in the middle of "
                f"the network leaves {before.output.rms:.2g} on average of "
                f"{before.input_rms or 0:.2g}, shared by {before.output.num_units} units."
            ),
            remedy="Replace the softmax between layers by ReLU or the like.",
            layer=before.name,
            code="x = F.relu(x)  # instead of softmax",
            check="hidden_activation",
        )
        return


def _squashed(evidence: Evidence, flow: FlowFacts) -> list[Finding]:
    chain = shrinkage(flow)
    if chain is None or chain.num_squashers < 2 or has_shortcuts(flow):
        return []
    if is_learning(evidence) or max(chain.by_squashers, chain.ratio) > _SHRINKS:
        return []
    said = (
        f"{chain.num_squashers} functions such as {_function(flow)} let "
        f"{chain.by_squashers:.2g} of the gradient through between {chain.last.name} and "
        f"{chain.first.name}, where {chain.ratio:.2g} of it arrives."
    )
    confidence = _confidence(chain) * (0.6 if has_norms(flow) else 1.0)
    return [_squasher_finding(evidence, chain.first, confidence, said)]


def _sigmoids(evidence: Evidence, flow: FlowFacts) -> list[Finding]:
    """Name sigmoids between layers, which may be to blame where nothing else is."""
    feeders = [feeding(flow, layer) for layer in flow.weighted[1:]]
    found = [
        layer for layer in feeders if layer is not None and layer.function == "sigmoid"
    ]
    if not found or is_learning(evidence):
        return []
    said = (
        f"{found[0].name} is a sigmoid between layers, which lets at most a quarter of the "
        f"gradient through ({len(found)} of them)."
    )
    return [_squasher_finding(evidence, found[0], _SUSPECTED, said)]


def _squasher_finding(
    evidence: Evidence, layer: LayerNumbers, confidence: float, said: str
) -> Finding:
    return Finding(
        cause="hidden_activation",
        severity=symptom_severity(evidence),
        confidence=confidence,
        evidence=said,
        remedy="Replace sigmoid and tanh between layers by ReLU or the like.",
        layer=layer.name,
        code="x = F.relu(x)  # instead of sigmoid or tanh",
        check="hidden_activation",
    )


def _confidence(chain: Shrinkage) -> float:
    if chain.ratio < _VANISHED and chain.by_squashers < _SHRINKS_MUCH:
        return 0.85
    return 0.7 if chain.ratio < _SHRINKS_MUCH else 0.5


def _function(flow: FlowFacts) -> str:
    return next((x.function for x in flow.hidden_activations if x.function), "these")
