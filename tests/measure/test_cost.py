import pytest
import torch
from torch import nn

from headway.measure import multiply_adds, num_parameters


def test_parameters_of_a_linear_layer_are_weights_and_biases():
    assert num_parameters(nn.Linear(5, 3)) == 5 * 3 + 3


def test_a_shared_parameter_counts_once():
    layer = nn.Linear(4, 4)
    assert num_parameters(nn.Sequential(layer, layer)) == 20


def test_a_frozen_parameter_counts():
    assert num_parameters(nn.Linear(4, 4).requires_grad_(False)) == 20


def test_multiply_adds_of_a_linear_layer_are_its_weights():
    assert multiply_adds(nn.Linear(5, 3), (5,)) == 15


def test_multiply_adds_of_a_convolution_are_weights_times_output_pixels():
    assert multiply_adds(nn.Conv2d(3, 8, 3, stride=2, padding=1), (3, 9, 9)) == 27 * 8 * 25


def test_multiply_adds_of_a_grouped_convolution_count_the_inputs_of_a_group():
    assert multiply_adds(nn.Conv2d(4, 8, 3, groups=2), (4, 5, 5)) == 2 * 9 * 8 * 9


def test_normalisation_and_activation_cost_no_multiply_adds():
    assert multiply_adds(nn.Sequential(nn.BatchNorm2d(3), nn.ReLU()), (3, 4, 4)) == 0


class _Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]


def test_attention_counts_four_projections_and_two_products():
    length, width = 10, 32
    expected = 4 * length * width**2 + 2 * length**2 * width
    assert multiply_adds(_Attention(), (length, width)) == expected


class _NeedsValues(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(5, 3)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return self.linear(x) if x.sum() < 1 else x


def test_a_forward_that_depends_on_values_is_counted_by_running_it():
    assert multiply_adds(_NeedsValues(), (5,)) == 15


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_multiply_adds_of_any_floating_type(dtype):
    assert multiply_adds(nn.Linear(5, 3).to(dtype), (5,)) == 15


def _untouched_net():
    return nn.Sequential(
        nn.Linear(5, 5), nn.BatchNorm1d(5), nn.Dropout(0.5), nn.Linear(5, 3)
    )


def test_counting_leaves_the_buffers():
    net = _untouched_net()
    before = {name: buffer.clone() for name, buffer in net.named_buffers()}
    multiply_adds(net, (5,))
    assert all(torch.equal(before[name], buffer) for name, buffer in net.named_buffers())


def test_counting_by_running_leaves_the_buffers():
    net = _NeedsValues()
    multiply_adds(net, (5,))
    assert net.calls == 0


def test_counting_leaves_the_training_flags():
    net = _untouched_net()
    net[1].eval()
    multiply_adds(net, (5,))
    assert [part.training for part in net] == [True, False, True, True]


def test_counting_leaves_the_random_state():
    net, before = _untouched_net(), torch.get_rng_state()
    multiply_adds(net, (5,))
    assert torch.equal(torch.get_rng_state(), before)


def test_counting_does_not_hide_what_the_module_raises():
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        multiply_adds(nn.Linear(5, 3), (4,))
