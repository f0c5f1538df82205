import pytest
import torch

from headway.errors import ModelError
from headway.nn import AuxiliaryOutputs
from headway.tasks import Classification, MultiLabel, Regression

CASES = {
    "classification": (Classification(3), torch.tensor([0, 2])),
    "multi-label": (MultiLabel(3), torch.tensor([[1.0, 0, 1], [0, 0, 1]])),
    "regression": (
        Regression(mean=torch.zeros(3).double(), std=torch.ones(3).double()),
        torch.tensor([[1.0, 2, 3], [3, 1, 2]]),
    ),
}


@pytest.mark.parametrize(("task", "targets"), CASES.values(), ids=CASES)
def test_auxiliary_losses_count_by_their_weight(task, targets):
    torch.manual_seed(0)
    outputs, first, second = torch.randn(3, 2, 3)
    loss = task.loss(AuxiliaryOutputs(outputs, (first, second), 0.3), targets)
    heads = task.loss(first, targets) + task.loss(second, targets)
    torch.testing.assert_close(loss, task.loss(outputs, targets) + 0.3 * heads)


def test_a_weight_of_zero_leaves_the_loss():
    outputs, targets = torch.randn(2, 3), torch.tensor([0, 2])
    task = Classification(3)
    loss = task.loss(AuxiliaryOutputs(outputs, (torch.randn(2, 3),), 0.0), targets)
    assert torch.equal(loss, task.loss(outputs, targets))


def test_the_gradient_reaches_every_head():
    heads = [torch.zeros(2, 3, requires_grad=True) for _ in range(3)]
    targets = torch.tensor([0, 2])
    outputs = AuxiliaryOutputs(heads[0], tuple(heads[1:]), 0.3)
    Classification(3).loss(outputs, targets).backward()
    torch.testing.assert_close(heads[1].grad, 0.3 * heads[0].grad)


def test_a_head_of_another_width_is_refused():
    outputs = AuxiliaryOutputs(torch.zeros(2, 3), (torch.zeros(2, 4),), 0.3)
    with pytest.raises(ModelError, match=r"of shape \(batch, 3\)"):
        Classification(3).loss(outputs, torch.tensor([0, 2]))
