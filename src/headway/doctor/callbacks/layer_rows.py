"""A sample of the watch as rows of the run record."""

import math
from collections import defaultdict
from collections.abc import Sequence

from headway.doctor.watch import LayerSample, Sample, WeightSample
from headway.runs import LayerRow, merged


def layer_rows(sample: Sample) -> list[LayerRow]:
    """Return a row for each layer in the order in which they ran.

    Layers of which only the weights were seen, as inside of compiled code, stand behind the
    layer whose weights come before theirs.
    """
    outputs = {layer.name: layer for layer in sample.layers}
    weights: defaultdict[str, list[WeightSample]] = defaultdict(list)
    for weight in sample.weights:
        weights[weight.layer].append(weight)
    return [
        _row(name, outputs.get(name), weights.get(name, []))
        for name in merged(outputs, weights)
    ]


def _row(
    name: str, output: LayerSample | None, weights: Sequence[WeightSample]
) -> LayerRow:
    numbers: dict[str, float | None] = {}
    if output is not None:
        numbers["activation_std"] = output.std
        numbers["dead_fraction"] = output.dead_fraction
        numbers["saturated_fraction"] = output.saturated_fraction
    if weights:
        numbers["grad_norm"] = math.hypot(*(weight.grad_norm for weight in weights))
        numbers["update_ratio"] = _update_ratio(weights)
    kind = weights[0].kind if output is None else output.kind
    known = {key: value for key, value in numbers.items() if value is not None}
    return LayerRow(name=name, kind=kind, numbers=known)


def _update_ratio(weights: Sequence[WeightSample]) -> float | None:
    """Return the change of all weights of a layer over their norm, None where unknown."""
    known = [(w.norm, w.update_ratio) for w in weights if w.update_ratio is not None]
    if not known:
        return None
    norm = math.hypot(*(norm for norm, _ in known))
    return math.hypot(*(norm * ratio for norm, ratio in known)) / norm if norm > 0 else None
