"""Logarithms of probabilities stay finite and exact, however they are written."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from headway.doctor.program import Program
from headway.doctor.remedies import StableLoss

IDS = torch.tensor([2, 0, 1])


def by_index(x: Tensor) -> Tensor:
    return -torch.log(F.softmax(x, dim=1)[range(3), IDS]).mean()


def by_gather(x: Tensor) -> Tensor:
    return -torch.softmax(x, dim=-1).gather(1, IDS[:, None]).squeeze(1).log().mean()


def by_hand(x: Tensor) -> Tensor:
    e = torch.exp(x)
    return -((e / e.sum(dim=1, keepdim=True)).log()[range(3), IDS]).mean()


def with_clamp(x: Tensor) -> Tensor:
    return -(x.softmax(dim=1).clamp(min=1e-9) + 1e-8).log()[range(3), IDS].mean()


def with_one_hot(x: Tensor) -> Tensor:
    return -(F.one_hot(IDS, 3) * torch.log(nn.Softmax(dim=1)(x))).sum(dim=1).mean()


@pytest.mark.parametrize(
    "loss",
    [by_index, by_gather, by_hand, with_clamp, with_one_hot],
    ids=lambda f: f.__name__,
)
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_a_cross_entropy_by_hand_has_the_gradient_of_torchs(
    on_digits: Callable[..., Program], loss: Callable[[Tensor], Tensor], scale: float
) -> None:
    program = StableLoss().apply(on_digits(loss_fn=lambda o, _: loss(o)))
    x = torch.randn(3, 3, generator=torch.Generator().manual_seed(0)) * scale
    mine, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    program.loss_fn(mine, IDS).backward()
    F.cross_entropy(other, IDS).backward()
    assert mine.grad is not None
    assert other.grad is not None
    torch.testing.assert_close(mine.grad, other.grad)


@pytest.mark.parametrize("scale", [1.0, 500.0])
def test_a_binary_cross_entropy_by_hand_has_the_gradient_of_torchs(
    on_digits: Callable[..., Program], scale: float
) -> None:
    y = torch.tensor([0.0, 1.0, 1.0])

    def by_hand(output: Tensor, _: Tensor) -> Tensor:
        p = torch.sigmoid(output)
        return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()

    program = StableLoss().apply(on_digits(loss_fn=by_hand))
    x = torch.tensor([1.0, -2.0, 0.5]) * scale
    mine, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    program.loss_fn(mine, y).backward()
    F.binary_cross_entropy_with_logits(other, y).backward()
    assert mine.grad is not None
    assert other.grad is not None
    torch.testing.assert_close(mine.grad, other.grad)


def test_probabilities_of_the_model_keep_their_logarithm_in_the_loss(
    on_digits: Callable[..., Program],
) -> None:
    def model() -> nn.Module:
        last = nn.Linear(64, 10)
        nn.init.normal_(last.weight, std=300.0)
        return nn.Sequential(last, nn.Softmax(dim=1))

    def nll(p: Tensor, y: Tensor) -> Tensor:
        return -torch.log(p[torch.arange(len(y)), y]).mean()

    program = StableLoss().apply(on_digits(model, loss_fn=nll))
    x, y = program.train.source
    loss = program.loss_fn(program.model(x), y)
    assert torch.equal(loss, F.cross_entropy(program.model.model[0](x), y))


@pytest.mark.parametrize(
    "function",
    [
        torch.log,
        torch.sqrt,
        torch.rsqrt,
        lambda x: 1 / x,
        lambda x: 3.0 / x,
        lambda x: x**0.5,
    ],
    ids=["log", "sqrt", "rsqrt", "reciprocal", "quotient", "power"],
)
def test_functions_and_slopes_at_zero_are_finite(
    on_digits: Callable[..., Program], function: Callable[[Tensor], Tensor]
) -> None:
    program = StableLoss().apply(on_digits(loss_fn=lambda o, _: function(o).sum()))
    x = torch.zeros(2, requires_grad=True)
    loss = program.loss_fn(x, x)
    loss.backward()
    assert loss.isfinite()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_ordinary_values_stay_exactly_as_they_are(
    on_digits: Callable[..., Program],
) -> None:
    x = torch.tensor([0.5, 2.0, -3.0])

    def function(x: Tensor) -> Tensor:
        return (x.abs().log() + x.abs().sqrt() / x + x.exp()).sum()

    program = StableLoss().apply(on_digits(loss_fn=lambda o, _: function(o)))
    assert torch.equal(program.loss_fn(x, x), function(x))
