"""Labels that are the inputs: a network that is to foretell its text only repeats it."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from headway.doctor.checks.label_encoding import check_label_encoding
from headway.doctor.checks.metric import check_metric

from .small_programs import evidence_of, program

IDS = torch.randint(12, (64, 9), generator=torch.Generator().manual_seed(0))


class Reader(nn.Module):
    def __init__(self, *, is_bidirectional: bool = False) -> None:
        super().__init__()
        self.embedding = nn.Embedding(12, 8)
        self.rnn = nn.GRU(8, 8, batch_first=True, bidirectional=is_bidirectional)
        self.head = nn.Linear(16 if is_bidirectional else 8, 12)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.rnn(self.embedding(ids))[0])


def aligned(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


def shifted(logits: Tensor, labels: Tensor) -> Tensor:
    return aligned(logits[:, :-1], labels[:, 1:])


def next_accuracy(logits: Tensor, labels: Tensor) -> float:
    return float((logits[:, :-1].argmax(-1) == labels[:, 1:]).float().mean())


def same_accuracy(logits: Tensor, labels: Tensor) -> float:
    return float((logits.argmax(-1) == labels).float().mean())


def found(
    loss_fn: Any, metric: Any, targets: Tensor = IDS, *, is_bidirectional: bool = False
) -> list[tuple[str, bool]]:
    def build(*_: int) -> nn.Module:
        return Reader(is_bidirectional=is_bidirectional)

    evidence = evidence_of(program(build, loss_fn, (IDS, targets), 12, metric=metric))
    checks = (check_label_encoding, check_metric)
    return [(f.cause, f.is_certain) for check in checks for f in check(evidence)]


@pytest.mark.parametrize("metric", [next_accuracy, "accuracy", None])
def test_labels_that_are_not_moved_against_the_inputs_are_at_fault(metric: Any) -> None:
    assert found(aligned, metric) == [("label_encoding", True)]


def test_padding_that_the_loss_ignores_hides_nothing() -> None:
    labels = IDS.clone()
    labels[:, -2:] = -100
    assert found(aligned, None, labels) == [("label_encoding", True)]


@pytest.mark.parametrize(
    ("loss_fn", "metric"),
    [(shifted, next_accuracy), (shifted, None), (aligned, same_accuracy)],
    ids=["a loss that moves them", "without a metric", "whoever asks for a copy"],
)
def test_labels_that_loss_or_user_mean_so_are_left_alone(loss_fn: Any, metric: Any) -> None:
    assert found(loss_fn, metric) == []


def test_a_network_that_sees_all_of_a_text_may_say_it_again() -> None:
    assert found(aligned, None, is_bidirectional=True) == []


def test_labels_of_the_next_step_are_left_alone() -> None:
    assert found(aligned, None, IDS.roll(-1, dims=1)) == []
