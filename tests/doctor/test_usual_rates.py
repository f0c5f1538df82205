"""How far a learning rate is from what is usual for its kind of optimizer."""

import pytest
import torch

from headway.doctor.usual_rates import decades_outside, usual_rates

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
