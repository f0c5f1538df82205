"""A recurrent network that never hears of the first half of its sequences."""

from collections.abc import Iterator

from headway.doctor.checks.gated import gated
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.baselines import Baselines
from headway.doctor.probes.memory import Memory
from headway.doctor.progress import Progress, progress
from headway.doctor.remedies.recurrence import OpenGates

# Answers without a network show what the first half tells, and the program does not know it.
_CONFIDENCE = 0.85
_DOUBT = 0.8
# A network that learns nothing may have other reasons.
_LEARNS_NOTHING = 0.8


def check_memory(evidence: Evidence) -> Iterator[Finding]:
    """Find steps that gradients do not reach, and that answers depend on."""
    memory: Memory | None = evidence.memory
    reached = progress(evidence)
    if memory is None or not memory.has_vanished or not reached.is_complete:
        return
    told = _needs_early_steps(evidence.baselines, memory.late, reached)
    if not told and not _learns_nothing(reached):
        return
    remedy = OpenGates()
    yield from gated(
        reached,
        "vanishing_gradient",
        _CONFIDENCE if told else _LEARNS_NOTHING,
        f"Of the gradient by the step that has most, {memory.start:.1g} arrives in the first "
        f"half of {memory.steps} steps before training, and {memory.end:.1g} after it.{told}",
        remedy.describe(),
        doubt=_DOUBT if told else 1.0,
        code=remedy.snippet(),
        check="memory",
    )


def _needs_early_steps(
    full: Baselines | None, late: Baselines | None, reached: Progress
) -> str:
    """Say what the first half tells that the program does not know, or nothing."""
    is_behind = reached.metric < reached.good - reached.margin
    if full is None or late is None or not is_behind:
        return ""
    if not full.good > late.good + reached.margin:
        return ""
    return (
        f" Without a network {full.good:.3g} is reached from all steps and "
        f"{late.good:.3g} from the second half, and by the program {reached.metric:.3g}."
    )


def _learns_nothing(reached: Progress) -> bool:
    """Whether not even the training data is fitted better than by a constant answer."""
    learned = max(reached.metric, reached.train_metric)
    return reached.is_known and learned <= reached.dumb + 2 * reached.margin
