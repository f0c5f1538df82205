import itertools
import math

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from headway.nn import VanillaDropout, scale_outgoing_weights_


def _many(count=50_000):
    torch.manual_seed(0)
    return torch.ones(count, dtype=torch.float64)


@pytest.mark.parametrize("drop_prob", [0.2, 0.5, 0.8])
def test_a_fraction_of_activations_becomes_zero_and_the_rest_stays(drop_prob):
    y = VanillaDropout(drop_prob)(_many())
    assert set(y.unique().tolist()) == {0.0, 1.0}
    assert (y == 0).double().mean().item() == pytest.approx(drop_prob, abs=0.01)


@pytest.mark.parametrize("kind", [VanillaDropout, nn.Dropout], ids=["vanilla", "inverted"])
@pytest.mark.parametrize("drop_prob", [0.2, 0.5, 0.8])
def test_the_mean_in_training_is_the_value_in_evaluation(kind, drop_prob):
    layer = kind(drop_prob)
    trained = layer(_many()).mean().item()
    assert trained == pytest.approx(layer.eval()(_many()).mean().item(), rel=0.02)


def test_inverted_dropout_divides_by_what_is_kept():
    assert set(nn.Dropout(0.2)(_many()).unique().tolist()) == {0.0, 1.25}


def test_dividing_by_the_drop_probability_is_right_for_one_half_only():
    def mean_of_the_rule(p):
        return (VanillaDropout(p)(_many()) / p).mean().item()

    assert mean_of_the_rule(0.5) == pytest.approx(1.0, rel=0.02)
    assert mean_of_the_rule(0.2) == pytest.approx(0.8 / 0.2, rel=0.02)


def test_evaluation_multiplies_by_what_is_kept():
    assert VanillaDropout(0.2).eval()(torch.ones(2)).tolist() == pytest.approx([0.8, 0.8])


@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
def test_without_dropping_it_is_the_identity(mode):
    x = torch.randn(5)
    assert torch.equal(VanillaDropout(0.0).train(mode)(x), x)


def test_every_sample_and_unit_has_a_mask_of_its_own():
    torch.manual_seed(0)
    mask = VanillaDropout(0.5)(torch.ones(64, 64))
    assert len(mask.unique(dim=0)) == 64
    assert len(mask.unique(dim=1)[0]) == 64


def test_a_unit_that_is_off_moves_none_of_its_weights():
    torch.manual_seed(0)
    first, dropout, second = nn.Linear(3, 8), VanillaDropout(0.5), nn.Linear(8, 2)
    hidden = dropout(first(torch.ones(1, 3)))
    second(hidden).sum().backward()
    off = hidden[0] == 0
    assert 0 < off.sum() < 8
    for gradient in (first.weight.grad, first.bias.grad, second.weight.grad.T):
        assert not gradient[off].any()
        assert gradient[~off].any()


def test_the_mask_multiplies_the_gradient():
    torch.manual_seed(0)
    x = torch.randn(100, dtype=torch.float64, requires_grad=True)
    y = VanillaDropout(0.5)(x)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert torch.equal(gradient, (y != 0).double())


@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
def test_the_gradient_is_that_of_finite_differences(mode):
    layer = VanillaDropout(0.3).train(mode)

    def with_one_mask(x):
        torch.manual_seed(0)
        return layer(x)

    assert gradcheck(
        with_one_mask, (torch.randn(9, dtype=torch.float64, requires_grad=True),)
    )


@pytest.mark.parametrize(
    ("layer", "shape"),
    [(nn.Linear(6, 4), (5, 6)), (nn.Conv2d(6, 4, 3), (2, 6, 5, 5))],
    ids=["linear", "convolution"],
)
def test_scaling_the_outgoing_weights_is_scaling_the_activations(layer, shape):
    layer, x = layer.double(), torch.randn(shape, dtype=torch.float64)
    expected = layer(VanillaDropout(0.3).eval()(x))
    scale_outgoing_weights_(layer, drop_prob=0.3)
    torch.testing.assert_close(layer(x), expected, atol=1e-12, rtol=0)


def test_halving_the_outgoing_weights_leaves_the_bias():
    layer = nn.Linear(2, 2)
    before = layer.bias.clone()
    scale_outgoing_weights_(layer, drop_prob=0.5)
    assert torch.equal(layer.bias, before)


@pytest.mark.parametrize("drop_prob", [-0.1, 1.0])
def test_a_drop_probability_out_of_range_is_refused(drop_prob):
    with pytest.raises(ValueError, match="drop_prob must be at least 0 and below 1"):
        VanillaDropout(drop_prob)


def test_the_probability_to_keep_makes_the_same_layer():
    assert VanillaDropout.keeping(0.8).drop_prob == 0.2


@pytest.mark.parametrize("keep_prob", [0.0, 1.1])
def test_a_keep_probability_out_of_range_is_refused(keep_prob):
    with pytest.raises(ValueError, match="keep_prob must be above 0 and at most 1"):
        VanillaDropout.keeping(keep_prob)


def test_half_precision_drops_the_same_fraction():
    torch.manual_seed(0)
    y = VanillaDropout(0.001)(torch.ones(200_000).bfloat16())
    assert y.dtype == torch.bfloat16
    assert (y == 0).double().mean().item() == pytest.approx(0.001, rel=0.3)


def test_the_mean_over_all_four_masks_of_a_neuron_is_half_of_it():
    w, x = torch.tensor([3.0, -5.0]), torch.tensor([2.0, 7.0])
    masks = torch.tensor(list(itertools.product([0.0, 1.0], repeat=2)))
    outputs = (masks * x) @ w
    assert outputs.mean().item() == 0.5 * (w @ x).item()
    assert outputs.mean().item() == (VanillaDropout(0.5).eval()(x) @ w).item()


def test_a_layer_of_4096_units_has_10_to_the_1233_masks():
    assert 4096 * math.log10(2) == pytest.approx(1233.02, abs=0.01)
    assert 2**4096 > 10**82
