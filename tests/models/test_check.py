import pytest
import torch
from torch import nn

from headway.errors import ModelError
from headway.models import check_model


class _Returns(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        return self.value


class _DrawsNoise(nn.Module):
    def forward(self, x):
        return x + torch.randn_like(x)


def test_a_model_that_fits_passes():
    check_model(nn.Linear(5, 3), (5,), 3)


def test_a_model_of_another_input_shape_is_refused():
    with pytest.raises(ModelError, match=r"'Linear' fails on an input of shape \(2, 4\)"):
        check_model(nn.Linear(5, 3), (4,), 3)


def test_the_cause_of_a_failure_is_kept():
    with pytest.raises(ModelError) as caught:
        check_model(nn.Linear(5, 3), (4,), 3)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_wrong_number_of_outputs_is_refused():
    with pytest.raises(ModelError, match=r"a tensor of shape \(2, 3\).*expected.*\(2, 7\)"):
        check_model(nn.Linear(5, 3), (5,), 7)


def test_an_output_with_more_dimensions_is_refused():
    with pytest.raises(ModelError, match=r"a tensor of shape \(2, 7, 3\)"):
        check_model(nn.Linear(5, 3), (7, 5), 3)


@pytest.mark.parametrize("value", [(torch.zeros(2, 3),), None, {"logits": 1}])
def test_an_output_that_is_no_tensor_is_refused(value):
    with pytest.raises(ModelError, match=f"an object of type {type(value).__name__}"):
        check_model(_Returns(value), (5,), 3)


def test_the_message_uses_the_given_name():
    with pytest.raises(ModelError, match="model 'mine' fails"):
        check_model(nn.Linear(5, 3), (4,), 3, name="mine")


def test_batch_norm_is_left_as_it_was():
    norm = nn.BatchNorm1d(3)
    check_model(nn.Sequential(norm), (3,), 3)
    assert norm.num_batches_tracked == 0
    assert norm.training


def test_the_random_state_is_left_as_it_was():
    model = _DrawsNoise()
    before = torch.get_rng_state()
    check_model(model, (5,), 5)
    assert torch.equal(torch.get_rng_state(), before)


def test_lazy_parameters_get_their_shapes():
    layer = nn.LazyLinear(3)
    check_model(layer, (5,), 3)
    assert layer.weight.shape == (3, 5)
