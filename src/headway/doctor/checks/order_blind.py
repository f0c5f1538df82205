"""Attention over a sequence whose order nothing tells."""

from collections.abc import Iterator

from headway.doctor.checks.gated import gated
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.baselines import Baselines
from headway.doctor.probes.updates import Updates
from headway.doctor.progress import Progress, progress
from headway.doctor.remedies.positions import AddPositions

# Sets have no order; only a trial tells them from sequences.
_CONFIDENCE = 0.5


def check_order_blind(evidence: Evidence) -> Iterator[Finding]:
    """Find answers that stay the same when the steps of their sequence change places."""
    updates: Updates | None = evidence.updates
    reached = progress(evidence)
    if updates is None or not updates.sequences.ignores_order or not reached.is_known:
        return
    if reached.is_fine and not reached.is_behind and not reached.has_room:
        return
    if _is_told_without_order(evidence, reached):
        return
    remedy = AddPositions()
    yield from gated(
        reached,
        "other",
        _CONFIDENCE,
        "The answers stay the same when the steps of a sequence are put in another order: "
        "attention has no places unless they are added.",
        remedy.describe(),
        code=remedy.snippet(),
        check="order_blind",
    )


def _is_told_without_order(evidence: Evidence, reached: Progress) -> bool:
    """Whether an answer that does not see the order either does clearly better."""
    baselines: Baselines | None = evidence.baselines
    return baselines is not None and baselines.unordered > reached.metric + reached.margin
