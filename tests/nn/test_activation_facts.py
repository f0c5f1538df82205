import math

import pytest
import torch
from torch import nn

from headway.nn import activation_facts
from headway.nn.gains import ACTIVATIONS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear", (-math.inf, math.inf)),
        ("relu", (0.0, math.inf)),
        ("sigmoid", (0.0, 1.0)),
        ("tanh", (-1.0, 1.0)),
        ("elu", (-1.0, math.inf)),
        ("selu", (-1.0507009873554805 * 1.6732632423543772, math.inf)),
        ("gelu", (-0.169971, math.inf)),
        ("silu", (-0.278465, math.inf)),
        ("relu6", (0.0, 6.0)),
        ("logsigmoid", (-math.inf, 0.0)),
    ],
)
def test_the_range_of(name, expected):
    assert activation_facts(name).range == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # s (1 - s) = 0.025 and 1 - tanh**2 = 0.1, solved by hand; exp(x) = 0.1 for ELU.
        ("sigmoid", [(-math.inf, -3.6369), (3.6369, math.inf)]),
        ("tanh", [(-math.inf, -1.8184), (1.8184, math.inf)]),
        ("elu", [(-math.inf, math.log(0.1))]),
        ("selu", [(-math.inf, math.log(0.1))]),
        ("relu", [(-math.inf, 0.0)]),
        ("leaky_relu", [(-math.inf, 0.0)]),
        ("prelu", []),
        ("linear", []),
    ],
)
def test_an_activation_saturates_where_its_slope_is_below_a_tenth_of_the_largest(
    name, expected
):
    saturated = activation_facts(name).saturated
    assert len(saturated) == len(expected)
    for interval, ends in zip(saturated, expected, strict=True):
        assert interval == pytest.approx(ends, abs=2e-3)


DEAD = {
    "relu": ((-math.inf, 0.0),),
    "relu6": ((-math.inf, 0.0), (6.0, math.inf)),
    "hardtanh": ((-math.inf, -1.0), (1.0, math.inf)),
    "hardsigmoid": ((-math.inf, -3.0), (3.0, math.inf)),
    "hardswish": ((-math.inf, -3.0),),
    "softshrink": ((-0.5, 0.5),),
    "hardshrink": ((-0.5, 0.5),),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_slope_is_exactly_zero_in_the_dead_region_and_nowhere_else(name):
    assert activation_facts(name).dead == DEAD.get(name, ())


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_inside_a_saturated_region_the_slope_is_small_and_outside_it_is_not(name):
    facts = activation_facts(name)
    x = torch.linspace(-6.9, 6.9, 2001, dtype=torch.float64, requires_grad=True)
    ACTIVATIONS[name]().double().eval()(x).sum().backward()
    inside = torch.zeros(len(x), dtype=torch.bool)
    for low, high in facts.saturated:
        inside |= (x > low) & (x < high)
    is_small = x.grad.abs() < 0.1 * facts.max_slope
    assert (inside != is_small).sum() <= 4  # grid points at the ends of intervals


def test_units_die_only_where_the_dead_region_has_no_end():
    dying = {name for name in ACTIVATIONS if activation_facts(name).can_die}
    assert dying == {"relu", "relu6", "hardtanh", "hardsigmoid", "hardswish"}


def test_zero_centered_are_the_odd_activations_and_selu():
    centered = {name for name in ACTIVATIONS if activation_facts(name).is_zero_centered}
    assert centered == {
        *("linear", "tanh", "softsign", "tanhshrink", "hardtanh", "hardshrink"),
        *("softshrink", "selu"),
    }


@pytest.mark.parametrize(
    ("name", "mean"),
    [
        ("relu", 1 / math.sqrt(2 * math.pi)),
        ("sigmoid", 0.5),
        ("gelu", 0.5 / math.sqrt(math.pi)),
    ],
)
def test_the_mean_output_is_that_of_the_closed_form(name, mean):
    assert activation_facts(name).mean == pytest.approx(mean, rel=1e-9)


def test_bounded_activations_are_those_with_a_finite_range():
    assert activation_facts("tanh").is_bounded
    assert not activation_facts("elu").is_bounded


def test_modules_and_functions_have_facts_too():
    assert activation_facts(nn.ReLU(inplace=True)).name == "relu"
    assert activation_facts(nn.LeakyReLU(0.2)).saturated == ()
    assert activation_facts(torch.sin).name == "sin"


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="unknown activation 'tahn'"):
        activation_facts("tahn")
