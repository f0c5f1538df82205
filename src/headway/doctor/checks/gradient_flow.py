"""Gradients that vanish or explode on their way, and what is left to blame for it."""

from collections.abc import Iterator

from headway.doctor.checks.signal import (
    Shrinkage,
    gain,
    has_norms,
    has_shortcuts,
    is_learning,
    is_trained,
    shrinkage,
    signal,
    symptom_severity,
)
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.flow import FlowFacts
from headway.measure.layer_numbers import LayerNumbers

# Of the gradient at the last hidden layer, what arrives at the first: AutoTrainer (2021) calls
# less than 1e-3 vanishing.
_VANISHED = 1e-3
_EXPLODED = 1e3
# Bounded functions that let less than this through explain it.
_SQUASHED = 3e-2
# Depth from which ordinary weights can let a signal fade, and when it has.
_DEEP = 6
_FADED = 1e-2
_BLOWN_UP = 1e3
# Share of units below 0 for every sample by which a layer is off.
_OFF = 0.9
# Weights in this range are ordinary (torch's default is .58, He 1.41).
_ORDINARY = (0.1, 4.0)
# Weights below this, torch's default, were drawn too small for a chain without norms.
_LEAST_DEFAULT = 0.5


def check_gradient_flow(evidence: Evidence) -> Iterator[Finding]:
    """Find what fades or grows with depth, from the numbers before training."""
    flow: FlowFacts | None = evidence.flow
    if flow is None or is_learning(evidence):
        return
    yield from _faded(evidence, flow)
    chain = shrinkage(flow)
    if chain is None:
        return
    if chain.ratio < _VANISHED:
        yield _vanished(evidence, flow, chain)
    elif chain.ratio > _EXPLODED:
        yield _exploded(evidence, flow, chain)


def _faded(evidence: Evidence, flow: FlowFacts) -> Iterator[Finding]:
    """Deep chains of ordinary weights without anything that keeps the scale."""
    chain = [layer for layer in flow.hidden_weighted if is_trained(layer)]
    if len(chain) < _DEEP or has_norms(flow) or has_shortcuts(flow):
        return
    first, last = chain[0], chain[-1]
    if not signal(first) > 0 or _FADED < signal(last) / signal(first) < _BLOWN_UP:
        return
    gains = sorted(gain(layer) for layer in chain)
    typical = gains[len(gains) // 2]
    if not _ORDINARY[0] < typical < _ORDINARY[1]:
        return
    said = (
        f"What differs between samples is {signal(last) / signal(first):.2g} times as large "
        f"behind {last.name} as behind {first.name}: each of {len(chain)} layers in a row "
        f"multiplies by about {typical:.2g}, where ReLU needs 1.41 and tanh 1."
    )
    by_norm, by_draw = (0.45, 0.65) if typical < _LEAST_DEFAULT else (0.6, 0.45)
    yield _finding(evidence, "normalization", by_norm, said, _NORM, first, _NORM_CODE)
    yield _finding(evidence, "init", by_draw, said, _INIT, first, _INIT_CODE)


def _vanished(evidence: Evidence, flow: FlowFacts, chain: Shrinkage) -> Finding:
    said = (
        f"Of the gradient at {chain.last.name}, {chain.ratio:.1g} arrives at "
        f"{chain.first.name}, over {chain.depth} layers."
    )
    confidence = 0.25 if _is_explained(flow, chain) else 0.5
    return _finding(
        evidence, "vanishing_gradient", confidence, said, _SHORTCUT, chain.first
    )


def _exploded(evidence: Evidence, flow: FlowFacts, chain: Shrinkage) -> Finding:
    said = (
        f"The gradient at {chain.first.name} is {chain.ratio:.2g} times that at "
        f"{chain.last.name}, {chain.depth} layers behind it."
    )
    confidence = 0.25 if _is_explained(flow, chain) else 0.5
    return _finding(
        evidence,
        "exploding_gradient",
        confidence,
        said,
        _CLIP,
        chain.first,
        "nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # before optimizer.step()",
    )


def _is_explained(flow: FlowFacts, chain: Shrinkage) -> bool:
    """Whether activations, weights or biases are to blame, which other findings say."""
    gains = [gain(layer) for layer in flow.hidden_weighted if is_trained(layer)]
    is_ordinary = all(_ORDINARY[0] < value < _ORDINARY[1] for value in gains)
    is_off = any(layer.output.dead_fraction >= _OFF for layer in flow.hidden_weighted)
    is_deep = chain.depth >= _DEEP
    return chain.by_squashers < _SQUASHED or not is_ordinary or is_off or is_deep


def _finding(
    evidence: Evidence,
    cause: str,
    confidence: float,
    said: str,
    remedy: str,
    layer: LayerNumbers,
    code: str = "",
) -> Finding:
    return Finding(
        cause=cause,  # pyright: ignore[reportArgumentType]
        severity=symptom_severity(evidence),
        confidence=confidence,
        evidence=said,
        remedy=remedy,
        layer=layer.name,
        code=code,
        check="gradient_flow",
    )


_INIT = "Initialize the weights as their activation asks: He for ReLU, Xavier for tanh."
_INIT_CODE = """\
for module in model.modules():
    if isinstance(module, (nn.Linear, nn.Conv2d)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)"""
_NORM = "Put a normalization layer behind each of the layers."
_NORM_CODE = "x = F.relu(norm(layer(x)))  # norm = nn.BatchNorm1d(width) for each layer"
_SHORTCUT = "Add residual connections or normalization, or use fewer layers."
_CLIP = "Clip the norm of the gradient, and lower the scale of the weights."
