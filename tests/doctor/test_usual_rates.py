"""How far a learning rate is from what is usual for its kind of optimizer."""

import pytest
import torch

from headway.doctor.usual_rates import (
    decades_outside,
    is_usual_adam,
    middle_rate,
    usual_rates,
)

WEIGHT = [torch.nn.Parameter(torch.zeros(1))]
ADAM, SGD = torch.optim.Adam(WEIGHT), torch.optim.SGD(WEIGHT)
WITH_MOMENTUM = torch.optim.SGD(WEIGHT, momentum=0.9)


@pytest.mark.parametrize(
    ("optimizer", "lr", "decades"),
    [
        (ADAM, 1e-3, 0.0),
        (ADAM, 5e-1, 2.0),
        (ADAM, 1e-7, -3.0),
        (WITH_MOMENTUM, 0.1, 0.0),
        (WITH_MOMENTUM, 100.0, 3.0),
        (SGD, 0.3, 0.0),
        (SGD, 1e-3, -1.0),
        (SGD, 0.0, 0.0),
    ],
)
def test_powers_of_ten_outside_of_usual_rates_are_counted(
    optimizer: torch.optim.Optimizer, lr: float, decades: float
) -> None:
    assert decades_outside(lr, optimizer) == pytest.approx(decades)


def test_a_kind_of_optimizer_without_usual_rates_is_never_outside() -> None:
    rprop = torch.optim.Rprop(WEIGHT)
    assert usual_rates(rprop) is None
    assert decades_outside(1e6, rprop) == 0.0
    assert middle_rate(rprop) is None


def test_the_middle_of_the_usual_rates_is_that_of_their_powers() -> None:
    assert middle_rate(WITH_MOMENTUM) == pytest.approx(1e-2)


def test_adam_with_odd_constants_is_not_the_usual_one() -> None:
    assert is_usual_adam(ADAM)
    assert is_usual_adam(torch.optim.AdamW(WEIGHT, betas=(0.9, 0.98)))
    assert not is_usual_adam(SGD)
    assert not is_usual_adam(torch.optim.Adam(WEIGHT, betas=(0.1, 0.2)))
    assert not is_usual_adam(torch.optim.Adam(WEIGHT, eps=0.1))
    assert not is_usual_adam(torch.optim.Adam(WEIGHT, maximize=True))
