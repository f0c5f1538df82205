"""Gradients of earlier updates that are used again because nothing zeroes them."""

from collections.abc import Iterator

from headway.doctor.checks.naming import listed
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.updates import Updates

# An optimizer uses a gradient with parts from before its last step only by mistake; a second
# time rules out one odd first update.
_LEAST_STALE = 2


def check_zero_grad_missing(evidence: Evidence) -> Iterator[Finding]:
    """Find optimizer steps whose gradient has parts from before the step before."""
    updates: Updates | None = evidence.updates
    if updates is None:
        return
    stale = [p for p in updates.parameters if p.stale >= _LEAST_STALE]
    if not stale:
        return
    most = max(stale, key=lambda p: p.stale)
    norms = [u.used_grad_norm for u in updates.updates if u.optimizer_steps]
    yield Finding(
        cause="zero_grad_missing",
        severity="error",
        confidence=0.98,
        is_certain=True,
        evidence=(
            f"in {most.stale} of {most.used} optimizer steps the gradient of "
            f"{listed([p.name for p in stale])} still holds that of updates before the last "
            f"step; its norm goes from {norms[0]:.3g} to {norms[-1]:.3g}."
        ),
        remedy="Zero the gradients before each backward pass that follows a step.",
        code="optimizer.zero_grad()\nloss.backward()\noptimizer.step()",
        check="zero_grad_missing",
    )
