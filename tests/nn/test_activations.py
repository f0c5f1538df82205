import inspect
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import gradcheck

from headway.nn import Maxout, MaxoutConv2d, SmartReLU, activation_facts
from headway.nn.gains import gaussian_mean


def _slopes(f, *points):
    x = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    (slopes,) = torch.autograd.grad(f(x).sum(), x)
    return slopes.tolist()


# Activations of torch.nn


def test_the_sigmoid_is_stable_far_from_zero():
    x = torch.tensor([-1000.0, -701.0, 701.0, 1000.0], dtype=torch.float64)
    values = torch.sigmoid(x)
    assert values[0] < values[1] <= 1e-300
    assert values[2:].tolist() == [1.0, 1.0]
    assert np.isfinite(_slopes(torch.sigmoid, *x.tolist())).all()


def test_the_slope_of_the_sigmoid_at_minus_ten_zero_and_ten():
    expected = [4.5396e-5, 0.25, 4.5396e-5]
    assert _slopes(torch.sigmoid, -10.0, 0.0, 10.0) == pytest.approx(expected, rel=1e-4)


def test_the_sigmoid_of_ten_is_one_and_not_minus_one():
    assert torch.sigmoid(torch.tensor(10.0)).item() == pytest.approx(1.0, abs=5e-5)


def test_the_slope_of_the_sigmoid_beyond_four_is_a_fourteenth_of_the_largest():
    assert _slopes(torch.sigmoid, 4.0)[0] == pytest.approx(0.01766, abs=5e-6)
    assert all(
        abs(end) < 4 or math.isinf(end) for end in activation_facts("sigmoid").saturated[0]
    )


def test_saturated_sigmoids_kill_the_gradient():
    x = torch.full((1,), 5.0, dtype=torch.float64, requires_grad=True)
    y = x
    for _ in range(10):
        y = torch.sigmoid(y)
    y.backward()
    assert 0 < x.grad.item() < 0.25**10


@pytest.mark.parametrize(
    ("f", "mean"), [(nn.Sigmoid(), 0.5), (nn.Tanh(), 0.0)], ids=["sigmoid", "tanh"]
)
def test_sigmoid_outputs_are_not_zero_centered_and_tanh_outputs_are(f, mean):
    assert gaussian_mean(f) == pytest.approx(mean, abs=1e-12)


@pytest.mark.slow
def test_tanh_is_the_ratio_of_the_hyperbolic_sine_and_cosine():
    x = torch.linspace(-5, 5, 101, dtype=torch.float64)
    torch.testing.assert_close(torch.tanh(x), torch.sinh(x) / torch.cosh(x))


def test_tanh_is_zero_at_zero_and_the_sigmoid_only_at_minus_infinity():
    assert torch.tanh(torch.tensor(0.0)) == 0
    assert torch.sigmoid(torch.tensor(-700.0, dtype=torch.float64)) > 0
    assert torch.sigmoid(torch.tensor(-math.inf)) == 0


def test_relu_has_slope_one_for_positive_and_zero_for_negative_inputs():
    assert _slopes(torch.relu, -10.0, -1.0, 0.0, 1.0, 10.0) == [0, 0, 0, 1, 1]


def _train_a_unit_below_zero(activation):
    torch.manual_seed(0)
    unit = nn.Sequential(nn.Linear(4, 1), activation)
    nn.init.constant_(unit[0].bias, -3.0)  # below zero on every input
    x = torch.rand(32, 4)
    optimizer = torch.optim.SGD(unit.parameters(), lr=0.2)
    for _ in range(600):
        optimizer.zero_grad()
        (unit(x) - 1).square().mean().backward()
        optimizer.step()
    return unit(x).mean().item()


def test_a_dead_relu_stays_dead_and_a_leaky_one_recovers():
    assert _train_a_unit_below_zero(nn.ReLU()) == 0.0
    assert _train_a_unit_below_zero(nn.LeakyReLU()) > 0.9


def test_the_slope_of_leaky_relu_is_a_hundredth_by_default_and_can_be_a_tenth():
    assert _slopes(nn.LeakyReLU(), -3.0) == [0.01]
    assert _slopes(nn.LeakyReLU(0.1), -3.0) == [0.1]


def test_the_variants_of_relu_still_have_small_slopes_at_negative_inputs():
    for name in ("leaky_relu", "elu", "gelu"):
        saturated = activation_facts(name).saturated
        assert saturated[0][0] == -math.inf


def test_prelu_is_piecewise_also_where_the_slope_exceeds_one():
    prelu = nn.PReLU(1, init=2.0)
    assert prelu(torch.tensor([-1.0, 1.0])).tolist() == [-2.0, 1.0]  # max(a x, x) says -1


def test_prelu_is_the_sum_of_both_pieces_by_channel():
    prelu = nn.PReLU(3).double()
    prelu.weight.data = torch.tensor([0.25, 1.5, -0.5], dtype=torch.float64)
    x = torch.randn(2, 3, 4, 4, dtype=torch.float64)
    expected = x.clamp(min=0) + prelu.weight.view(3, 1, 1) * x.clamp(max=0)
    torch.testing.assert_close(prelu(x), expected)


