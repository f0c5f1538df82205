import math
from typing import Any

import pytest
import torch
from torch import Tensor

from headway.optim import (
    clip_each_gradient_,
    clip_gradients_,
    clip_value_,
    gradient_norm,
    normalize_gradients_,
)


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


def test_each_tensor_is_clipped_by_its_own_norm() -> None:
    parameters = parameters_with_gradients([3.0, 4.0], [0.3, 0.4], [0.0])
    norm = clip_each_gradient_(iter(parameters), max_norm=1.0)
    assert norm.item() == pytest.approx(math.sqrt(25.25))
    assert gradients_of(parameters) == [
        [pytest.approx(0.6), pytest.approx(0.8)],
        [pytest.approx(0.3), pytest.approx(0.4)],
        [0.0],
    ]


@pytest.mark.parametrize("norm", [49.0, 48.9])
def test_a_tensor_at_or_below_the_bound_is_left_exactly_alone(norm: float) -> None:
    parameters = parameters_with_gradients([norm])
    clip_each_gradient_(parameters, max_norm=49.0)
    assert gradients_of(parameters) == [parameters_with_gradients([norm])[0].grad.tolist()]


def test_clipping_each_tensor_changes_the_direction_of_the_whole_gradient() -> None:
    together, apart = (parameters_with_gradients([3.0], [4.0]) for _ in range(2))
    clip_gradients_(together, max_norm=1.0)
    clip_each_gradient_(apart, max_norm=1.0)
    ratio = [(g[0][0] / g[1][0]) for g in (gradients_of(together), gradients_of(apart))]
    assert ratio == [pytest.approx(0.75), 1.0]


@pytest.mark.parametrize("length", [5.0, 0.005])
def test_normalized_gradients_have_the_norm_whether_they_were_longer_or_shorter(
    length: float,
) -> None:
    parameters = parameters_with_gradients([0.6 * length], [0.8 * length])
    before = normalize_gradients_(parameters, norm=2.0)
    assert before.item() == pytest.approx(length)
    assert gradients_of(parameters) == [[pytest.approx(1.2)], [pytest.approx(1.6)]]


def test_a_gradient_of_zero_is_not_normalized() -> None:
    parameters = parameters_with_gradients([0.0, 0.0])
    normalize_gradients_(parameters, norm=1.0)
    assert gradients_of(parameters) == [[0.0, 0.0]]


@pytest.mark.parametrize("clip_", [clip_each_gradient_, clip_gradients_])
def test_a_long_gradient_is_clipped_the_same_way_where_it_is_alone(clip_: Any) -> None:
    parameters = parameters_with_gradients([3.0, 4.0])
    clip_(parameters, max_norm=1.0)
    assert gradients_of(parameters) == [[pytest.approx(0.6), pytest.approx(0.8)]]


@pytest.mark.parametrize("clip_", [clip_each_gradient_, normalize_gradients_])
def test_an_infinite_gradient_is_not_hidden_by_the_other_forms(clip_: Any) -> None:
    parameters = parameters_with_gradients([math.inf, 1.0])
    clip_(parameters, **{"norm" if clip_ is normalize_gradients_ else "max_norm": 1.0})
    assert math.isnan(gradients_of(parameters)[0][0])


def test_no_gradients_are_clipped_to_nothing() -> None:
    without = [torch.zeros(2, requires_grad=True)]
    assert clip_each_gradient_(without, max_norm=1.0).item() == 0.0
    assert normalize_gradients_(without, norm=1.0).item() == 0.0


@pytest.mark.parametrize("bound", [0.0, -1.0, math.nan])
def test_the_other_forms_refuse_a_norm_that_is_not_above_zero(bound: float) -> None:
    with pytest.raises(ValueError, match="max_norm must be above 0"):
        clip_each_gradient_(parameters_with_gradients([1.0]), max_norm=bound)
    with pytest.raises(ValueError, match="norm must be above 0"):
        normalize_gradients_(parameters_with_gradients([1.0]), norm=bound)


def test_the_other_forms_never_read_a_value_on_the_host() -> None:
    parameters = parameters_with_gradients([3.0], [4.0], device="meta")
    assert clip_each_gradient_(parameters, max_norm=1.0).is_meta
    assert normalize_gradients_(parameters, norm=1.0).is_meta
