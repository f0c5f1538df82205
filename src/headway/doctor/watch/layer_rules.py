"""Rules about the numbers of the layers."""

import math
from collections.abc import Iterator
from dataclasses import replace

from headway.doctor.finding import Finding
from headway.doctor.watch.sample import LayerSample, WeightSample
from headway.doctor.watch.view import View

# A half is what AutoTrainer (0.7) and SageMaker Debugger (0.5) say of dead and saturated units.
_DEAD = 0.5
_MOSTLY_DEAD = 0.9
_SATURATED = 0.5
# Relative gradient of a layer over the largest one: proposed first/last < 1e-3 by AutoTrainer.
_VANISHING = 1e-3
_LEAST_LAYERS = 3
# A gradient a hundred times as large as its weight, or as its own level before.
_EXPLODING = 100.0
# An update by this part of a weight is ten to a hundred times the usual one.
_LARGE_UPDATE = 0.1


def vanishing(view: View) -> Finding | None:
    """Find gradients that get lost on the way to the first layers."""
    weights = _hidden(view)
    if len(weights) < _LEAST_LAYERS or not view.losses.makes_no_progress:
        return None
    if dead(view) is not None or saturated(view) is not None:
        return None  # that is where they get lost
    first = weights[: max(1, len(weights) // 3)]
    smallest = min(first, key=lambda weight: weight.relative_grad)
    largest = max(weights, key=lambda weight: weight.relative_grad)
    if smallest.relative_grad >= _VANISHING * largest.relative_grad:
        return None
    return Finding(
        cause="vanishing_gradient",
        severity="warning",
        confidence=0.6,
        evidence=(
            f"The gradient of {smallest.layer} is {smallest.relative_grad:.1e} of its weight, "
            f"that of {largest.layer} {largest.relative_grad:.1e}; {view.course}."
        ),
        remedy="Use ReLU with He's initialization, normalization or residual connections.",
        layer=smallest.layer,
        check="watch",
    )


def exploding(view: View) -> Finding | None:
    """Find gradients that are far too large for the weights that they change."""
    weights = _hidden(view)
    is_lost = any(not math.isfinite(weight.grad_norm) for weight in weights)
    if not weights or not (is_lost or view.losses.makes_no_progress):
        return None
    largest = max(weights, key=lambda weight: _nan_as_inf(weight.relative_grad))
    value = _nan_as_inf(largest.relative_grad)
    if value < _EXPLODING:
        return None
    return Finding(
        cause="exploding_gradient",
        severity="warning",
        confidence=0.6,
        evidence=(
            f"The gradient of {largest.layer} is {value:.3g} times as large as its weight; "
            f"{view.course}."
        ),
        remedy="Clip the gradients, standardize the inputs and lower the learning rate.",
        layer=largest.layer,
        code="torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
        check="watch",
    )


def dead(view: View) -> Finding | None:
    """Find rectifiers most of whose units are always off."""
    worst = _worst(
        (layer, layer.dead_fraction) for layer in view.last.layers if layer.dead_fraction
    )
    if worst is None:
        return None
    layer, fraction = worst
    is_stuck = fraction > _MOSTLY_DEAD and view.losses.is_flat
    if fraction <= _DEAD or not (view.losses.makes_no_progress or is_stuck):
        return None
    return _or_thrown(
        view,
        Finding(
            cause="dead_units",
            severity="warning",
            confidence=0.5,
            evidence=(
                f"{fraction:.0%} of the units of {layer.name} are off for every sample; "
                f"{view.course}."
            ),
            remedy="Lower the learning rate, set biases to 0, or use a leaky ReLU.",
            layer=layer.name,
            check="watch",
        ),
    )


def saturated(view: View) -> Finding | None:
    """Find bounded activations that are on their flat sides."""
    # The last layer of a classifier shall be there.
    worst = _worst(
        (layer, layer.saturated_fraction)
        for layer in view.last.layers[:-1]
        if layer.saturated_fraction
    )
    if worst is None or worst[1] <= _SATURATED or not view.losses.makes_no_progress:
        return None
    layer, fraction = worst
    return _or_thrown(
        view,
        Finding(
            cause="saturation",
            severity="warning",
            confidence=0.5,
            evidence=(
                f"{fraction:.0%} of the values of {layer.name} are where {layer.function} "
                f"is flat; {view.course}."
            ),
            remedy="Scale the inputs and the initial weights down, or normalize before it.",
            layer=layer.name,
            check="watch",
        ),
    )


def _or_thrown(view: View, finding: Finding) -> Finding:
    """Return a finding with its cause: large steps throw units off, and they stay there."""
    largest = max((s.update_ratio for s in view.samples if s.update_ratio > 0), default=0.0)
    if largest <= _LARGE_UPDATE:
        return finding
    return replace(
        finding,
        cause="lr_high",
        evidence=f"{finding.evidence} A step changed the weights by {largest:.0%}.",
        remedy="Lower the learning rate ten times.",
    )


def _hidden(view: View) -> list[WeightSample]:
    return [
        weight
        for weight in view.last.weights
        if weight.kind in ("linear", "convolution") and weight.norm > 0
    ]


def _worst(
    pairs: Iterator[tuple[LayerSample, float | None]],
) -> tuple[LayerSample, float] | None:
    known = [(layer, value) for layer, value in pairs if value is not None]
    return max(known, key=lambda pair: pair[1], default=None)


def _nan_as_inf(value: float) -> float:
    return math.inf if math.isnan(value) else value
