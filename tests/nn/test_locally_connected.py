import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from headway.nn import LocallyConnected2d


@pytest.mark.parametrize(
    ("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2), (2, 0, 2)]
)
def test_equal_kernels_make_it_a_convolution(stride, padding, dilation):
    sizes = {"stride": stride, "padding": padding, "dilation": dilation}
    shared = nn.Conv2d(2, 3, 3, **sizes).double()
    local = LocallyConnected2d(2, 3, 3, input_size=(8, 7), **sizes).double()
    with torch.no_grad():
        local.weight.copy_(shared.weight[..., None, None].expand_as(local.weight))
        local.bias.copy_(shared.bias[:, None, None].expand_as(local.bias))
    x = torch.randn(2, 2, 8, 7, dtype=torch.float64)
    torch.testing.assert_close(local(x), shared(x))


def test_a_unit_sees_its_window_alone():
    local = LocallyConnected2d(1, 1, 2, input_size=(4, 4), stride=2, bias=False)
    x = torch.zeros(1, 1, 4, 4, requires_grad=True)
    local(x)[0, 0, 1, 0].backward()
    assert x.grad[0, 0, 2:, :2].ne(0).all()
    assert x.grad.count_nonzero() == 4


def test_a_unit_has_weights_of_its_own():
    local = LocallyConnected2d(1, 1, 2, input_size=(3, 3), bias=False)
    y = local(torch.ones(1, 1, 3, 3))
    torch.testing.assert_close(y[0, 0, 1, 0], local.weight[0, 0, :, :, 1, 0].sum())


def test_the_gradient_is_that_of_finite_differences():
    torch.manual_seed(0)
    local = LocallyConnected2d(2, 2, 2, input_size=(4, 3), stride=2, padding=1).double()
    x = torch.randn(1, 2, 4, 3, dtype=torch.float64, requires_grad=True)
    assert gradcheck(
        lambda x, w, b: torch.func.functional_call(local, {"weight": w, "bias": b}, (x,)),
        (x, *local.parameters()),
    )


@pytest.mark.parametrize(
    ("side", "stride", "weights"),
    [(14, 2, 576), (14, 1, 1936), (512, 2, 1_040_400), (512, 1, 4_145_296)],
)
def test_windows_of_4x4_have_as_many_weights_as_the_lecture_counts(side, stride, weights):
    with torch.device("meta"):
        local = LocallyConnected2d(1, 1, 4, input_size=(side, side), stride=stride)
    assert local.weight.numel() == weights


def test_sharing_leaves_16_weights_and_a_bias():
    assert sum(p.numel() for p in nn.Conv2d(1, 1, 4, stride=2).parameters()) == 17


def test_two_dense_layers_of_4096_on_1000_numbers_are_a_memory_hog():
    with torch.device("meta"):
        layers = nn.Sequential(nn.Linear(1000, 4096), nn.Linear(4096, 4096))
    assert sum(layer.weight.numel() for layer in layers) == 20_873_216
    assert sum(p.numel() for p in layers.parameters()) == 20_881_408


def test_weights_start_within_the_bound_of_torchs_convolution():
    torch.manual_seed(0)
    local = LocallyConnected2d(4, 2, 3, input_size=(20, 20))
    bound = 1 / 6
    assert local.weight.abs().max() <= bound
    torch.testing.assert_close(
        local.weight.std(), torch.tensor(bound / 3**0.5), rtol=0.02, atol=0.0
    )


def test_windows_larger_than_the_image_are_refused():
    with pytest.raises(ValueError, match=r"windows of 5 pixels do not fit .*\(4, 9\)"):
        LocallyConnected2d(1, 1, 3, input_size=(4, 9), dilation=2)
