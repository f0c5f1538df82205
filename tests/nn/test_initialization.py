import math

import pytest
import torch
from torch import nn

from headway.nn import initialize_, kaiming_normal_


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
    layer = initialize_(nn.Conv2d(64, 64, 3, bias=False))
    assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / 576), rel=0.02)
