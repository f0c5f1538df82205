"""A network whose answers are made of one step of its sequences."""

from collections.abc import Iterator

from headway.doctor.checks.certain import absurd
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.updates import Updates
from headway.doctor.progress import progress

# Nobody gives a network whole sequences to read one step of them.
_CONFIDENCE = 0.9


def check_single_step(evidence: Evidence) -> Iterator[Finding]:
    """Find answers that stay the same, whatever all steps but the first or last one are."""
    updates: Updates | None = evidence.updates
    reached = progress(evidence)
    seen = updates.sequences.single_step if updates is not None else None
    if seen is None or not reached.is_known:
        return
    if reached.is_fine and not reached.is_behind:
        return
    yield absurd(
        evidence,
        "other",
        _CONFIDENCE,
        f"Only the {'first' if seen.is_first else 'last'} of {seen.steps} steps is read: the "
        "answers stay exactly the same when all others are replaced, and "
        f"{reached.describe()}.",
        "Read the state that has seen the whole sequence: the last step of a recurrent layer "
        "that reads forward, with batch_first as the data is.",
        code="last = output[:, -1]  # with batch_first=True, not output[:, 0]",
        is_mistake=True,
    )
