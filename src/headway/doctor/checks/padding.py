"""A loss that counts the padding of sequences."""

from collections.abc import Iterator

import torch
from torch import Tensor

from headway.doctor.checks.certain import absurd
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.confusion import Confusion
from headway.doctor.probes.first_batch import FirstBatch
from headway.doctor.probes.loss_records import SeenLoss

# More than half of the loss is about padding.
_MOST = 0.5
# The target of padding is that of hardly anything else.
_ELSEWHERE = 0.05
# Accuracy with padding is so much above the one without: it hides what is not learned.
_HIDDEN = 0.15
_CONFIDENCE = 0.8


def check_padding(evidence: Evidence) -> Iterator[Finding]:
    """Find targets of padding that are learned and counted like those of words."""
    first: FirstBatch | None = evidence.first_batch
    if first is None or first.target is None or not evidence.task.per_position:
        return
    seen = first.loss_named("cross_entropy", "nll_loss", of_main=True)
    words = next((entry.values for entry in first.entries if entry.is_embedded), None)
    if seen is None or words is None or words.shape != first.target.shape:
        return
    padding = _padding(words)
    answer = _answer(first.target, padding)
    if answer is None or not _is_counted(seen, first.target, answer):
        return
    hidden = _hidden(evidence.confusion, answer)
    if hidden is None or hidden[0] - hidden[1] < _HIDDEN:
        return
    yield absurd(
        evidence,
        "loss_mismatch",
        _CONFIDENCE,
        f"{float(padding.double().mean()):.0%} of the positions are padding at the end of "
        f"sequences, all with the target {answer}, and the loss counts them: accuracy is "
        f"{hidden[0]:.2f} with them and {hidden[1]:.2f} without.",
        "Leave padding out of the loss and of the metric.",
        code=f"loss_fn = nn.CrossEntropyLoss(ignore_index={answer})",
        is_mistake=True,
    )


def _padding(words: Tensor) -> Tensor:
    """Return where the most frequent last word goes on to the end of its sequence."""
    last = words[..., -1].mode().values
    same = (words == last).flip(-1).long().cumprod(dim=-1)
    return same.flip(-1).bool()


def _answer(target: Tensor, padding: Tensor) -> int | None:
    """Return the one target of padding, None where it has several, or others have it too."""
    if (
        target.dim() < 2
        or target.is_floating_point()
        or not padding.double().mean() > _MOST
    ):
        return None
    answers, others = target[padding].unique(), target[~padding]
    if len(answers) != 1 or not len(others):
        return None
    is_elsewhere = float((others == answers).double().mean()) > _ELSEWHERE
    return None if is_elsewhere else int(answers)


def _is_counted(seen: SeenLoss, target: Tensor, answer: int) -> bool:
    """Whether the loss takes the mean or the sum over all positions, padding among them."""
    weight, ignored = seen.call.argument(2, "weight"), seen.call.argument(4, "ignore_index")
    is_free = isinstance(weight, Tensor) and not float(weight[answer])
    is_whole = seen.target is not None and seen.target.numel() == target.numel()
    is_open = seen.call.argument(6, "reduction", "mean") == "none"
    return is_whole and not is_free and not is_open and ignored != answer


def _hidden(counts: Confusion | None, answer: int) -> tuple[float, float] | None:
    """Return the accuracy on validation data with the padding and without."""
    if counts is None or answer >= len(counts.val):
        return None
    rest = torch.arange(len(counts.val)) != answer
    if not int(counts.val[rest].sum()):
        return None
    right = counts.val.diagonal().double()
    return (
        float(right.sum() / counts.val.sum()),
        float(right[rest].sum() / counts.val[rest].sum()),
    )
