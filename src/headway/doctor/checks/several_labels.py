"""A loss that shares one whole among labels of which several hold at once."""

from collections.abc import Iterator

import torch
from torch import Tensor

from headway.doctor.checks.certain import certain
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.first_batch import FirstBatch

# Of labels that exclude each other, fewer rows than this have two by mistake.
_LEAST_SHARE = 0.1


def of_several_labels(evidence: Evidence, first: FirstBatch) -> Iterator[Finding]:
    """Find a loss that sees only which labels are likelier than others, not which hold.

    The level of the outputs, which tells yes from no, is then left to chance. Where the
    metric asks for the order alone, that is enough.
    """
    facts, target = first.facts, first.target
    if evidence.task.kind != "multilabel" or facts is None or target is None:
        return
    share = _share_of_several(target, sum(evidence.task.levels) / 2)
    if not facts.is_same_for_all or share < _LEAST_SHARE or wants_order(first):
        return
    # What nothing is known to read may be meant for an order, unless its loss is for classes.
    is_named = first.loss_named("cross_entropy") is not None
    if not is_named and first.metric is None and evidence.program.metric is None:
        return
    yield certain(
        "loss_mismatch",
        f"In {share:.0%} of the targets several labels hold at once, and the loss is the same "
        "when all outputs of a sample rise or fall together: it says which label is likelier "
        "than another, as a softmax does, and not which of them hold.",
        "Use BCEWithLogitsLoss: each label is a yes or no of its own.",
        code="loss_fn = nn.BCEWithLogitsLoss()",
    )


def wants_order(first: FirstBatch) -> bool:
    """Whether the program's own metric asks only which labels are likelier than others."""
    return first.metric is not None and first.metric.is_of_order


def _share_of_several(target: Tensor, middle: float) -> float:
    """Return the share of samples or positions that more than one label of holds."""
    if target.dim() < 2:
        return 0.0
    return float(((target > middle).sum(dim=1) > 1).to(torch.float32).mean())
