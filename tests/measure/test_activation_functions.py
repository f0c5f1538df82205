"""Activation functions are known by name or by numbers."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from headway.measure.activation_functions import (
    flat_range,
    identify,
    known_name,
)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda x: (x.abs() + x) / 2, "relu"),
        (lambda x: 2 / (1 + (-2 * x).exp()) - 1, "tanh"),
        (lambda x: 1 / (1 + (-x).exp()), "sigmoid"),
        (lambda x: x / (1 + (-x).exp()), "silu"),
        (lambda x: (1 + x.exp()).log(), "softplus"),
        (F.leaky_relu, "leaky_relu"),
        (lambda x: x, ""),
        (lambda x: x**2, ""),
    ],
)
def test_a_function_is_identified_by_its_values(
    function: Callable[[Tensor], Tensor], name: str
) -> None:
    x = torch.linspace(-4, 4, 101)
    assert identify(x, function(x)) == name


def test_values_of_one_sign_tell_nothing() -> None:
    x = torch.linspace(0, 4, 101)
    assert identify(x, torch.relu(x)) == ""


@pytest.mark.parametrize(
    ("written", "name"),
    [("ReLU", "relu"), ("relu_", "relu"), ("SiLU", "silu"), ("LogSoftmax", "log_softmax")],
)
def test_names_of_classes_and_functions_are_one(written: str, name: str) -> None:
    assert known_name(written) == name


@pytest.mark.parametrize("written", ["Linear", "add", "__get__", ""])
def test_other_names_are_no_activation(written: str) -> None:
    assert known_name(written) == ""


def test_only_bounded_functions_have_a_flat_range() -> None:
    assert flat_range("tanh") == (-0.97, 0.97)
    assert flat_range("relu") is None
