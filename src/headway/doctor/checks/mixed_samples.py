"""Outputs of a sample that depend on the other samples of its batch."""

from collections.abc import Iterator

from headway.doctor.checks.certain import absurd, certain
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.sample_mixing import SampleMixing
from headway.doctor.probes.updates import Updates
from headway.doctor.progress import progress

_SURE = 0.95


def check_mixed_samples(evidence: Evidence) -> Iterator[Finding]:
    """Find an axis of samples that is taken for steps, or mixed with others by a reshape."""
    updates: Updates | None = evidence.updates
    if updates is None or updates.mixing is None:
        return
    mixing = updates.mixing
    if not mixing.is_certain:
        yield from _weighed_over_samples(evidence, mixing)
        return
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


def _weighed_over_samples(evidence: Evidence, mixing: SampleMixing) -> Iterator[Finding]:
    """Find weights of attention that sum up to one over the samples and not over the steps.

    The order of the samples does not matter then, as in the statistics of a batch.
    """
    first: FirstBatch | None = evidence.first_batch
    if first is None or not mixing.depends_on_others:
        return
    head = first.head
    along = [d for d in first.dangers if d.op.endswith("softmax") and d.layer is not None]
    if not along or (head is not None and head.op.endswith("softmax")):
        return
    layer = along[0].layer
    yield absurd(
        evidence,
        "other",
        _SURE,
        f"A {along[0].op} in {layer or 'the model'} goes along the samples of the batch: in "
        f"evaluation mode the outputs of a sample {_change(mixing)}.",
        "Let it go along the steps that attention weighs, the last axis as a rule.",
        layer=layer or None,
        code="weights = scores.softmax(dim=-1)",
        is_mistake=True,
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