def test_prelu_starts_at_a_quarter_and_learns_its_slope_from_negative_inputs():
    prelu = nn.PReLU()
    assert prelu.weight.item() == 0.25
    prelu(torch.tensor([-3.0, 5.0])).sum().backward()
    assert prelu.weight.grad.item() == -3.0


@pytest.mark.parametrize("alpha", [1.0, 0.5])
def test_elu_is_the_identity_above_zero_and_an_exponential_below(alpha):
    x = torch.tensor([-2.0, 0.0, 3.0], dtype=torch.float64)
    expected = [alpha * (math.exp(-2) - 1), 0.0, 3.0]
    assert nn.ELU(alpha)(x).tolist() == pytest.approx(expected, rel=1e-12)


def test_selu_has_the_constants_of_the_paper():
    scale, alpha = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
    x = torch.tensor([-2.0, 3.0], dtype=torch.float64)
    expected = [scale * alpha * (math.exp(-2) - 1), scale * 3]
    assert nn.SELU()(x).tolist() == pytest.approx(expected, rel=1e-12)


def test_gelu_is_the_exact_form_with_its_minimum():
    x = torch.linspace(-2, 0, 200_001, dtype=torch.float64)
    y = nn.GELU()(x)
    torch.testing.assert_close(y, x * torch.special.ndtr(x))
    assert y.min().item() == pytest.approx(-0.170, abs=5e-4)
    assert x[y.argmin()].item() == pytest.approx(-0.752, abs=5e-4)


def test_sigmoid_units_of_normalised_inputs_are_nearly_linear():
    covariance = gaussian_mean(lambda z: z * torch.sigmoid(z))
    variance = gaussian_mean(lambda z: (torch.sigmoid(z) - 0.5) ** 2)
    assert covariance**2 / variance > 0.98  # share of the variance that a line explains


@pytest.mark.parametrize("upstream", [1.0, -1.0])
def test_positive_inputs_give_all_weights_of_a_unit_gradients_of_one_sign(upstream):
    torch.manual_seed(0)
    unit = nn.Linear(50, 1)
    x = torch.rand(50)  # what sigmoids hand on
    torch.sigmoid(unit(x)).backward(torch.tensor([upstream]))
    assert (unit.weight.grad.sign() == upstream).all()
    s = torch.sigmoid(unit(x)).detach()
    torch.testing.assert_close(unit.weight.grad[0], s * (1 - s) * x * upstream)


def test_a_batch_of_positive_inputs_gives_gradients_of_both_signs():
    torch.manual_seed(0)
    unit, x = nn.Linear(50, 1), torch.rand(64, 50)
    torch.sigmoid(unit(x)).backward(torch.randn(64, 1))
    assert 0 < (unit.weight.grad > 0).sum() < 50


# Maxout


def test_a_second_piece_of_zero_makes_maxout_a_relu():
    maxout = Maxout(5, 3)
    maxout.weight.data[1::2] = 0
    x = torch.randn(7, 5)
    torch.testing.assert_close(maxout(x), F.linear(x, maxout.weight[::2]).relu())


def test_a_second_piece_of_a_tenth_makes_maxout_a_leaky_relu():
    maxout = Maxout(5, 3)
    maxout.weight.data[1::2] = 0.1 * maxout.weight.data[::2]
    x = torch.randn(7, 5)
    expected = F.leaky_relu(F.linear(x, maxout.weight[::2]), 0.1)
    torch.testing.assert_close(maxout(x), expected)


def test_maxout_is_the_largest_of_its_affine_maps():
    maxout = Maxout(5, 3, num_pieces=4)
    maxout.bias.data.normal_()
    x = torch.randn(2, 6, 5)
    maps = [F.linear(x, maxout.weight[i::4], maxout.bias[i::4]) for i in range(4)]
    torch.testing.assert_close(maxout(x), torch.stack(maps).amax(0))


def test_maxout_doubles_the_parameters():
    count = sum(p.numel() for p in Maxout(5, 3).parameters())
    assert count == 2 * sum(p.numel() for p in nn.Linear(5, 3).parameters())


@pytest.mark.parametrize("num_pieces", [2, 5])
def test_twenty_maxout_layers_keep_the_second_moment(num_pieces):
    torch.manual_seed(0)
    x = torch.randn(64, 256)
    for _ in range(20):
        x = Maxout(256, 256, num_pieces=num_pieces)(x)
    assert 0.5 < x.square().mean().item() < 2.0


def test_a_pointwise_maxout_convolution_is_maxout_at_every_pixel():
    convolution, maxout = MaxoutConv2d(5, 3, 1, num_pieces=3), Maxout(5, 3, num_pieces=3)
    maxout.weight.data = convolution.weight.data.flatten(1)
    x = torch.randn(2, 5, 4, 4)
    expected = maxout(x.movedim(1, -1)).movedim(-1, 1)
    torch.testing.assert_close(convolution(x), expected)


