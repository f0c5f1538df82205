"""The learning rate is too low."""

from collections.abc import Iterator
from dataclasses import replace

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.sweep import Sweep
from headway.doctor.probes.watched import Watched
from headway.doctor.progress import progress
from headway.doctor.remedies.following import peak_lr
from headway.doctor.sweep_findings import is_only_sooner, rate_finding

# The best rate must be ten times higher.
_FACTOR = 10.0
# Where 1e-3 of a weight for an update is usual.
_SMALL_RATIO = 1e-5
# A rate that is only ahead at first has to win in whole trainings.
_IF_SOONER = 0.5


def check_lr_low(evidence: Evidence) -> Iterator[Finding]:
    """Find a rate far below the one that a sweep confirms."""
    sweep: Sweep | None = evidence.sweep
    course: Watched | None = evidence.course
    reached = progress(evidence)
    if sweep is not None and sweep.is_confirmed and sweep.nearest_factor >= _FACTOR:
        found = rate_finding("lr_low", sweep, reached, evidence.program.optimizer)
        doubt = _IF_SOONER if is_only_sooner(evidence) else 1.0
        yield replace(found, confidence=doubt * found.confidence)
    elif sweep is None and course is not None and reached.is_poor:
        lr = peak_lr(evidence.program)
        if course.median_ratio < _SMALL_RATIO or lr == 0:
            yield Finding(
                cause="lr_low",
                severity="error",
                confidence=0.45,
                evidence=(
                    f"With a learning rate of {lr:.2g} an update changes the weights by "
                    f"{course.median_ratio:.1g} of their norm, and {reached.describe()}."
                ),
                remedy="Raise the learning rate ten to a hundred times.",
                code='for group in optimizer.param_groups:\n    group["lr"] *= 10',
                check="lr_low",
            )
