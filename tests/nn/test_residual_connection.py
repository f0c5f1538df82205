import copy
import math

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from headway.nn import Residual, ShiftedReLU, ShortcutA, ShortcutB, ShortcutC


def zeroed(branch):
    for parameter in branch.parameters():
        nn.init.zeros_(parameter)
    return branch


def orthogonal_map(size):
    layer = nn.Linear(size, size, bias=False)
    nn.init.orthogonal_(layer.weight)
    return layer.requires_grad_(False)


@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
def test_zero_weights_give_the_identity_exactly(mode):
    block = Residual(zeroed(nn.Conv2d(3, 3, 3, padding=1))).train(mode)
    x = torch.randn(2, 3, 5, 5)
    assert torch.equal(block(x), x)


def test_one_convolution_beside_the_identity_is_the_formula_of_the_lecture():
    """L'[b, j, x, y] = L + sum over offsets and channels of W L, plus B."""
    conv = nn.Conv2d(2, 2, 3, padding=1).double()
    x = torch.randn(1, 2, 4, 4, dtype=torch.float64)
    padded = nn.functional.pad(x, (1, 1, 1, 1))
    expected = x + conv.bias.view(1, 2, 1, 1)
    for i in range(3):
        for j in range(3):
            window = padded[:, :, i : i + 4, j : j + 4]
            expected = expected + torch.einsum(
                "oc,bchw->bohw", conv.weight[:, :, i, j], window
            )
    torch.testing.assert_close(Residual(conv)(x), expected)


@pytest.mark.parametrize("shortcut", [ShortcutA, ShortcutB, ShortcutC])
def test_a_shortcut_of_another_shape_is_added(shortcut):
    conv, adjusted = (
        nn.Conv2d(2, 4, 3, stride=2, padding=1),
        shortcut(2, 4, stride=2).eval(),
    )
    x = torch.randn(2, 2, 7, 7)
    torch.testing.assert_close(Residual(conv, adjusted)(x), adjusted(x) + conv(x))


def test_without_a_shortcut_only_the_branch_is_left():
    conv = nn.Conv2d(2, 4, 3)
    x = torch.randn(2, 2, 5, 5)
    assert torch.equal(Residual(conv, None, activation=nn.ReLU())(x), conv(x).relu())


def test_a_residual_with_respect_to_an_orthogonal_map_is_that_map_at_zero_weights():
    rotation = orthogonal_map(4)
    block = Residual(zeroed(nn.Linear(4, 4)), rotation)
    x = torch.randn(3, 4)
    assert torch.equal(block(x), rotation(x))
    torch.testing.assert_close(block(x).norm(dim=1), x.norm(dim=1))


def test_the_activation_follows_the_sum():
    branch = nn.Linear(3, 3)
    x = torch.randn(5, 3)
    block = Residual(branch, activation=nn.ReLU())
    assert torch.equal(block(x), (x + branch(x)).relu())


def test_shapes_that_differ_are_refused_with_both():
    with pytest.raises(
        ValueError, match=r"returns shape \(2, 1\) and the shortcut \(2, 3\)"
    ):
        Residual(nn.Linear(3, 1))(torch.ones(2, 3))


def test_dropping_the_only_way_is_refused():
    with pytest.raises(ValueError, match=r"must be 0 without a shortcut, got 0\.5"):
        Residual(nn.Linear(3, 3), None, drop_prob=0.5)


@pytest.mark.parametrize("shortcut", ["identity", None, orthogonal_map(3)])
def test_the_gradient_is_that_of_finite_differences(shortcut):
    torch.manual_seed(0)
    branch = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3))
    block = Residual(branch, copy.deepcopy(shortcut)).double()
    assert gradcheck(block, (torch.randn(2, 3, dtype=torch.float64, requires_grad=True),))


def test_the_gradient_reaches_the_first_of_fifty_blocks_undiminished():
    """With I + dR/dx in each factor and R = 0 the product is 1; without I it is 0."""
    x = torch.randn(4, 6, requires_grad=True)
    layers = [zeroed(nn.Linear(6, 6)) for _ in range(50)]
    residual = nn.Sequential(*[Residual(layer) for layer in layers])(x).sum()
    assert torch.equal(torch.autograd.grad(residual, x)[0], torch.ones_like(x))
    plain = nn.Sequential(*layers)(x).sum()
    assert not torch.autograd.grad(plain, x)[0].any()


def gradient_ratio(layers, *, is_residual):
    """Return the gradient's norm at the first layer of a stack over that at the last."""
    x = torch.randn(8, 16, 8, 8)
    sizes = []
    for layer in layers:
        branch = nn.Sequential(layer, nn.ReLU())
        x = (Residual(branch) if is_residual else branch)(x)
    x.square().mean().backward()
    for layer in (layers[0], layers[-1]):
        sizes.append(layer.weight.grad.norm().item())
        layer.weight.grad = None
    return sizes[0] / sizes[1]


def test_a_residual_correction_at_most_layers_of_a_vgg_stack_feeds_its_first_layers():
    torch.manual_seed(0)
    layers = [nn.Conv2d(16, 16, 3, padding=1) for _ in range(30)]  # torch's own start
    plain = gradient_ratio(copy.deepcopy(layers), is_residual=False)
    residual = gradient_ratio(layers, is_residual=True)
    assert plain < 1e-6
    assert 0.1 < residual < 10.0


def test_channels_last_stays():
    x = torch.randn(2, 4, 5, 5).to(memory_format=torch.channels_last)
    y = Residual(nn.Conv2d(4, 4, 3, padding=1).to(memory_format=torch.channels_last))(x)
    assert y.is_contiguous(memory_format=torch.channels_last)


def test_a_shifted_relu_is_the_identity_above_minus_its_shift():
    x = torch.linspace(-100.0, 50.0, 151)
    assert torch.equal(ShiftedReLU(100.0)(x), x)


def test_a_shifted_relu_cuts_off_below_minus_its_shift():
    assert ShiftedReLU(100.0)(torch.tensor([-250.0])).item() == -100.0


def test_the_sign_of_the_slide_does_not_give_the_identity():
    x, c = 3.0, 100.0
    assert max(x - c, 0.0) + c == 100.0  # as printed
    assert ShiftedReLU(c)(torch.tensor([x])).item() == x


def test_two_plain_layers_whose_biases_hold_the_shift_are_the_identity():
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    for layer, shift in ((first, 8.0), (second, -8.0)):
        nn.init.eye_(layer.weight)
        nn.init.constant_(layer.bias, shift)
    x = torch.randn(5, 3)
    torch.testing.assert_close(second(first(x).relu()), x, atol=2e-6, rtol=0)


def test_a_negative_shift_is_refused():
    with pytest.raises(ValueError, match="shift must be at least 0, got -1"):
        ShiftedReLU(-1.0)


def test_a_tied_chain_with_steps_of_one_over_depth_comes_to_the_flow():
    """x' = A x has the flow exp(A); the error falls like 1 / depth."""
    a = torch.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64)
    x = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    flow = torch.tensor([[math.cos(1.0), -math.sin(1.0)]], dtype=torch.float64)
    errors = []
    for depth in (100, 200):
        layer = nn.Linear(2, 2, bias=False).double()
        layer.weight.data.copy_(a / depth)
        block = Residual(layer)
        errors.append((nn.Sequential(*[block] * depth)(x) - flow).norm().item())
    assert errors[1] / errors[0] == pytest.approx(0.5, abs=0.02)