def test_a_maxout_convolution_strides_and_pads():
    assert MaxoutConv2d(3, 4, 3, stride=2, padding=1)(torch.zeros(1, 3, 9, 9)).shape == (
        1,
        4,
        5,
        5,
    )


@pytest.mark.parametrize(
    ("layer", "shape"),
    [(Maxout(3, 2), (4, 3)), (MaxoutConv2d(2, 2, 3), (1, 2, 4, 4))],
    ids=["linear", "convolution"],
)
def test_the_gradient_of_maxout_is_that_of_finite_differences(layer, shape):
    torch.manual_seed(0)
    layer = layer.double()
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x, *_: layer(x), (x, *layer.parameters()))


@pytest.mark.parametrize(
    "make",
    [lambda: Maxout(3, 2, num_pieces=1), lambda: MaxoutConv2d(3, 2, 1, num_pieces=1)],
    ids=["linear", "convolution"],
)
def test_maxout_of_one_piece_is_refused(make):
    with pytest.raises(ValueError, match="at least 2 pieces, got num_pieces=1"):
        make()


# Smart ReLU


def test_smart_relu_is_relu_going_forward():
    x = torch.tensor([-1.0, -0.0, 0.0, 2.0, math.inf])
    assert torch.equal(SmartReLU()(x), x.relu())


def test_smart_relu_draws_the_subgradient_at_zero_from_the_unit_interval():
    torch.manual_seed(0)
    x = torch.zeros(10_000, requires_grad=True)
    SmartReLU()(x).sum().backward()
    assert 0 <= x.grad.min() < 0.01
    assert 0.99 < x.grad.max() <= 1
    assert x.grad.mean().item() == pytest.approx(0.5, abs=4 * math.sqrt(1 / 12 / 10_000))


def test_smart_relu_draws_afresh_in_each_pass():
    smart, x = SmartReLU(), torch.zeros(8, requires_grad=True)
    grads = [torch.autograd.grad(smart(x).sum(), x)[0] for _ in range(2)]
    assert not torch.equal(*grads)


def test_smart_relu_has_the_slopes_of_relu_away_from_zero():
    assert _slopes(SmartReLU(), -3.0, -1e-30, 1e-30, 2.0) == [0, 0, 1, 1]


def test_the_gradient_of_smart_relu_away_from_zero_is_that_of_finite_differences():
    x = torch.tensor([-2.0, -0.3, 0.4, 3.0], dtype=torch.float64, requires_grad=True)
    assert gradcheck(SmartReLU(), (x,))


def test_smart_relu_draws_nothing_outside_training():
    x = torch.zeros(8, requires_grad=True)
    SmartReLU().eval()(x).sum().backward()
    assert not x.grad.any()


def _loss_of_the_class_prior(targets):
    share = targets.float().mean().item()
    return -share * math.log(share) - (1 - share) * math.log(1 - share)


def _train_two_layers(activation, zeroed):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 32), activation, nn.Linear(32, 2))
    for index in (0, 2):
        nn.init.zeros_(net[index].bias)
        if index in zeroed:
            nn.init.zeros_(net[index].weight)
    x = torch.randn(128, 6)
    targets = (x[:, 0] > 0.5).long()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    for _ in range(60):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), targets)
        loss.backward()
        optimizer.step()
    return net, loss.item() / _loss_of_the_class_prior(targets)


@pytest.mark.parametrize("activation", [nn.ReLU, SmartReLU])
def test_a_network_of_zeros_moves_nothing_but_its_last_bias(activation):
    net, loss = _train_two_layers(activation(), zeroed=(0, 2))
    assert loss == pytest.approx(1.0, abs=1e-3)
    assert not any(p.any() for p in (net[0].weight, net[0].bias, net[2].weight))
    assert net[2].bias.any()


def test_a_single_layer_of_zeros_stalls_relu_but_not_smart_relu():
    assert _train_two_layers(nn.ReLU(), zeroed=(0,))[1] == pytest.approx(1.0, abs=1e-3)
    assert _train_two_layers(SmartReLU(), zeroed=(0,))[1] < 0.3


def test_smart_relu_does_not_revive_a_dead_unit():
    assert _train_a_unit_below_zero(SmartReLU()) == 0.0


BLOCKS = {
    "maxout": (Maxout(8, 4), (3, 8)),
    "maxout convolution": (MaxoutConv2d(3, 4, 3), (2, 3, 6, 6)),
    "smart relu": (SmartReLU(), (3, 8)),
}


@pytest.mark.slow
@pytest.mark.parametrize(("block", "shape"), BLOCKS.values(), ids=BLOCKS)
def test_a_block_compiles_to_one_graph(block, shape):
    # The shape checks of the tests cannot be compiled.
    block.forward = inspect.unwrap(type(block).forward).__get__(block)
    x = torch.randn(shape, requires_grad=True)
    compiled = torch.compile(block, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), block(x))
    compiled(x).sum().backward()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize(("block", "shape"), BLOCKS.values(), ids=BLOCKS)
def test_a_block_runs_in_bfloat16(block, shape):
    x = torch.randn(shape, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = block(x)
    torch.testing.assert_close(y.float(), block(x), rtol=0.05, atol=0.05)
