"""A first loss far above that of an answer that knows nothing."""

import math
from collections.abc import Iterator

from headway.doctor.checks.gated import gated
from headway.doctor.checks.input_scale import oddity_of
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.loss_records import Entry
from headway.doctor.progress import Progress, progress

# Usual initializations stay within 20 % for softmax; this much is 3 nats too sure of 10
# classes.
_TIMES = 3.0
# Targets so far from 0, in their own deviations, or so large make the first loss large.
_OFFSET = 3.0
_LARGE = 10.0


def check_loss_at_start(evidence: Evidence) -> Iterator[Finding]:
    """Find a first loss of more than three times that of the best constant answer."""
    first: FirstBatch | None = evidence.first_batch
    if first is None or first.facts is None or first.output is None:
        return
    own, constant = first.facts.own, first.facts.constant
    if evidence.task.kind != "values" and math.isfinite(first.facts.zero):
        # Of rare classes a constant answer knows much; no network begins with that.
        constant = max(constant, first.facts.zero)
    if not math.isfinite(own + constant) or constant <= 0 or own < _TIMES * constant:
        return
    told = (
        f"The loss begins at {own:.3g}, {own / constant:.3g} times that of the best constant "
        f"answer, {constant:.3g}"
    )
    reached = progress(evidence)
    if evidence.task.kind == "values" and first.target is not None:
        center, spread = (
            float(first.target.float().mean()),
            float(first.target.float().std()),
        )
        if abs(center) > _OFFSET * spread or spread > _LARGE:
            yield from _of_raw_targets(first, reached, told, center, spread)
            return
    if any(oddity_of(entry) for entry in first.entries if not entry.is_normalized):
        return
    yield from gated(
        reached,
        "init",
        0.5,
        f"{told}: outputs of {first.output.mean_abs:.3g} in the mean are too sure.",
        "Begin with a smaller last layer.",
        warns=False,
        layer=first.head.layer or None if first.head else None,
        code="with torch.no_grad():\n    last_layer.weight.mul_(0.1)",
        check="loss_at_start",
    )


def _of_raw_targets(
    first: FirstBatch, reached: Progress, told: str, center: float, spread: float
) -> Iterator[Finding]:
    """Targets in their raw size, alone, beside raw inputs, or so that training diverges."""
    if any(_is_large(entry) for entry in first.entries):
        yield from gated(
            reached,
            "input_scale",
            0.65,
            f"{told}: inputs and targets both come in their raw size, targets with "
            f"mean {center:.3g} and deviation {spread:.3g}.",
            "Standardize inputs and targets with the numbers of the training data.",
            warns=False,
            code="x, y = (x - x_train.mean()) / x_train.std(), "
            "(y - y_train.mean()) / y_train.std()",
            check="loss_at_start",
        )
    if reached.has_diverged:
        yield from gated(
            reached,
            "exploding_gradient",
            0.6,
            f"{told}: targets of deviation {spread:.3g} make gradients of that size.",
            "Standardize the targets, or clip the gradient.",
            warns=False,
            code="nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
            check="loss_at_start",
        )
    yield from gated(
        reached,
        "label_encoding",
        0.6,
        f"{told}: the targets have mean {center:.3g} and deviation {spread:.3g}, and the "
        "outputs begin near 0.",
        "Standardize the targets with the numbers of the training data.",
        warns=False,
        code="y = (y - y_train.mean()) / y_train.std()",
        check="loss_at_start",
    )


def _is_large(entry: Entry) -> bool:
    """Whether inputs are far too large where they meet the first weights."""
    values = entry.values.detach()
    if entry.is_embedded or entry.is_normalized or not values.is_floating_point():
        return False
    return float(values.float().square().mean().sqrt()) > _LARGE
