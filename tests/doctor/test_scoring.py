"""Loss and metric of a program over some examples."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from headway.doctor.examples import Examples, joined
from headway.doctor.program import Program
from headway.doctor.scoring import metric_of, score


class Same(nn.Module):
    """Returns its input."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return x + 0 * self.weight


def program(outputs: Tensor, targets, loss_fn, **others) -> Program:
    """A program whose outputs are known."""
    model = Same()
    return Program(
        model=model,
        loss_fn=loss_fn,
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        train=Examples(source=(outputs, targets)),
        **others,
    )


IDS = torch.tensor([0, 1, 2, 2])
LOGITS = torch.tensor([[2.0, 0, 0], [0, 2, 0], [0, 0, 2], [2, 0, 0]])


def test_classes_have_their_accuracy():
    made = program(LOGITS, IDS, nn.CrossEntropyLoss())

    scores = score(made, made.train)

    assert scores.metric == scores.standard == 0.75
    assert scores.loss == pytest.approx(float(F.cross_entropy(LOGITS, IDS)))


def test_macro_accuracy_counts_each_class_the_same():
    made = program(LOGITS, IDS, nn.CrossEntropyLoss())

    assert score(made, made.train).macro == pytest.approx((1 + 1 + 0.5) / 3)


def test_macro_accuracy_leaves_out_classes_that_do_not_occur():
    made = program(LOGITS, torch.tensor([0, 0, 2, 2]), nn.CrossEntropyLoss())

    assert score(made, made.train).macro == 0.5


def test_values_have_r2():
    values = torch.tensor([[1.0], [2.5], [3.5]])
    made = program(values + 0.5, values, nn.MSELoss())

    scores = score(made, made.train)

    distances = (values - values.mean()).square().sum()
    assert scores.metric == pytest.approx(float(1 - 3 * 0.25 / distances))
    assert math.isnan(scores.macro)


def test_several_outputs_for_one_value_have_the_r2_of_the_best():
    values = torch.tensor([1.0, 2.5, 3.5])
    outputs = torch.stack([values - 9, values, values + 9], dim=1)
    made = program(outputs, values, lambda o, t: (o - t[:, None]).abs().mean())

    assert score(made, made.train).metric == 1.0


@pytest.mark.parametrize(
    ("loss_fn", "outputs"),
    [(nn.BCEWithLogitsLoss(), torch.logit), (nn.PoissonNLLLoss(), torch.log)],
    ids=["logits", "logarithms"],
)
def test_values_are_compared_with_what_the_loss_makes_of_the_outputs(loss_fn, outputs):
    values = torch.tensor([[0.2], [0.5], [0.7]])
    made = program(outputs(values), values, loss_fn)

    assert score(made, made.train).metric == pytest.approx(1.0)


def test_outputs_that_are_the_inputs_have_r2_also_of_bits():
    bits = torch.randint(0, 2, (8, 5)).float()
    made = program(bits, bits, nn.MSELoss())

    assert score(made, made.train).metric == 1.0


def test_labels_have_the_share_that_is_right():
    labels = torch.tensor([[1.0, 1, 0], [0, 0, 0]])
    outputs = torch.tensor([[3.0, -1, -2], [-1, -1, 0.5]])
    made = program(outputs, labels, nn.BCEWithLogitsLoss())

    assert score(made, made.train).metric == pytest.approx(4 / 6)


def test_positions_that_are_not_to_be_learned_do_not_count():
    targets = torch.tensor([[0, -100], [1, 1]])
    outputs = torch.tensor([[[2.0, 0], [0, 2]], [[0, 2], [2, 0]]])
    made = program(outputs, targets, lambda o, t: F.cross_entropy(o.mT, t))

    assert score(made, made.train).metric == pytest.approx(2 / 3)


def test_a_metric_of_its_own_stands_beside_the_standard_one():
    made = program(LOGITS, IDS, nn.CrossEntropyLoss(), metric=lambda o, t: 7.0)

    scores = score(made, made.train)

    assert (scores.metric, scores.standard) == (7.0, 0.75)


def test_a_metric_that_fails_is_no_number():
    made = program(LOGITS, IDS, nn.CrossEntropyLoss(), metric=lambda o, t: o @ t)

    assert math.isnan(metric_of(made, LOGITS, IDS))


def test_a_loss_that_fails_is_no_number():
    made = program(LOGITS, IDS + 7, nn.CrossEntropyLoss())

    assert math.isnan(score(made, made.train).loss)


def test_nothing_is_left_behind():
    made = program(torch.rand(8, 3), torch.randint(0, 3, (8,)), nn.CrossEntropyLoss())
    made.model.append = nn.Dropout()
    made.model.train()
    torch.manual_seed(0)

    score(made, made.train)

    assert made.model.append.training
    assert torch.equal(torch.rand(1), torch.rand(1, generator=torch.manual_seed(0)))


class Sequences(Dataset):
    """Sequences of 2 and of 3 ids; the right answer is the id itself."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, number: int):
        ids = torch.arange(2 if number < 2 else 3) % 2
        return F.one_hot(ids, 2).float() * 3, ids


def test_sequences_of_different_lengths_are_scored():
    model = Same()
    loader = DataLoader(Sequences(), batch_size=2)
    made = Program(
        model=model,
        loss_fn=lambda o, t: F.cross_entropy(o.mT, t),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        train=Examples(source=list(loader)),
    )
    parts = list(loader)

    outputs, targets = joined([x for x, _ in parts]), joined([y for _, y in parts])

    assert outputs.shape == (4, 3, 2)
    assert metric_of(made, outputs, targets) == 1.0


def test_structures_are_joined_part_by_part():
    parts = [{"a": torch.ones(2), "b": (torch.ones(2, 1),)}] * 2

    whole = joined(parts)

    assert whole["a"].shape == (4,)
    assert whole["b"][0].shape == (4, 1)


def test_what_holds_no_tensor_is_left_out_of_joined_outputs() -> None:
    parts = [
        {"logits": torch.ones(2, 3), "cache": object(), "more": (object(), torch.ones(2))}
    ]

    found = joined(parts * 2)

    assert list(found) == ["logits"]
    assert found["logits"].shape == (4, 3)
