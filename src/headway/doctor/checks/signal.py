"""What the numbers of layers say about a chain of them: who feeds whom, who shrinks what."""

import math
from dataclasses import dataclass
from itertools import pairwise

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Severity
from headway.doctor.probes.flow import FlowFacts
from headway.doctor.progress import progress
from headway.measure.activation_functions import SQUASHERS
from headway.measure.layer_numbers import LayerNumbers

# Two roots of mean squares of the same tensor are equal up to rounding.
_SAME = 1e-3


def symptom_severity(evidence: Evidence) -> Severity:
    """Return how much a symptom matters: an error only where the program learns badly."""
    return "error" if progress(evidence).is_poor else "warning"


def is_learning(evidence: Evidence) -> bool:
    """Whether the program learns as well as what needs no network."""
    return progress(evidence).is_fine


def gain(layer: LayerNumbers) -> float:
    """Return by how much a weight multiplies inputs of mean 0: std times root of fan_in."""
    assert layer.weight is not None
    return layer.weight.std * math.sqrt(layer.weight.fan_in)


def signal(layer: LayerNumbers) -> float:
    """Return the root of the mean square of what differs between samples."""
    return layer.output.rms * layer.output.variation


def measured_gain(layer: LayerNumbers) -> float:
    """Return how much larger the output of a layer is than its input; NaN where unknown."""
    if not layer.input_rms:
        return math.nan
    return layer.output.rms / layer.input_rms


def gradient_norm(layer: LayerNumbers) -> float:
    """Return the norm of the gradient of the output for one sample; NaN without one."""
    if layer.grad_rms is None:
        return math.nan
    values = math.prod(layer.output.shape) / max(1, layer.output.num_samples)
    return layer.grad_rms * math.sqrt(values)


def is_trained(layer: LayerNumbers) -> bool:
    """Whether the weight of a layer wants a gradient."""
    return layer.weight is not None and layer.weight.requires_grad


def follows(layer: LayerNumbers, before: LayerNumbers) -> bool:
    """Whether a layer gets what the layer before it gave."""
    if layer.input_rms is None:
        return False
    return math.isclose(layer.input_rms, before.output.rms, rel_tol=_SAME, abs_tol=1e-30)


def feeding(flow: FlowFacts, layer: LayerNumbers) -> LayerNumbers | None:
    """Return the layer whose output, at most thinned by dropout or pooling, is its input."""
    place = flow.layers.index(layer)
    for before in reversed(flow.layers[:place]):
        if not follows(layer, before):
            return None
        if before.kind != "other":
            return before
        layer = before
    return None


def is_normalized(flow: FlowFacts, layer: LayerNumbers) -> bool:
    """Whether a norm layer takes the output of a layer, so that its scale is lost."""
    return norm_behind(flow, layer) is not None


def norm_behind(flow: FlowFacts, layer: LayerNumbers) -> LayerNumbers | None:
    """Return the norm layer that takes the output of a layer."""
    place = flow.layers.index(layer)
    after = flow.layers[place + 1 : place + 3]
    return next((x for x in after if x.kind == "norm" and follows(x, layer)), None)


def has_norms(flow: FlowFacts) -> bool:
    """Whether a norm layer stands before the last weight."""
    return any(layer.kind == "norm" for layer in flow.hidden)


def has_shortcuts(flow: FlowFacts) -> bool:
    """Whether some layer gets the sum of others, as behind a residual connection.

    Behind an activation, a norm or another layer the input is the output of one of them.
    """
    missing = [
        layer
        for before, layer in pairwise(flow.hidden)
        if layer.kind in ("linear", "convolution", "norm", "activation")
        and not follows(layer, before)
        and not any(follows(layer, other) for other in flow.layers if other is not layer)
    ]
    return len(missing) >= 2


@dataclass(frozen=True, kw_only=True)
class Shrinkage:
    """How the gradient shrinks on its way from the last hidden layer to the first.

    Attributes:
        first: The first layer with a weight that is trained.
        last: The last one before the head.
        ratio: Norm of the gradient at the output of the first over that of the last.
        by_squashers: The part of that ratio which bounded activation functions make.
        num_squashers: How many there are on the way.
        depth: Layers with a weight on the way.
    """

    first: LayerNumbers
    last: LayerNumbers
    ratio: float
    by_squashers: float
    num_squashers: int
    depth: int


def shrinkage(flow: FlowFacts) -> Shrinkage | None:
    """Return how the gradient shrinks, None where it does not run through three layers."""
    chain = [layer for layer in flow.hidden_weighted if layer.grad_rms is not None]
    if len(chain) < 3:
        return None
    first, last = chain[0], chain[-1]
    base = gradient_norm(last)
    if not base > 0 or not math.isfinite(base):
        return None
    begin, end = flow.layers.index(first), flow.layers.index(last)
    squashers = [
        (before, layer)
        for before, layer in pairwise(flow.layers[begin : end + 1])
        if layer.function in SQUASHERS and follows(layer, before)
    ]
    return Shrinkage(
        first=first,
        last=last,
        ratio=gradient_norm(first) / base,
        by_squashers=math.prod(_slope(*pair) for pair in squashers),
        num_squashers=len(squashers),
        depth=len(chain),
    )


def _slope(before: LayerNumbers, activation: LayerNumbers) -> float:
    if not before.grad_rms or not activation.grad_rms:
        return 1.0
    return min(1.0, before.grad_rms / activation.grad_rms)
