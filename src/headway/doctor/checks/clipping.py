"""Gradients that are clipped too late, or until next to nothing of them is left."""

from collections.abc import Iterator

import torch

from headway.doctor.checks.certain import absurd
from headway.doctor.checks.gated import gated
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.clipping import Clipping
from headway.doctor.probes.updates import Updates
from headway.doctor.progress import progress

# Clipping is there for the few gradients that are too long.
_KEPT = 0.1
_CONFIDENCE = 0.85
# Nine gradients of ten pass such a bound.
_PERCENTILE = 90


def check_clipping(evidence: Evidence) -> Iterator[Finding]:
    """Find clipping that comes too late, or a bound far below the gradients."""
    updates: Updates | None = evidence.updates
    reached = progress(evidence)
    if updates is None or updates.clipping is None:
        return
    if updates.clipping.is_late:
        yield _late(evidence, updates.clipping)
        return
    if not reached.is_known:
        return
    if reached.is_fine and not reached.is_behind and not reached.has_room:
        return
    seen = updates.clipping
    if seen.kept >= _KEPT or not _slows(evidence, seen):
        return
    norms = torch.tensor(seen.norms)
    bound = float(norms.quantile(_PERCENTILE / 100))
    yield from gated(
        reached,
        "optimizer",
        _CONFIDENCE,
        f"{_named(seen)} leaves {seen.kept:.2g} of the gradient in each update: its norm "
        f"is {float(norms.min()):.2g} to {float(norms.max()):.2g}, and the bound "
        f"{seen.bound:g}.",
        f"Clip the norm at about {bound:.2g}, percentile {_PERCENTILE} of what was seen.",
        code=f"torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm={bound:.2g})",
        check="clipping",
    )


def _late(evidence: Evidence, seen: Clipping) -> Finding:
    return absurd(
        evidence,
        "exploding_gradient",
        _CONFIDENCE,
        f"{_named(seen)} runs behind the optimizer's step, which has used the gradients "
        f"as they were: their norm is {min(seen.norms):.2g} to {max(seen.norms):.2g}.",
        "Clip between backward and step.",
        code="loss.backward()\n"
        f"torch.nn.utils.clip_grad_norm_(model.parameters(), {seen.bound:g})\n"
        "optimizer.step()",
    )


def _named(seen: Clipping) -> str:
    return f"{seen.function} ({seen.line})" if seen.line else seen.function


def _slows(evidence: Evidence, seen: Clipping) -> bool:
    """Whether the optimizer makes smaller steps of smaller gradients.

    Adam and its kin divide by the typical gradient, as long as it is above their eps.
    """
    given = [group.get("eps") for group in evidence.program.optimizer.param_groups]
    eps = [value for value in given if isinstance(value, float)]
    return not eps or seen.rms < max(eps)
