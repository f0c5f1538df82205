"""The network answers the same whatever its input is."""

from collections.abc import Iterator

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.ablation import Ablation
from headway.doctor.probes.watched import Watched
from headway.doctor.progress import progress

# Outputs that vary by less than this share of themselves before training pass on nothing that
# gradients could amplify.
_FADED = 1e-3
# An update-to-weight ratio that can push units out of the range of all inputs.
_LARGE_RATIO = 0.2


def check_input_blind(evidence: Evidence) -> Iterator[Finding]:
    """Find outputs without spread over a batch, and say where the spread was lost."""
    ablation: Ablation | None = evidence.ablation
    course: Watched | None = evidence.course
    reached = progress(evidence)
    if ablation is None or course is None or not ablation.is_blind or not reached.is_stuck:
        return
    told = (
        f"Outputs vary by {ablation.spread_at_end:.1%} of themselves over a batch after "
        f"training, and by {ablation.spread_at_start:.1%} before"
    )
    if ablation.spread_at_start < _FADED:
        yield Finding(
            cause="init",
            severity="error",
            confidence=0.3,
            evidence=f"{told}: the signal of the input fades on its way.",
            remedy="Initialize the weights for the activation (He for ReLU), or normalize.",
            code="nn.init.kaiming_normal_(layer.weight)",
            check="input_blind",
        )
    elif course.largest_ratio > _LARGE_RATIO:
        yield Finding(
            cause="lr_high",
            severity="error",
            confidence=0.35,
            evidence=(
                f"{told}: updates of {course.largest_ratio:.0%} of the weights destroyed it."
            ),
            remedy="Lower the learning rate ten times.",
            code='for group in optimizer.param_groups:\n    group["lr"] /= 10',
            check="input_blind",
        )
    else:
        yield Finding(
            cause="dead_units",
            severity="error",
            confidence=0.25,
            evidence=f"{told}: units stopped to answer during training.",
            remedy="Lower the learning rate, or use an activation that cannot die.",
            code="nn.LeakyReLU()",
            check="input_blind",
        )
