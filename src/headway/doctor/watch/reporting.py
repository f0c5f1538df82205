"""What the watch has seen, in a few lines."""

import math
from collections.abc import Iterator, Sequence

from headway.doctor.watch.alarms import Alarm
from headway.doctor.watch.view import View


def report_text(view: View, alarms: Sequence[Alarm], problem: str) -> str:
    """Return the course of the loss, the newest numbers of the layers, and the alarms."""
    return "\n".join(_lines(view, alarms, problem))


def _lines(view: View, alarms: Sequence[Alarm], problem: str) -> Iterator[str]:
    seen = f"{view.step} steps, {view.num_samples} of them sampled"
    yield seen if math.isnan(view.losses.start) else f"{seen}; {view.course}"
    ratio = view.last.update_ratio
    if not math.isnan(ratio):
        yield f"a step changes the weights by {ratio:.1e} of their norm"
    for layer in view.last.layers:
        notes = [f"std {layer.std:.3g}"]
        if layer.dead_fraction is not None:
            notes.append(f"{layer.dead_fraction:.0%} dead")
        if layer.saturated_fraction is not None:
            notes.append(f"{layer.saturated_fraction:.0%} saturated")
        yield f"  {layer.name}: {', '.join(notes)}"
    for weight in view.last.weights:
        yield f"  {weight.name}: gradient {weight.relative_grad:.1e} of the weight"
    if problem:
        yield f"the network is no longer sampled: {problem}"
    for alarm in alarms:
        yield str(alarm)
    if not alarms:
        yield "no alarms"
