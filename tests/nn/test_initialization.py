import inspect
import math
from typing import get_args

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from headway.models import build_model
from headway.nn import Maxout, initialize_, kaiming_normal_
from headway.nn.initialization import Scheme
from headway.nn.initialization_gains import gains_that_follow

unchecked_initialize = inspect.unwrap(initialize_)


@pytest.mark.parametrize(
    ("shape", "fan_in"),
    [((400, 300), 300), ((200, 32, 3, 3), 288), ((64, 16, 5), 80)],
    ids=["linear", "conv2d", "conv1d"],
)
def test_kaiming_weights_have_the_standard_deviation_of_the_fan_in(shape, fan_in):
    weight = kaiming_normal_(torch.empty(shape), generator=torch.Generator().manual_seed(0))
    # The standard error of a standard deviation is std / sqrt(2n): allow four of them.
    tolerance = 4 / math.sqrt(2 * weight.numel())
    assert weight.std().item() == pytest.approx(math.sqrt(2 / fan_in), rel=tolerance)


def test_kaiming_weights_have_mean_zero():
    weight = kaiming_normal_(
        torch.empty(400, 300), generator=torch.Generator().manual_seed(0)
    )
    assert abs(weight.mean().item()) < 4 * math.sqrt(2 / 300 / weight.numel())


def test_a_gain_of_one_gives_the_inverse_fan_in_as_variance():
    weight = kaiming_normal_(
        torch.empty(400, 300), gain=1.0, generator=torch.Generator().manual_seed(0)
    )
    assert weight.var().item() == pytest.approx(1 / 300, rel=0.02)


def test_the_same_generator_state_gives_the_same_weights():
    first, second = (
        kaiming_normal_(torch.empty(3, 4), generator=torch.Generator().manual_seed(5))
        for _ in range(2)
    )
    assert torch.equal(first, second)


def test_twenty_relu_layers_keep_the_second_moment():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 512, generator=generator)
    moments = []
    for _ in range(20):
        x = x @ kaiming_normal_(torch.empty(512, 512), generator=generator).T
        moments.append(x.square().mean().item())
        x = x.relu()
    assert (
        0.5 < moments[-1] / moments[0] < 2.0
    )  # with variance 1 / fan_in it would be 2**-19


def test_a_weight_without_inputs_is_refused():
    with pytest.raises(ValueError, match=r"at least one input, got \(3, 0\)"):
        kaiming_normal_(torch.empty(3, 0))


def test_initialize_sets_every_bias_to_zero():
    net = initialize_(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Linear(8, 4)))
    assert all(not layer.bias.any() for layer in net)


def test_initialize_leaves_batch_norm_at_scale_one():
    norm = initialize_(nn.Sequential(nn.BatchNorm2d(4)))[0]
    assert torch.equal(norm.weight, torch.ones(4))


def test_initialize_accepts_layers_without_bias():
    layer = initialize_(nn.Conv2d(64, 64, 3, bias=False), gain=2.0)
    assert layer.weight.std().item() == pytest.approx(2 / math.sqrt(576), rel=0.02)


def _std(layer):
    return layer.weight.std().item()


@pytest.mark.parametrize(
    ("scheme", "variance"),
    [
        ("he", 2 / 400),
        ("he-uniform", 2 / 400),
        ("he-fan-out", 2 / 600),
        ("he-fan-out-uniform", 2 / 600),
        ("lecun", 1 / 400),
        ("xavier", 2 / 1000),
        ("xavier-uniform", 2 / 1000),
        ("xavier-fan-in", 1 / 400),
        ("xavier-fan-in-uniform", 1 / 400),
        ("random-walk", 2 / 400 * math.exp(2.4 / 397.6)),
    ],
)
def test_a_scheme_has_its_variance(scheme, variance):
    net = nn.Sequential(nn.Linear(400, 600), nn.ReLU())
    initialize_(net, scheme, generator=torch.Generator().manual_seed(0))
    assert _std(net[0]) == pytest.approx(math.sqrt(variance), rel=0.006)


@pytest.mark.parametrize("scheme", [name for name in get_args(Scheme) if "uniform" in name])
def test_a_uniform_scheme_is_bounded(scheme):
    layer = initialize_(nn.Linear(300, 300), scheme, gain=1.0)
    bound = math.sqrt(3 / 300)
    assert layer.weight.abs().max().item() == pytest.approx(bound, rel=1e-3)


