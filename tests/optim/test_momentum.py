from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from headway.optim import AveragedMomentum, averaged_lr, build_optimizer, heavy_ball_lr


def gradients(count: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(3, 2, generator=generator, dtype=torch.float64) for _ in range(count)
    ]


def trajectory(optimizer_of: Any, *, factors: list[float] | None = None) -> Tensor:
    """Return the weights after each of 20 steps, whose gradients lean on the weights."""
    w = torch.ones(3, 2, dtype=torch.float64, requires_grad=True)
    optimizer: Optimizer = optimizer_of([w])
    base = optimizer.param_groups[0]["lr"]
    weights: list[Tensor] = []
    for step, noise in enumerate(gradients(20)):
        w.grad = 3.0 * w.detach() ** 3 + noise
        if factors:
            optimizer.param_groups[0]["lr"] = base * factors[step]
        optimizer.step()
        weights.append(w.detach().clone())
    return torch.stack(weights)


def test_the_average_follows_the_formula_of_the_lecture() -> None:
    w = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    optimizer = AveragedMomentum([w], lr=0.5, momentum=0.9)
    m, expected = 0.0, 1.0
    for gradient in (3.0, -1.0, 2.0):
        m = 0.9 * m + 0.1 * gradient
        expected -= 0.5 * m
        w.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
    assert w.item() == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_the_trajectory_is_that_of_sgd_at_the_converted_rate(
    momentum: float, weight_decay: float
) -> None:
    averaged = trajectory(
        lambda params: AveragedMomentum(
            params, lr=0.05, momentum=momentum, weight_decay=weight_decay
        )
    )
    summed = trajectory(
        lambda params: SGD(
            params,
            lr=heavy_ball_lr(0.05, momentum),
            momentum=momentum,
            weight_decay=weight_decay,
        )
    )
    torch.testing.assert_close(averaged, summed, rtol=1e-12, atol=1e-13)


def test_the_conversion_holds_under_a_schedule() -> None:
    factors = [1.0 / (1 + step) for step in range(20)]
    averaged = trajectory(lambda p: AveragedMomentum(p, lr=0.2), factors=factors)
    summed = trajectory(lambda p: SGD(p, lr=0.02, momentum=0.9), factors=factors)
    torch.testing.assert_close(averaged, summed, rtol=1e-12, atol=1e-13)


def test_at_the_same_rate_the_steps_of_sgd_are_longer() -> None:
    averaged = trajectory(lambda p: AveragedMomentum(p, lr=0.01))
    summed = trajectory(lambda p: SGD(p, lr=0.01, momentum=0.9))
    ratio = (1.0 - summed[0]) / (1.0 - averaged[0])
    torch.testing.assert_close(ratio, torch.full_like(ratio, 10.0))


def test_the_two_conversions_undo_each_other() -> None:
    assert averaged_lr(heavy_ball_lr(0.3, 0.9), 0.9) == pytest.approx(0.3, rel=1e-15)


def test_a_parameter_without_gradient_is_passed_over() -> None:
    w, v = (torch.ones(1, requires_grad=True) for _ in range(2))
    optimizer = AveragedMomentum([w, v], lr=1.0, momentum=0.0)
    w.grad = torch.ones(1)
    optimizer.step()
    assert (w.item(), v.item()) == (0.0, 1.0)


def test_a_closure_is_called_and_its_loss_returned() -> None:
    w = torch.ones(1, requires_grad=True)
    optimizer = AveragedMomentum([w], lr=0.5, momentum=0.0)

    def closure() -> Tensor:
        loss = w.square().sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 1.0
    assert w.item() == 0.0


def test_the_name_gives_it_with_the_groups_of_the_others() -> None:
    model = nn.Linear(2, 2)
    optimizer = build_optimizer(model, name="averaged-momentum", lr=0.1, weight_decay=0.5)
    assert type(optimizer) is AveragedMomentum
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.5, 0.0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": -1.0}, r"lr must be at least 0, got -1\.0"),
        (
            {"lr": 0.1, "momentum": 1.0},
            r"momentum must be at least 0 and below 1, got 1\.0",
        ),
        ({"lr": 0.1, "weight_decay": -0.1}, "weight_decay must be at least 0"),
    ],
)
def test_a_setting_out_of_range_is_refused(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AveragedMomentum([torch.ones(1, requires_grad=True)], **settings)


def test_a_momentum_of_one_has_no_conversion() -> None:
    with pytest.raises(ValueError, match="momentum must be at least 0 and below 1"):
        averaged_lr(0.1, 1.0)
