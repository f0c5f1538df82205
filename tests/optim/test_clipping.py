import math

import pytest
import torch
from torch import Tensor

from headway.optim import clip_gradients_, clip_value_, gradient_norm


def parameters_with_gradients(*gradients: list[float], device: str = "cpu") -> list[Tensor]:
    parameters: list[Tensor] = []
    for gradient in gradients:
        parameter = torch.zeros(len(gradient), device=device, requires_grad=True)
        parameter.grad = torch.tensor(gradient, device=device)
        parameters.append(parameter)
    return parameters


def gradients_of(parameters: list[Tensor]) -> list[list[float]]:
    return [p.grad.tolist() for p in parameters if p.grad is not None]


def test_the_norm_is_that_of_all_gradients_as_one_vector() -> None:
    assert gradient_norm(parameters_with_gradients([3.0, 0.0], [4.0])).item() == 5.0


def test_the_norm_of_no_gradients_is_zero() -> None:
    assert gradient_norm([torch.zeros(2, requires_grad=True)]).item() == 0.0


def test_clipping_returns_the_norm_before() -> None:
    norm = clip_gradients_(parameters_with_gradients([3.0], [4.0]), max_norm=1.0)
    assert norm.item() == 5.0


def test_a_long_gradient_is_scaled_to_the_largest_norm() -> None:
    parameters = parameters_with_gradients([3.0], [4.0])
    clip_gradients_(iter(parameters), max_norm=1.0)
    assert gradients_of(parameters) == [[pytest.approx(0.6)], [pytest.approx(0.8)]]


def test_a_short_gradient_is_left_alone() -> None:
    parameters = parameters_with_gradients([3.0], [4.0])
    clip_gradients_(parameters, max_norm=6.0)
    assert gradients_of(parameters) == [[3.0], [4.0]]


def test_a_parameter_without_gradient_is_passed_over() -> None:
    parameters = [
        *parameters_with_gradients([3.0, 4.0]),
        torch.zeros(1, requires_grad=True),
    ]
    assert clip_gradients_(parameters, max_norm=1.0).item() == 5.0


def test_an_infinite_gradient_is_not_hidden() -> None:
    parameters = parameters_with_gradients([math.inf, 1.0])
    clip_gradients_(parameters, max_norm=1.0)
    assert math.isnan(gradients_of(parameters)[0][0])


def test_clipping_by_value_clamps_each_element() -> None:
    parameters = parameters_with_gradients([-5.0, 0.2], [0.9])
    clip_value_(iter(parameters), max_value=0.5)
    assert gradients_of(parameters) == [[-0.5, pytest.approx(0.2)], [0.5]]


@pytest.mark.parametrize("bound", [0.0, -1.0, math.nan])
def test_a_norm_that_is_not_above_zero_is_refused(bound: float) -> None:
    with pytest.raises(ValueError, match="max_norm must be above 0"):
        clip_gradients_(parameters_with_gradients([1.0]), max_norm=bound)


def test_a_value_that_is_not_above_zero_is_refused() -> None:
    with pytest.raises(ValueError, match=r"max_value must be above 0, got 0\.0"):
        clip_value_(parameters_with_gradients([1.0]), max_value=0.0)


def test_clipping_never_reads_a_value_on_the_host() -> None:
    # A meta tensor has no values: whatever reads one raises.
    parameters = parameters_with_gradients([3.0], [4.0], device="meta")
    clip_value_(parameters, max_value=1.0)
    assert clip_gradients_(parameters, max_norm=1.0).is_meta
