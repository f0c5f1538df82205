"""A loss that is not the mean over its batch."""

import math
from collections.abc import Iterator

from headway.doctor.checks.certain import certain
from headway.doctor.checks.gated import gated
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Cause, Finding
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.progress import progress

_CAUSE: Cause = "loss_mismatch"


def of_reduction(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """Find a loss that is a number for each sample, or a sum over them."""
    yield from _not_reduced(first)
    yield from _summed(evidence, first)


def _not_reduced(first: FirstBatch) -> Iterator[Finding]:
    if "can be implicitly created only for scalar outputs" in first.error:
        yield certain(
            _CAUSE,
            "The loss returns a number for each sample, and backward needs one number.",
            "Take the mean of the loss.",
            code="loss = loss_fn(output, target).mean()",
        )


def _summed(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    seen = next((seen for seen in first.losses if seen.is_of_output), None)
    if seen is None or seen.call.kwargs.get("reduction") != "sum":
        return
    if not math.isclose(float(seen.call.result.detach()), first.loss, rel_tol=1e-3):
        # The program divides it itself, or adds other terms.
        return
    yield from gated(
        progress(evidence),
        _CAUSE,
        0.55,
        f"{seen.name} is summed over the batch, so that steps grow with its size.",
        "Take the mean over the batch.",
        warns=False,
        code="loss_fn = type(loss_fn)()  # reduction='mean'",
    )
