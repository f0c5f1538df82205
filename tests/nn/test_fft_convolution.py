import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck

from headway.nn import fft_conv2d, overlap_add_conv2d

ROUTES = [fft_conv2d, overlap_add_conv2d]


def _case(kernel, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(3, 2, *kernel, generator=generator, dtype=dtype)
    x = torch.randn(2, 2, 37, 29, generator=generator, dtype=dtype)
    return x, weight, torch.randn(3, generator=generator, dtype=dtype)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (5, 2), (7, 7), (29, 29)], ids=str)
@pytest.mark.parametrize("padding", [0, 2])
def test_every_route_equals_the_direct_one(route, kernel, padding):
    x, weight, bias = _case(kernel)
    expected = F.conv2d(x, weight, bias, padding=padding)
    actual = route(x, weight, bias, padding=padding)
    assert actual.shape == expected.shape
    assert (actual - expected).abs().max() < 1e-10


@pytest.mark.parametrize("piece", [1, 5, 16, 64])
def test_pieces_of_any_size_give_the_same(piece):
    x, weight, _ = _case((5, 5))
    actual = overlap_add_conv2d(x, weight, piece=piece)
    assert (actual - F.conv2d(x, weight)).abs().max() < 1e-10


@pytest.mark.parametrize("route", ROUTES)
def test_gradients_are_those_of_finite_differences(route):
    torch.manual_seed(0)
    x = torch.randn(1, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(2, 2, 3, 2, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(2, dtype=torch.float64, requires_grad=True)
    assert gradcheck(route, (x, weight, bias))


@pytest.mark.parametrize("route", ROUTES)
def test_gradients_are_those_of_the_direct_route(route):
    x, weight, _ = _case((5, 5))
    x.requires_grad_(), weight.requires_grad_()
    upstream = torch.randn(
        2, 3, 33, 25, generator=torch.Generator().manual_seed(1)
    ).double()
    expected = torch.autograd.grad(F.conv2d(x, weight), (x, weight), upstream)
    actual = torch.autograd.grad(route(x, weight), (x, weight), upstream)
    for ours, theirs in zip(actual, expected, strict=True):
        assert (ours - theirs).abs().max() < 1e-10


@pytest.mark.parametrize("route", ROUTES)
def test_bfloat16_goes_in_and_comes_out(route):
    x, weight, bias = _case((3, 3), torch.bfloat16)
    actual = route(x, weight, bias)
    assert actual.dtype == torch.bfloat16
    expected = F.conv2d(x.float(), weight.float(), bias.float())
    torch.testing.assert_close(actual.float(), expected, atol=0.02, rtol=0.01)


@pytest.mark.parametrize("route", ROUTES)
def test_a_kernel_larger_than_the_image_is_refused(route):
    x, weight = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 5, 5)
    with pytest.raises(ValueError, match=r"kernel of \(5, 5\) does not fit .*\(4, 4\)"):
        route(x, weight)


def test_a_piece_of_no_pixels_is_refused():
    with pytest.raises(ValueError, match="piece must be at least 1, got 0"):
        overlap_add_conv2d(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 3, 3), piece=0)
