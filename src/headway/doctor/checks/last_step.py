"""A recurrent network that is asked after it has read the padding."""

from collections.abc import Iterator

from headway.doctor.checks.gated import gated
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.updates import Updates
from headway.doctor.progress import progress

# Gates keep a memory over some steps of padding, and hardly over most of a sequence.
_CONFIDENCE = 0.85


def check_last_step(evidence: Evidence) -> Iterator[Finding]:
    """Find a last step that is read, though most sequences ended long before."""
    updates: Updates | None = evidence.updates
    reached = progress(evidence)
    seen = updates.sequences.last_step if updates is not None else None
    if seen is None or not reached.is_known:
        return
    if reached.is_fine and not reached.is_behind and not reached.has_room:
        return
    yield from gated(
        reached,
        "other",
        _CONFIDENCE,
        f"{seen.kind} {seen.layer} is read at the last of {seen.steps} steps, "
        f"{seen.padding:.0f} steps of padding after the end of a sequence in the mean.",
        "Read each sequence at its own end: pack it, pick its last step, or pad it in front.",
        layer=seen.layer,
        code=(
            "lengths = (x != PADDING).sum(dim=1)\n"
            "last = output[torch.arange(len(x)), lengths - 1]  # not output[:, -1]"
        ),
        check="last_step",
    )
