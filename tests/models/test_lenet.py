import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from headway.models import LeNet5, build_model
from headway.models.lenet import PartialConvolution

# LeCun et al. 1998, table I: the maps of S2 that each map of C3 sees.
TABLE_I = [
    "X...XXX..XXXX.XX",
    "XX...XXX..XXXX.X",
    "XXX...XXX..X.XXX",
    ".XXX..XXXX..X.XX",
    "..XXX..XXXX.XX.X",
    "...XXX..XXXX.XXX",
]


def test_the_partial_connections_are_those_of_table_1():
    conv = PartialConvolution()
    nn.init.ones_(conv.weight)
    seen = torch.stack(
        [
            conv(one)[0, :, 0, 0]
            for one in torch.eye(6)[:, None, :, None, None].expand(-1, -1, -1, 5, 5)
        ]
    )
    rows = ["".join("X" if value else "." for value in row) for row in seen.tolist()]
    assert rows == TABLE_I


def test_the_partial_convolution_has_1516_parameters():
    assert sum(p.numel() for p in PartialConvolution().parameters()) == 1516


def test_the_partial_convolution_is_a_convolution_with_missing_kernels():
    torch.manual_seed(0)
    conv, x = PartialConvolution(), torch.randn(2, 6, 9, 9)
    full = nn.Conv2d(6, 16, 5)
    kernels = iter(conv.weight)
    with torch.no_grad():
        full.weight.zero_()
        full.bias.copy_(conv.bias)
        for out in range(16):
            for seen in range(6):
                if TABLE_I[seen][out] == "X":
                    full.weight[out, seen] = next(kernels)
    torch.testing.assert_close(conv(x), full(x))


def test_small_images_get_a_border_of_zeros():
    model = LeNet5().eval()
    small = torch.randn(2, 1, 28, 28)
    large = nn.functional.pad(small, (2, 2, 2, 2))
    assert torch.equal(model(small), model(large))


@pytest.mark.parametrize("input_shape", [(1, 8, 8), (3, 32, 32), (1, 33, 40), (1, 128, 96)])
def test_images_of_any_size_are_taken(input_shape):
    model = build_model("lenet-5", input_shape=input_shape, num_outputs=4)
    assert model(torch.randn(2, *input_shape)).shape == (2, 4)


def test_the_layers_have_the_sizes_of_the_paper():
    model = LeNet5()
    assert model.c1.weight.shape == (6, 1, 5, 5)
    assert model.c3.weight.shape == (16, 6, 5, 5)
    assert [model.c5.out_features, model.f6.out_features] == [120, 84]


def test_the_gradient_of_the_partial_convolution_is_that_of_finite_differences():
    torch.manual_seed(0)
    conv = PartialConvolution().double()
    x = torch.randn(1, 6, 6, 5, dtype=torch.float64, requires_grad=True)
    assert gradcheck(
        lambda x, w, b: torch.func.functional_call(conv, {"weight": w, "bias": b}, (x,)),
        (x, conv.weight, conv.bias),
        fast_mode=True,
    )
