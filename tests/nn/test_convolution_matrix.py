import re

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck

from headway.nn import convolution_matrix, output_size

SETTINGS = [(1, 0), (2, 0), (2, 1), (3, 2)]


def _case():
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(3, 2, 3, 2, generator=generator, dtype=torch.float64)
    x = torch.randn(4, 2, 7, 6, generator=generator, dtype=torch.float64)
    return weight, x


@pytest.mark.parametrize(("stride", "padding"), SETTINGS)
def test_the_matrix_times_the_image_is_the_convolution(stride, padding):
    weight, x = _case()
    matrix = convolution_matrix(weight, (7, 6), stride=stride, padding=padding)
    expected = F.conv2d(x, weight, stride=stride, padding=padding)
    actual = (matrix @ x.flatten(1).T).T.view_as(expected)
    torch.testing.assert_close(actual, expected, atol=1e-10, rtol=0.0)


@pytest.mark.parametrize(("stride", "padding"), SETTINGS)
def test_the_transpose_is_the_backward_pass(stride, padding):
    weight, x = _case()
    x.requires_grad_()
    y = F.conv2d(x, weight, stride=stride, padding=padding)
    upstream = torch.randn(y.shape, generator=torch.Generator().manual_seed(1)).double()
    (expected,) = torch.autograd.grad(y, x, upstream)
    matrix = convolution_matrix(weight, (7, 6), stride=stride, padding=padding)
    actual = (matrix.T @ upstream.flatten(1).T).T.view_as(x)
    torch.testing.assert_close(actual, expected, atol=1e-10, rtol=0.0)


def test_the_transpose_is_the_adjoint():
    """<A x, y> = <x, A' y> for the operator of torch and the matrix of ours."""
    weight, x = _case()
    convolved = F.conv2d(x[0], weight)
    y = torch.randn(convolved.numel(), generator=torch.Generator().manual_seed(2)).double()
    matrix = convolution_matrix(weight, (7, 6))
    torch.testing.assert_close(convolved.flatten() @ y, x[0].flatten() @ (matrix.T @ y))


def test_flipping_makes_it_the_convolution_of_mathematics():
    """(w * x)[n] = sum of w[i] x[n - i]: an impulse returns the kernel as it is."""
    weight = torch.arange(1.0, 10).view(1, 1, 3, 3)
    impulse = torch.zeros(1, 1, 5, 5)
    impulse[..., 2, 2] = 1.0
    correlated, convolved = (
        (convolution_matrix(weight, (5, 5), flip=flip) @ impulse.flatten()).view(3, 3)
        for flip in (False, True)
    )
    assert torch.equal(convolved, weight[0, 0])
    assert torch.equal(correlated, weight[0, 0].flip(0, 1))


def test_two_pixels_by_two_on_five_by_five_are_16_rows_of_4():
    matrix = convolution_matrix(torch.ones(1, 1, 2, 2), (5, 5)).to_dense()
    assert matrix.shape == (16, 25)
    assert matrix.sum(dim=1).eq(4).all()
    assert matrix[0].nonzero().flatten().tolist() == [0, 1, 5, 6]


def test_the_same_at_stride_2_with_zeros_around_has_9_rows_of_the_pixels_there_are():
    matrix = convolution_matrix(torch.ones(1, 1, 2, 2), (5, 5), stride=2, padding=1)
    assert matrix.shape == (9, 25)
    assert matrix.to_dense().sum(dim=1).tolist() == [1, 2, 2, 2, 4, 4, 2, 4, 4]


def test_the_matrix_of_a_same_convolution_is_square_and_sparse():
    side = 16
    matrix = convolution_matrix(torch.ones(1, 1, 3, 3), (side, side), padding=1)
    assert matrix.shape == (side**2, side**2)
    assert matrix.values().numel() == (3 * side - 2) ** 2


def test_gradients_reach_the_weights():
    weight, x = _case()
    weight.requires_grad_()
    image = x[:1].flatten()[:, None]
    assert gradcheck(
        lambda w: torch.sparse.mm(convolution_matrix(w, (7, 6), stride=2), image), (weight,)
    )


def test_a_kernel_larger_than_the_image_is_refused():
    with pytest.raises(ValueError, match=r"kernel of \(3, 3\) does not fit .*\(2, 5\)"):
        convolution_matrix(torch.ones(1, 1, 3, 3), (2, 5))


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "windows"),
    [(14, 4, 2, 6), (14, 4, 1, 11), (512, 4, 2, 255), (512, 4, 1, 509), (5, 2, 1, 4)],
)
def test_windows_along_a_side(side, kernel, stride, windows):
    assert output_size(side, kernel, stride=stride) == windows


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1])
def test_windows_are_those_of_torch_where_they_fit(stride, padding):
    for side in range(4, 12):
        if (side + 2 * padding - 3) % stride == 0:
            y = F.conv2d(
                torch.zeros(1, 1, side, side),
                torch.zeros(1, 1, 3, 3),
                stride=stride,
                padding=padding,
            )
            assert output_size(side, 3, stride=stride, padding=padding) == y.shape[-1]


def test_windows_that_do_not_reach_the_edge_are_refused_with_a_padding_that_helps():
    expected = r"with 0 zeros: \(5 - 2\) / 2 \+ 1 = 2.5; padding \(0, 1\) makes it 3"
    with pytest.raises(ValueError, match=expected):
        output_size(5, 2, stride=2)


@pytest.mark.parametrize(("side", "kernel", "stride"), [(5, 2, 2), (2, 5, 3), (9, 4, 4)])
def test_the_padding_of_the_message_fits(side, kernel, stride):
    with pytest.raises(ValueError, match="makes it") as caught:
        output_size(side, kernel, stride=stride)
    before, after, windows = re.findall(
        r"padding \((\d+), (\d+)\) makes it (\d+)", str(caught.value)
    )[0]
    padding = (int(before), int(after))
    assert output_size(side, kernel, stride=stride, padding=padding) == int(windows)
