"""A norm layer behind the last layer, so that answers have the scale that it gives them."""

from collections.abc import Iterator

from headway.doctor.checks.gated import gated
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.operations import NORMS
from headway.doctor.progress import progress
from headway.doctor.remedies.last_norm import RemoveLastNorm

# Its own scale and offset can make up for it, though they take many updates: trials decide.
_CONFIDENCE = 0.6


def check_last_norm(evidence: Evidence) -> Iterator[Finding]:
    """Find values that a norm layer brings to a mean of 0 and a deviation of 1."""
    first: FirstBatch | None = evidence.first_batch
    head = first.head if first is not None else None
    reached = progress(evidence)
    if head is None or head.op not in NORMS or evidence.task.kind != "values":
        return
    if not reached.is_known or (reached.is_fine and not reached.has_room):
        return
    remedy = RemoveLastNorm()
    yield from gated(
        reached,
        "normalization",
        _CONFIDENCE,
        f"The answers come out of {head.op} in {head.layer or 'the model'}: they have a mean "
        "of 0 and a deviation of 1 until its scale and offset have learned others.",
        remedy.describe(),
        doubt=1.0,
        layer=head.layer or None,
        code=remedy.snippet(),
        check="last_norm",
    )
