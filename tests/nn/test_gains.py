import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from headway.nn import Maxout, activation_gain, critical_variances
from headway.nn.gains import ACTIVATIONS, gaussian_mean

SMOOTH = ["tanh", "gelu", "gelu_tanh", "silu", "mish", "sigmoid", "softplus", "tanhshrink"]


def _gauss_hermite(f, nodes=150):
    z, weights = np.polynomial.hermite_e.hermegauss(nodes)
    values = f(torch.from_numpy(z)).numpy()
    return float((values * weights).sum() / math.sqrt(2 * math.pi))


@pytest.mark.parametrize("name", SMOOTH)
def test_the_gain_of_a_smooth_activation_is_that_of_gauss_hermite_quadrature(name):
    f = ACTIVATIONS[name]()
    expected = 1 / math.sqrt(_gauss_hermite(lambda z: f(z) ** 2))
    assert activation_gain(name) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("power", [0, 2, 4, 6])
def test_the_quadrature_has_the_moments_of_a_normal_distribution(power):
    expected = math.prod(range(1, power, 2))
    assert gaussian_mean(lambda z: z**power) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("linear", 1.0),
        ("relu", math.sqrt(2)),
        (nn.LeakyReLU(0.3), math.sqrt(2 / 1.09)),
        (nn.PReLU(4, init=0.25), math.sqrt(2 / 1.0625)),
        (F.relu, math.sqrt(2)),
        (nn.ReLU6(), math.sqrt(2)),  # few inputs exceed 6
    ],
    ids=["linear", "relu", "leaky", "prelu", "function", "relu6"],
)
def test_closed_forms_equal_the_integral(activation, expected):
    assert activation_gain(activation) == pytest.approx(expected, rel=1e-6)


def test_the_gain_of_elu_equals_its_closed_form():
    phi = torch.special.ndtr(torch.tensor([-2.0, -1.0], dtype=torch.float64)).tolist()
    tail = math.exp(2) * phi[0] - 2 * math.exp(0.5) * phi[1] + 0.5
    assert activation_gain("elu") == pytest.approx((0.5 + tail) ** -0.5, rel=1e-12)


def test_selu_needs_no_gain():
    assert activation_gain("selu") == pytest.approx(1.0, abs=1e-9)
    assert gaussian_mean(nn.SELU()) == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize("name", ["linear", "relu", "leaky_relu"])
def test_torch_has_the_same_gains_for_linear_and_relu(name):
    assert activation_gain(name) == pytest.approx(nn.init.calculate_gain(name))


def test_torch_rounds_the_gain_of_tanh_up_by_a_twentieth():
    assert nn.init.calculate_gain("tanh") / activation_gain("tanh") == pytest.approx(
        1.0466, abs=1e-4
    )


def test_the_gain_of_maxout_is_one_for_two_pieces():
    assert Maxout(3, 4).gain == pytest.approx(1.0, rel=1e-12)


def test_the_gain_of_maxout_of_five_pieces_is_that_of_samples():
    z = torch.randn(400_000, 5, generator=torch.Generator().manual_seed(0)).amax(1)
    expected = z.square().mean().rsqrt().item()
    assert Maxout(3, 4, num_pieces=5).gain == pytest.approx(expected, rel=5e-3)


def test_a_module_that_works_in_place_is_not_changed_and_has_the_same_gain():
    module = nn.ELU(inplace=True)
    assert activation_gain(module) == activation_gain(module) == activation_gain("elu")
    assert module.inplace


def test_a_network_without_storage_has_gains_too():
    with torch.device("meta"):
        assert activation_gain(nn.PReLU()) == pytest.approx(math.sqrt(2 / 1.0625))
        assert activation_gain("tanh") == pytest.approx(1.5925, abs=1e-4)
        assert Maxout(3, 4, num_pieces=3).gain == pytest.approx(0.8854, abs=1e-4)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="unknown activation 'rellu'; known: linear, relu"):
        activation_gain("rellu")


def test_an_activation_that_is_zero_has_no_gain():
    with pytest.raises(ValueError, match="zero almost everywhere"):
        activation_gain(torch.zeros_like)


@pytest.mark.parametrize("q", [0.01, 0.5, 2.0])
def test_critical_variances_keep_the_variance_and_the_gradient_of_tanh(q):
    weights, biases = critical_variances("tanh", q)
    root = math.sqrt(q)
    assert weights * _gauss_hermite(lambda z: torch.tanh(root * z) ** 2) + biases == (
        pytest.approx(q, rel=1e-9)
    )
    slopes = _gauss_hermite(lambda z: (1 - torch.tanh(root * z) ** 2) ** 2)
    assert weights * slopes == pytest.approx(1.0, rel=1e-7)


def test_relu_is_critical_at_hes_variance_wherever_it_starts():
    assert critical_variances("relu", 3.0) == pytest.approx((2.0, 0.0))


def test_critical_variances_need_a_positive_variance():
    with pytest.raises(ValueError, match=r"must be positive, got 0\.0"):
        critical_variances("tanh", 0.0)


def test_an_activation_without_critical_variances_says_so():
    with pytest.raises(ValueError, match=r"no critical variances at q = 1\.0"):
        critical_variances("sigmoid", 1.0)