def test_xavier_equals_that_of_torch():
    ours, theirs = nn.Linear(7, 5), torch.empty(5, 7)
    initialize_(ours, "xavier", generator=torch.Generator().manual_seed(3))
    nn.init.xavier_normal_(theirs, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(ours.weight.data, theirs)


def test_lecun_and_xavier_fan_in_are_one_scheme():
    pair = [
        initialize_(nn.Linear(7, 5), name, generator=torch.Generator().manual_seed(3))
        for name in ("lecun", "xavier-fan-in")
    ]
    assert torch.equal(pair[0].weight, pair[1].weight)


def test_the_gain_is_that_of_the_activation_that_follows():
    net = nn.Sequential(
        *(nn.Linear(500, 500), nn.LayerNorm(500), nn.Tanh(), nn.Dropout(0.1)),
        *(nn.Linear(500, 500), nn.LeakyReLU(0.5), nn.Linear(500, 500)),
    )
    initialize_(net)
    gains = [_std(net[i]) * math.sqrt(500) for i in (0, 4, 6)]
    assert gains == pytest.approx([1.5925, math.sqrt(2 / 1.25), 1.0], rel=0.01)


class _Functional(nn.Module):
    """Layers in another order than they run, activations as functions, and a branch."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(500, 500)
        self.inner = nn.Linear(500, 500)
        self.first = nn.Linear(500, 500)

    def forward(self, x):
        x = torch.tanh(self.first(x))
        x = F.leaky_relu(self.inner(x) + x, 0.5, inplace=True)
        return self.last(x).sigmoid_()


class _Untraceable(_Functional):
    def forward(self, x):
        return x if x.sum() > 0 else super().forward(x)


def test_the_gain_is_found_in_the_traced_graph():
    net = initialize_(_Functional())
    gains = [_std(layer) * math.sqrt(500) for layer in (net.first, net.inner, net.last)]
    assert gains == pytest.approx([1.5925, math.sqrt(2 / 1.25), 1.8462], rel=0.01)


def test_a_module_that_cannot_be_traced_goes_by_the_order_of_its_modules():
    net = initialize_(_Untraceable())
    assert _std(net.first) * math.sqrt(500) == pytest.approx(1.0, rel=0.01)
    chain = nn.ModuleList([nn.Linear(500, 500), nn.ReLU(), nn.Linear(500, 500)])
    initialize_(chain)
    assert _std(chain[0]) * math.sqrt(500) == pytest.approx(math.sqrt(2), rel=0.01)


def test_the_layers_of_a_residual_network_are_followed_by_relu_and_the_classifier_is_not():
    gains = gains_that_follow(
        build_model("resnet-20", input_shape=(3, 8, 8), num_outputs=10)
    )
    assert set(gains.values()) == {math.sqrt(2)}
    assert len(gains) == 19
    assert "classifier" not in gains


def test_the_gain_of_a_maxout_layer_is_its_own():
    net = nn.Sequential(Maxout(5, 4, num_pieces=3), nn.Linear(4, 2))
    assert gains_that_follow(net) == {"0": net[0].gain}


@pytest.mark.parametrize(
    "layer",
    [nn.ConvTranspose2d(16, 16, 4, stride=2, groups=2), nn.Conv2d(16, 16, 3, groups=2)],
    ids=["transposed", "convolution"],
)
def test_the_groups_of_a_convolution_are_orthogonal_one_by_one(layer):
    initialize_(layer, "orthogonal")
    for block in layer.weight.detach().flatten(1).chunk(2):
        torch.testing.assert_close(block @ block.T, torch.eye(8), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_the_recurrent_matrix_of_each_gate_is_orthogonal(kind):
    layer = initialize_(kind(8, 16, num_layers=2))
    for gate in layer.weight_hh_l1.detach().split(16):
        torch.testing.assert_close(gate @ gate.T, torch.eye(16), rtol=0, atol=1e-5)
    assert not layer.bias_hh_l1.any()


@pytest.mark.parametrize("scheme", ["xavier", "he-fan-out"])
def test_the_weights_of_a_recurrent_layer_count_one_gate(scheme):
    layer = initialize_(nn.LSTM(100, 300), scheme, recurrent=None)
    fan = 200 if scheme == "xavier" else 300
    assert layer.weight_ih_l0.std().item() == pytest.approx(1 / math.sqrt(fan), rel=0.02)


def test_an_unknown_scheme_is_refused():
    with pytest.raises(ValueError, match="unknown scheme 'glorot'; known: he, he-uniform"):
        unchecked_initialize(nn.Linear(2, 2), "glorot")


def test_random_walk_knows_only_relu_and_linear():
    with pytest.raises(
        ValueError, match=r"gains 1 \(linear\) and sqrt\(2\) \(ReLU\), got 1.593"
    ):
        initialize_(nn.Sequential(nn.Linear(2, 2), nn.Tanh()), "random-walk")
