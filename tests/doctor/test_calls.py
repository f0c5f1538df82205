"""What the recorder sees of calls of torch."""

import torch
import torch.nn.functional as F
from torch import nn

from headway.doctor.calls import Recorder, loss_calls


def names(function) -> list[str]:
    seen: list[str] = []
    with Recorder(lambda call: seen.append(call.name)):
        function()
    return seen


def test_operators_methods_and_functions_have_one_name():
    x = torch.rand(3)

    seen = names(
        lambda: (x / x, 1 / x, x.div(x), torch.true_divide(x, x), x.clone().div_(x))
    )

    assert seen.count("div") == 5


def test_comparisons_are_seen():
    x = torch.rand(3)

    assert names(lambda: x == x) == ["eq"]


def test_what_a_function_calls_inside_itself_is_not_told():
    x, y = torch.rand(4, 3), torch.tensor([0, 1, 2, 0])

    assert names(lambda: nn.CrossEntropyLoss()(x, y)) == ["cross_entropy"]


def test_backward_is_told():
    x = torch.rand(3, requires_grad=True)

    assert names(lambda: x.sum().backward()) == ["sum", "backward"]


def test_losses_inside_a_function_are_found():
    def loss_fn(outputs, targets):
        return F.mse_loss(outputs, targets) + 0.1 * F.l1_loss(outputs, targets)

    calls = loss_calls(loss_fn, torch.rand(4), torch.rand(4))

    assert [call.name for call in calls] == ["mse_loss", "l1_loss"]


def test_a_loss_that_raises_is_still_seen():
    calls = loss_calls(nn.BCELoss(), torch.tensor([3.0]), torch.tensor([1.0]))

    assert [(call.name, call.result) for call in calls] == [("binary_cross_entropy", None)]


def test_arguments_are_found_by_place_and_by_name():
    target = torch.tensor([1])
    loss_fn = nn.CrossEntropyLoss(ignore_index=7)

    (call,) = loss_calls(loss_fn, torch.rand(1, 3), target)

    assert call.argument(1, "target") is target
    assert call.argument(4, "ignore_index") == 7


def test_random_numbers_are_as_before():
    torch.manual_seed(0)
    loss_calls(lambda o, t: (o + torch.rand(3)).sum(), torch.rand(3), None)
    after = torch.rand(1)

    torch.manual_seed(0)
    torch.rand(3)

    assert torch.equal(after, torch.rand(1))
