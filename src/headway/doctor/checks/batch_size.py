"""The batches are too small to learn from, or too large to learn in time."""

from collections.abc import Iterator

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding, Severity
from headway.doctor.probes.watched import Watched
from headway.doctor.progress import progress
from headway.doctor.remedies.samples import batch_size_of

# A gradient of so few samples is mostly noise.
_FEW_SAMPLES = 2
# Fewer updates than this are too few for most programs, where smaller batches give more.
_FEW_UPDATES = 200
# A batch of this share of the data is nearly the whole gradient.
_WHOLE = 0.45
# Of a program that cannot be judged: so few whole gradients, and a loss that still falls by
# this share of all its fall in the last fifth, are the start of a training.
_HANDFUL, _STILL_FALLING = 50, 0.1
_USUAL = 32


def check_batch_size(evidence: Evidence) -> Iterator[Finding]:
    """Find batches of one or two samples, or a whole data set in a batch, without progress."""
    course: Watched | None = evidence.course
    reached = progress(evidence)
    # A graph is one batch by nature.
    if course is None or not evidence.is_by_sample:
        return
    size = batch_size_of(evidence.program)
    samples = max(1, evidence.program.train.num_samples)
    told = reached.describe()
    is_whole = size >= _WHOLE * samples
    is_begun = course.planned_steps < _HANDFUL and course.last_fall > _STILL_FALLING
    is_unknown = not reached.is_known and is_whole and is_begun
    if not (reached.is_poor or reached.has_room or is_unknown):
        return
    if size <= _FEW_SAMPLES < samples and reached.is_poor:
        yield _finding(0.65, f"A batch has {size} of {samples} samples, and {told}.")
    elif course.planned_steps < _FEW_UPDATES and size > _USUAL:
        if not (is_whole or reached.is_poor):
            return
        yield _finding(
            0.65 if is_whole else 0.45,
            f"With {size} of {samples} samples in a batch there are only "
            f"{course.planned_steps} updates, and {told}.",
            # Where it learns all the same, only trials can say whether it costs anything.
            severity="error" if reached.is_poor else "warning",
        )


def _finding(confidence: float, told: str, *, severity: Severity = "error") -> Finding:
    return Finding(
        cause="batch_size",
        severity=severity,
        confidence=confidence,
        evidence=told,
        remedy=f"Use batches of {_USUAL} samples.",
        code=f"loader = DataLoader(dataset, batch_size={_USUAL}, shuffle=True)",
        check="batch_size",
    )
