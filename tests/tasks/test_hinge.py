import pytest
import torch
from torch import Tensor

from headway.errors import DataError, RecipeError
from headway.measure import check_gradients
from headway.nn import AuxiliaryOutputs
from headway.tasks import Classification, HingeClassification


def batch() -> tuple[Tensor, Tensor]:
    scores = 2.0 * torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    return scores, torch.tensor([0, 3, 1, 1, 2, 0])


def test_the_loss_is_that_of_the_formula() -> None:
    scores, targets = batch()
    total = 0.0
    for f, y in zip(scores.tolist(), targets.tolist(), strict=True):
        total += sum(max(0.0, f[j] - f[y] + 1.0) for j in range(4) if j != y)
    loss = HingeClassification(4).loss(scores, targets)
    assert loss.item() == pytest.approx(total / 6, rel=1e-6)


def test_a_margin_of_one_costs_nothing_and_a_smaller_one_what_it_lacks() -> None:
    task = HingeClassification(3)
    targets = torch.tensor([0])
    assert task.loss(torch.tensor([[2.0, 1.0, -9.0]]), targets).item() == 0.0
    assert task.loss(torch.tensor([[2.0, 1.25, 1.5]]), targets).item() == 0.75


def test_its_gradient_is_right() -> None:
    scores, targets = batch()
    assert check_gradients(HingeClassification(4).loss, (scores, targets)).is_correct


def test_metrics_and_predictions_are_those_of_classification() -> None:
    scores, targets = batch()
    values = []
    for task in (HingeClassification(4), Classification(4)):
        metrics = task.new_metrics(torch.device("cpu"))
        metrics.update(scores, targets)
        values.append((metrics.compute(), task.predict(scores).tolist()))
    assert values[0] == values[1]


def test_auxiliary_outputs_count() -> None:
    scores, targets = batch()
    task = HingeClassification(4)
    both = AuxiliaryOutputs(scores, (scores,), 0.5)
    assert task.loss(both, targets).item() == pytest.approx(
        1.5 * task.loss(scores, targets).item()
    )


def test_shares_of_classes_are_refused() -> None:
    scores, _ = batch()
    with pytest.raises(RecipeError, match=r"switch augmentation\.mixup and"):
        HingeClassification(4).loss(scores, scores.softmax(dim=1))


def test_targets_of_another_shape_are_refused() -> None:
    with pytest.raises(DataError, match="one class number per sample"):
        HingeClassification(4).loss(batch()[0], torch.zeros(3, dtype=torch.int64))
