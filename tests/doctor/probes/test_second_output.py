"""Made-up answers are those of the output that the targets are for, wherever it stands."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examine import examine_batch
from headway.doctor.target import maker

X = torch.randn(96, 6, generator=torch.Generator().manual_seed(0))
Y = X[:, :3].argmax(dim=1)


class Two(nn.Module):
    """Features and then what is made of them."""

    def __init__(self, *, named: bool) -> None:
        super().__init__()
        self.body, self.head, self.named = nn.Linear(6, 5), nn.Linear(5, 3), named

    def forward(self, x: Tensor) -> Any:
        features = self.body(x).relu()
        answer = self.head(features)
        return (
            {"features": features, "answer": answer} if self.named else (features, answer)
        )


def answer(outputs: Any) -> Tensor:
    return outputs["answer"] if isinstance(outputs, dict) else outputs[1]


def measured(loss_fn: Any, *, named: bool = False, metric: Any = None) -> Evidence:
    def make() -> dict[str, Any]:
        model = Two(named=named)
        return {
            "model": model,
            "loss_fn": lambda o, t: loss_fn(answer(o), t),
            "metric": metric,
            "optimizer": torch.optim.SGD(model.parameters(), lr=0.1),
            "train": (X, Y),
        }

    return examine_batch(maker(make), Budget(20))


@pytest.mark.parametrize("named", [False, True], ids=["tuple", "dict"])
def test_free_answers_to_a_loss_of_the_second_output_get_targets_right(named: bool) -> None:
    first = measured(F.cross_entropy, named=named).first_batch

    assert first is not None
    assert first.facts is not None
    assert first.facts.fit == 1
    assert not first.facts.prefers_wrong


def test_a_wrong_sign_is_seen_at_the_second_output() -> None:
    first = measured(lambda o, t: -F.cross_entropy(o, t)).first_batch

    assert first is not None
    assert first.facts is not None
    assert first.facts.prefers_wrong


def test_the_facts_of_outputs_are_those_of_the_answer() -> None:
    first = measured(F.cross_entropy).first_batch

    assert first is not None
    assert first.output is not None
    assert first.head is not None
    assert first.output.shape[1:] == (3,)
    assert first.head.layer == "head"
    assert first.loss_named("cross_entropy", of_main=True) is not None


def test_a_metric_of_the_second_output_is_asked_about_it() -> None:
    def accuracy(outputs: Any, targets: Tensor) -> float:
        return float((answer(outputs).argmax(dim=1) == targets).float().mean())

    first = measured(F.cross_entropy, metric=accuracy).first_batch

    assert first is not None
    assert first.metric is not None
    assert first.metric.right == 1
    assert first.metric.is_agreed
