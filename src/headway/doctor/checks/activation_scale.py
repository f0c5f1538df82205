"""Weights far too small or far too large, and biases that decide before the input does."""

import math
from collections.abc import Iterator

from headway.doctor.checks.signal import (
    gain,
    has_shortcuts,
    is_normalized,
    is_trained,
    measured_gain,
    norm_behind,
    signal,
    symptom_severity,
)
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.flow import FlowFacts
from headway.measure.layer_numbers import LayerNumbers

# By how much a weight multiplies inputs of mean 0. Torch's default is .58, Xavier 1, He 1.41;
# GPT-2's 0.02 is .16 for 64 inputs. Below and above these is no known scheme.
_TINY = 0.05
_HUGE = 4.0
_FAR_TINY = 0.03
_FAR_HUGE = 5.0
# A layer that is huge by its weights but not by its output scales them itself.
_LEAST_GROWTH = 2.0
# Heads may have large weights if what goes into them is scaled, as in T5.
_LARGE_OUTPUT = 5.0
# A norm adds its eps to the variance; what is so much smaller stays as small as it is.
_DOMINANT = 10.0
# A bias that is larger than this many times what the input adds decides alone.
_BIAS = 3.0
_OFF = 0.9


def check_activation_scale(evidence: Evidence) -> Iterator[Finding]:
    """Find weights and biases of a scale that no initialization gives."""
    flow: FlowFacts | None = evidence.flow
    if flow is None:
        return
    yield from _huge(evidence, flow)
    yield from _tiny(evidence, flow)
    yield from _biases(evidence, flow)


def _huge(evidence: Evidence, flow: FlowFacts) -> Iterator[Finding]:
    layers = [
        layer
        for layer in _drawn(flow, with_head=True)
        if gain(layer) > _HUGE
        and (layer.kind == "recurrent" or measured_gain(layer) > _LEAST_GROWTH)
        and (layer is not flow.head or layer.output.rms > _LARGE_OUTPUT)
    ]
    free = [layer for layer in layers if not is_normalized(flow, layer)]
    worst = max(free or layers, key=gain, default=None)
    if worst is None:
        return
    is_far = bool(free) and gain(worst) > _FAR_HUGE
    yield _finding(
        evidence,
        worst,
        f"The weights of {worst.name} have a standard deviation of {_std(worst):.3g}, "
        f"{gain(worst) / math.sqrt(2):.3g} times what He et al. ask for; its output is "
        f"{measured_gain(worst):.3g} times as large as its input ({len(layers)} layers).",
        confidence=0.85 if is_far else 0.5 if free else 0.3,
    )


def _tiny(evidence: Evidence, flow: FlowFacts) -> Iterator[Finding]:
    drawn = _drawn(flow)
    layers = [
        layer
        for layer in drawn
        if 0.0 < gain(layer) < _TINY and not _is_rescaled(evidence, flow, layer)
    ]
    is_most = 2 * len(layers) >= len(drawn)
    if not layers or (has_shortcuts(flow) and not is_most):
        return
    worst = min(layers, key=gain)
    is_far = gain(worst) < _FAR_TINY and is_most and not has_shortcuts(flow)
    yield _finding(
        evidence,
        worst,
        f"The weights of {worst.name} have a standard deviation of {_std(worst):.3g}, "
        f"{gain(worst) / math.sqrt(2):.3g} times what He et al. ask for; of its input hardly "
        f"anything is left ({len(layers)} of {len(drawn)} layers).",
        confidence=0.85 if is_far else 0.6,
    )


def _is_rescaled(evidence: Evidence, flow: FlowFacts, layer: LayerNumbers) -> bool:
    """Whether a norm gives the output of a layer another scale, in spite of its eps."""
    norm = norm_behind(flow, layer)
    if norm is None:
        return False
    modules = dict(evidence.program.model.named_modules())
    eps = getattr(modules.get(norm.name), "eps", None)
    return not isinstance(eps, float) or eps <= _DOMINANT * signal(layer) ** 2


def _biases(evidence: Evidence, flow: FlowFacts) -> Iterator[Finding]:
    for layer in _drawn(flow):
        bias = layer.weight.bias_mean if layer.weight else None
        if bias is None or abs(bias) <= _BIAS * signal(layer) or abs(bias) < 1.0:
            continue
        is_off = layer.output.dead_fraction >= _OFF
        yield _finding(
            evidence,
            layer,
            f"The biases of {layer.name} are {bias:.3g} on average, while the input moves its "
            f"output by {signal(layer):.3g} only"
            + (
                f": {layer.output.dead_fraction:.0%} of its units are never above 0."
                * is_off
            )
            + ("." * (not is_off)),
            confidence=0.9 if is_off else 0.5,
            remedy="Start with biases of 0.",
            code=f"nn.init.zeros_({_reach(layer)}.bias)",
        )
        return


def _drawn(flow: FlowFacts, *, with_head: bool = False) -> list[LayerNumbers]:
    """Return the layers whose weights are trained from a draw."""
    weighted = flow.weighted if with_head else flow.hidden_weighted
    recurrent = [x for x in flow.layers if x.kind == "recurrent" and x.call == 0]
    return [x for x in (*weighted, *recurrent) if is_trained(x)]


def _std(layer: LayerNumbers) -> float:
    assert layer.weight is not None
    return layer.weight.std


def _finding(
    evidence: Evidence,
    layer: LayerNumbers,
    said: str,
    *,
    confidence: float,
    remedy: str = "Initialize the weights as their activation function asks: He for ReLU, "
    "Xavier for tanh.",
    code: str | None = None,
) -> Finding:
    draw = "kaiming_normal_" if _is_rectified(evidence.flow) else "xavier_normal_"
    return Finding(
        cause="init",
        severity=symptom_severity(evidence),
        confidence=confidence,
        evidence=said,
        remedy=remedy,
        layer=layer.name,
        code=code or f"nn.init.{draw}({_weight_of(evidence, layer)})",
        check="activation_scale",
    )


def _is_rectified(flow: FlowFacts | None) -> bool:
    return flow is not None and any(
        "elu" in layer.function for layer in flow.hidden_activations
    )


def _weight_of(evidence: Evidence, layer: LayerNumbers) -> str:
    """Return how its weight is reached, which may be a parameter of its own."""
    is_own = layer.name in dict(evidence.program.model.named_parameters())
    return f"model.{layer.name}" if is_own else f"{_reach(layer)}.weight"


def _reach(layer: LayerNumbers) -> str:
    """Return how the layer is reached in code."""
    return f'model.get_submodule("{layer.name}")'
