"""Targets that the program itself replaces on their way to the loss."""

from collections.abc import Iterator

import torch
from torch import Tensor

from headway.doctor.checks.gated import gated
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.progress import progress

# Publications that disturb labels on purpose replace one in ten (Xie et al., "DisturbLabel",
# 2016. arXiv:1605.00055).
_MOST = 0.2
_CONFIDENCE = 0.85


def check_replaced_targets(evidence: Evidence) -> Iterator[Finding]:
    """Find a loss that is given other classes than the data has, sample by sample."""
    first: FirstBatch | None = evidence.first_batch
    if first is None or first.target is None:
        return
    if evidence.task.kind not in ("classes", "binary") or first.target.is_complex():
        return
    given = first.target.flatten()
    seen = [
        loss.target.flatten()
        for loss in first.losses
        if loss.is_of_output
        and loss.target is not None
        and loss.target.numel() == given.numel()
        and _has_classes(loss.target, given)
    ]
    shares = [float((target != given).double().mean()) for target in seen]
    # Mixed samples have a loss for the targets of each.
    if not shares or min(shares) < _MOST or any(_is_code(given, t) for t in seen):
        return
    yield from gated(
        progress(evidence),
        "bad_data",
        _CONFIDENCE,
        f"The loss gets other targets than the data has in {min(shares):.0%} of the samples: "
        "they are replaced or exchanged on the way.",
        "Give the loss the targets of its own samples.",
        doubt=1.0,
        code="loss = loss_fn(model(x), y)",
        check="replaced_targets",
    )


def _has_classes(target: Tensor, given: Tensor) -> bool:
    """Whether targets are classes of the data, and not values that a step makes of them."""
    return bool(torch.isin(target.double(), given.double().unique()).all())


def _is_code(given: Tensor, target: Tensor) -> bool:
    """Whether each target stands for another one, always the same."""
    pairs = torch.stack([given.double(), target.double()], dim=1).unique(dim=0)
    return len(pairs) <= len(given.unique())
