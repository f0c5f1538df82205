"""Not even one batch can be learned by heart."""

from collections.abc import Iterator

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.overfit import Overfit
from headway.doctor.progress import progress


def check_overfit_one_batch(evidence: Evidence) -> Iterator[Finding]:
    """Find a program that fails on a single batch: a symptom with many possible causes."""
    overfit: Overfit | None = evidence.overfit
    reached = progress(evidence)
    if overfit is None or overfit.own.is_learned or not reached.is_poor:
        return
    own = overfit.own
    told = (
        f"{own.steps} updates on the same {overfit.samples} samples reach {own.metric:.2g}"
    )
    if overfit.adam is None or not overfit.adam.is_learned:
        yield Finding(
            cause="other",
            severity="error",
            confidence=0.2,
            evidence=f"{told}, and with Adam no more: something is wired wrongly.",
            remedy="Look for what keeps gradients or inputs from the weights.",
            check="overfit_one_batch",
        )
    elif evidence.sweep is None:
        yield Finding(
            cause="optimizer",
            severity="error",
            confidence=0.3,
            evidence=f"{told}, while Adam learns them all: the updates are at fault.",
            remedy="Train with Adam at a learning rate of 0.001.",
            code="optimizer = torch.optim.Adam(model.parameters(), lr=0.001)",
            check="overfit_one_batch",
        )
