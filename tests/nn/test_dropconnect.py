import itertools

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from headway.nn import DropConnect


def _layer(num_inputs=3, num_outputs=2, **options):
    torch.manual_seed(0)
    return DropConnect(num_inputs, num_outputs, **options).double()


def _inputs(*shape):
    return torch.randn(
        shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )


def test_all_connections_are_there_in_evaluation_mode():
    layer, x = _layer().eval(), _inputs(5, 3)
    assert torch.equal(layer(x), nn.functional.linear(x, layer.weight, layer.bias))


def test_without_dropping_it_is_a_linear_layer():
    layer, x = _layer(drop_prob=0.0), _inputs(5, 3)
    assert torch.equal(layer(x), nn.functional.linear(x, layer.weight, layer.bias))


@pytest.mark.parametrize("mask_per_sample", [True, False])
def test_weights_and_not_outputs_are_dropped(mask_per_sample):
    layer = _layer(1, 1, drop_prob=0.2, bias=False, mask_per_sample=mask_per_sample)
    outputs = {round(layer(torch.ones(1, 1).double()).item(), 9) for _ in range(50)}
    assert outputs == {0.0, round(layer.weight.item() / 0.8, 9)}


@pytest.mark.parametrize("shape", [(6, 3), (2, 4, 3)])
def test_every_sample_has_a_mask_of_its_own(shape):
    x = torch.ones(shape, dtype=torch.float64)
    layer = _layer(3, 64, bias=False)
    outputs = layer(x).flatten(0, -2)
    assert outputs.shape == (x.numel() // 3, 64)
    assert len(outputs.unique(dim=0)) == len(outputs)


def test_one_mask_for_the_batch_treats_equal_samples_equally():
    outputs = _layer(3, 64, mask_per_sample=False)(torch.ones(6, 3, dtype=torch.float64))
    assert len(outputs.unique(dim=0)) == 1


def test_the_moments_are_those_over_all_masks():
    layer, x = _layer(3, 1), _inputs(1, 3)
    masks = torch.tensor(list(itertools.product([0.0, 2.0], repeat=3)), dtype=torch.float64)
    outputs = (masks * layer.weight * x).sum(1) + layer.bias
    mean, variance = layer.moments(x)
    torch.testing.assert_close(mean.squeeze(), outputs.mean())
    torch.testing.assert_close(variance.squeeze(), outputs.var(correction=0))


@pytest.mark.parametrize("drop_prob", [0.2, 0.5])
@pytest.mark.parametrize("mask_per_sample", [True, False])
def test_the_moments_are_those_of_training(drop_prob, mask_per_sample):
    layer = _layer(drop_prob=drop_prob, mask_per_sample=mask_per_sample)
    x = _inputs(1, 3)
    if mask_per_sample:
        outputs = layer(x.expand(4000, 3))
    else:
        outputs = torch.cat([layer(x) for _ in range(4000)])
    mean, variance = layer.moments(x)
    torch.testing.assert_close(outputs.mean(0), mean[0], atol=0.05, rtol=0)
    torch.testing.assert_close(outputs.var(0), variance[0], atol=0, rtol=0.1)


def test_samples_have_the_moments():
    layer, x = _layer(), _inputs(4, 3)
    samples = layer.sample(x, 20_000, generator=torch.Generator().manual_seed(0))
    mean, variance = layer.moments(x)
    assert samples.shape == (20_000, 4, 2)
    torch.testing.assert_close(samples.mean(0), mean, atol=0.03, rtol=0)
    torch.testing.assert_close(samples.var(0), variance, atol=0, rtol=0.05)


def test_averaging_the_activation_over_samples_beats_the_activation_of_the_mean():
    torch.manual_seed(0)
    layer, x = _layer(200, 1, bias=False), _inputs(1, 200)
    x = x - (x @ layer.weight.T) * layer.weight / layer.weight.square().sum()  # mean 0
    truth = layer(x.expand(4000, 200)).relu().mean().item()
    sampled = layer.sample(x, 4000).relu().mean().item()
    of_the_mean = layer.eval()(x).relu().item()
    assert abs(sampled - truth) < 0.1 * abs(of_the_mean - truth)


@pytest.mark.parametrize("mask_per_sample", [True, False])
def test_the_gradient_is_that_of_finite_differences(mask_per_sample):
    layer = _layer(mask_per_sample=mask_per_sample)

    def with_one_mask(x, weight):
        torch.manual_seed(0)
        return torch.func.functional_call(layer, {"weight": weight}, x)

    assert gradcheck(
        with_one_mask,
        (_inputs(4, 3).requires_grad_(), layer.weight.detach().requires_grad_()),
    )


def test_a_dropped_weight_is_not_updated():
    layer = _layer(8, 8, mask_per_sample=False, bias=False)
    layer(torch.ones(1, 8, dtype=torch.float64)).sum().backward()
    assert set(layer.weight.grad.unique().tolist()) == {0.0, 2.0}


def test_half_precision_stays_half_precision():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert DropConnect(3, 2)(torch.randn(4, 3)).dtype == torch.bfloat16


def test_a_bad_probability_is_refused():
    with pytest.raises(
        ValueError, match=r"drop_prob must be at least 0 and below 1, got 1\.5"
    ):
        DropConnect(3, 2, drop_prob=1.5)
