"""Noise in training mode keeps the network from fitting even its training data."""

from collections.abc import Iterator
from statistics import fmean

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.watched import Watched
from headway.doctor.progress import Progress, progress

# Training loss of the last updates over that of training data in evaluation mode, where
# neither is near 0: a network that does not fit its data has about 1, and 1.3 with dropout
# of 0.9.
_NOISY = 1.2
_LAST = 20


def check_noisy_training(evidence: Evidence) -> Iterator[Finding]:
    """Find a training loss far above the same data's loss in evaluation mode."""
    course: Watched | None = evidence.course
    reached = progress(evidence)
    if course is None or not (_is_unfit(reached) or _is_held_back(reached)):
        return
    evaluated = course.last.train.loss
    noise = fmean(course.losses[-_LAST:]) / evaluated if evaluated > 0 else 0.0
    if noise > _NOISY:
        yield Finding(
            cause="regularization",
            severity="error" if reached.is_poor else "info",
            confidence=0.4,
            evidence=(
                f"The loss is {noise:.1f} times higher in training mode than in evaluation "
                f"mode on training data, and {reached.describe()}."
            ),
            remedy="Lower the dropout or the noise that is added in training.",
            code="nn.Dropout(0.2)",
            check="noisy_training",
        )


def _is_unfit(reached: Progress) -> bool:
    """Whether not even the training data is learned."""
    return reached.is_poor and not reached.fits_train


def _is_held_back(reached: Progress) -> bool:
    """Whether a network that learns has room left, and none of it by overfitting.

    Noise is then nothing that it needs; a trial says whether it does without.
    """
    is_even = reached.train_metric <= reached.metric + reached.margin
    return reached.is_fine and reached.has_room and is_even
