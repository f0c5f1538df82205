"""Outputs of a sample that depend on the other samples of its batch."""

from collections.abc import Iterator

from headway.doctor.checks.certain import certain
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.sample_mixing import SampleMixing
from headway.doctor.probes.updates import Updates
from headway.doctor.progress import progress


def check_mixed_samples(evidence: Evidence) -> Iterator[Finding]:
    """Find an axis of samples that is taken for steps, or mixed with others by a reshape."""
    updates: Updates | None = evidence.updates
    if updates is None or updates.mixing is None or not updates.mixing.is_certain:
        return
    mixing = updates.mixing
    # Samples in their own order may be steps of one sequence, and a batch its window.
    is_in_order = updates.order is not None and updates.order.is_same_again
    if is_in_order and progress(evidence).is_fine:
        return
    yield certain(
        "shape_broadcast",
        f"In evaluation mode the outputs of a sample {_change(mixing)}{_where(mixing)}.",
        "Give the layer the axes in the order that it expects."
        if mixing.layer is not None
        else "Use permute or transpose where axes are to be swapped, not reshape or view.",
        layer=mixing.layer,
        code=_code(mixing),
    )


def _change(mixing: SampleMixing) -> str:
    if mixing.is_blind:
        return "are the same whatever the sample is"
    by_others = max(mixing.by_order, mixing.by_others)
    return f"change by {by_others:.2g} of their spread with the other samples of its batch"


def _where(mixing: SampleMixing) -> str:
    if mixing.layer is None:
        return ": axes are mixed on the way"
    return f": {mixing.kind} {mixing.layer} takes the samples for the steps of a sequence"


def _code(mixing: SampleMixing) -> str:
    if mixing.layer is None:
        return "x = x.permute(0, 2, 1)  # not x.view(...)"
    return f"nn.{mixing.kind}(..., batch_first={not mixing.takes_batch_first})"
