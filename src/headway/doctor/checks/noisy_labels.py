"""Training targets that are wrong more often than those of the validation data."""

from collections.abc import Iterator

import torch

from headway.doctor.evidence import Evidence
from headway.doctor.examples import Examples
from headway.doctor.finding import Finding
from headway.doctor.program import first_tensor
from headway.doctor.progress import progress

# A network does better on what it has seen. So much less, as a share of the way from a constant
# answer to a right one, without augmentation that makes the seen samples harder, says that
# their targets are not what the network rightly answers.
_GAP, _LEAST_GAP = 1 / 6, 0.08
_CONFIDENCE, _MOST_CONFIDENCE = 0.8, 0.97
_COMPARED = 8


def check_noisy_labels(evidence: Evidence) -> Iterator[Finding]:
    """Find a program that is right on new samples and wrong on those it was trained on."""
    reached = progress(evidence)
    course, program = evidence.course, evidence.program
    if course is None or course.has_no_val or not reached.is_known:
        return
    has_labels = evidence.task.kind in ("classes", "binary")
    train, val = _least_fitted(evidence)
    gap = val - train
    least = max(_GAP * (1 - reached.dumb), _LEAST_GAP)
    if not has_labels or not gap > max(least, 2 * reached.margin):
        return
    if not _is_always_the_same(program.train):
        return
    yield Finding(
        cause="bad_data",
        severity="error" if reached.is_poor else "warning",
        confidence=min(_MOST_CONFIDENCE, _CONFIDENCE + gap - least),
        evidence=(
            f"The network agrees with {train:.0%} of the training targets and with {val:.0%} "
            "of the validation targets, which it has not seen: "
            "many training targets are wrong."
        ),
        remedy="Check the targets of the training samples that the network gets wrong.",
        code="wrong = (model(x).argmax(dim=1) != y).nonzero()",
        check="noisy_labels",
    )


def _least_fitted(evidence: Evidence) -> tuple[float, float]:
    """Return the metric on training and validation data before the noise is learned by heart.

    A program that fits wrong targets does badly on others. With a rate that does better on
    those it has learned less of the noise.
    """
    reached, sweep = progress(evidence), evidence.sweep
    if sweep is not None and reached.is_poor:
        best = sweep.best.reached
        if best.score > max(reached.metric, reached.dumb) + reached.margin:
            return best.train_score, best.score
    return reached.train_metric, reached.metric


def _is_always_the_same(examples: Examples) -> bool:
    """Whether samples come without augmentation; False where they have no numbers."""
    numbers = torch.arange(min(_COMPARED, examples.num_samples))
    with torch.random.fork_rng(devices=[]):
        try:
            torch.manual_seed(0)
            first = first_tensor(examples.pick(numbers)[0])
            torch.manual_seed(1)
            second = first_tensor(examples.pick(numbers)[0])
        except TypeError:
            return False
    return first.shape == second.shape and torch.equal(first, second)
