import pytest
import torch

from headway.lab.networks import convnet, maxout_mlp, pooled_convnet


@pytest.mark.parametrize("make", [convnet, maxout_mlp, pooled_convnet])
def test_a_network_answers_each_image(make):
    network = make(input_shape=(1, 8, 8), num_outputs=10)
    assert network(torch.rand(3, 1, 8, 8)).shape == (3, 10)


def test_an_activation_can_be_chosen():
    network = convnet(input_shape=(1, 8, 8), num_outputs=10, activation="Tanh")
    assert sum(isinstance(module, torch.nn.Tanh) for module in network) == 3


@pytest.mark.parametrize(("fractional", "pools"), [(True, 3), (False, 2)])
def test_fractional_pooling_allows_one_more_layer_on_digits(fractional, pools):
    network = pooled_convnet(input_shape=(1, 8, 8), num_outputs=10, fractional=fractional)
    assert sum(isinstance(module, torch.nn.Conv2d) for module in network) == pools
