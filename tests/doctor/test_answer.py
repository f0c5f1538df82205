"""Which of several outputs a program is judged by."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from headway.doctor.answer import answer_of
from headway.doctor.examples import Examples
from headway.doctor.inference import infer_task
from headway.doctor.program import Program
from headway.doctor.scoring import score

GENERATOR = torch.Generator().manual_seed(0)
PARTS = torch.randn(40, 8, generator=GENERATOR)
VALUES = PARTS.sum(dim=1, keepdim=True)
LOGITS = torch.randn(40, 3, generator=GENERATOR)
IDS = LOGITS.argmax(dim=1)


def penalized(outputs: tuple[Tensor, Tensor], targets: Tensor) -> Tensor:
    """Compare the second output with the targets, and keep the first one small."""
    return F.mse_loss(outputs[1], targets) + 1e-3 * outputs[0].square().mean()


class Sum(nn.Module):
    """Return inputs, and then their sum."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x.sum(dim=1, keepdim=True) + self.bias


def test_parts_that_are_returned_before_their_sum_are_not_the_answer():
    answer = answer_of(penalized, (PARTS, VALUES), VALUES)
    assert answer is VALUES


@pytest.mark.parametrize(
    ("outputs", "loss_fn"),
    [
        ((PARTS, LOGITS), lambda o, t: F.cross_entropy(o[1], t)),
        (
            {"features": PARTS, "scores": LOGITS},
            lambda o, t: F.cross_entropy(o["scores"], t),
        ),
    ],
    ids=["tuple", "dict"],
)
def test_features_before_logits_are_not_the_answer(outputs, loss_fn):
    assert answer_of(loss_fn, outputs, IDS) is LOGITS
    assert infer_task(PARTS, outputs, IDS, loss_fn).num_classes == 3


@pytest.mark.parametrize(
    "loss_fn",
    [
        lambda o, t: F.cross_entropy(o[0], t) + o[1].square().mean(),
        lambda o, t: F.cross_entropy(o[0], t) + F.cross_entropy(o[1], t),
        lambda o, t: o[0].square().mean(),
    ],
    ids=["a penalty", "two answers", "no targets"],
)
def test_the_first_output_is_the_answer_where_nothing_speaks_against_it(loss_fn):
    assert answer_of(loss_fn, (LOGITS, PARTS), IDS) is LOGITS


def test_a_sum_of_parts_is_judged_by_the_sum():
    model = Sum()
    made = Program(
        model=model,
        loss_fn=penalized,
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        train=Examples(source=(PARTS, VALUES)),
    )
    assert score(made, made.train).standard == pytest.approx(1)
