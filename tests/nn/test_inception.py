import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import gradcheck

from headway.measure import multiply_adds
from headway.nn import Inception, InceptionReduction, NormInception, conv_relu

BLOCKS = {
    "inception": lambda: Inception(2, (2, 3, 2, 1), reduced=(2, 2)),
    "norm": lambda: NormInception(2, (2, 3, 2, 1), reduced=(2, 2)),
    "norm max": lambda: NormInception(2, (2, 3, 2, 1), reduced=(2, 2), pool="max"),
    "reduction": lambda: InceptionReduction(2, (3, 2), reduced=(2, 2)),
}


@pytest.mark.parametrize("build", BLOCKS.values(), ids=BLOCKS)
def test_the_gradient_is_that_of_finite_differences(build):
    torch.manual_seed(0)
    block = build().double().eval()
    x = torch.randn(2, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    assert gradcheck(block, (x,))


@pytest.mark.parametrize(
    ("build", "shape"),
    list(zip(BLOCKS.values(), [(8, 5, 5), (8, 5, 5), (8, 5, 5), (7, 3, 3)], strict=True)),
    ids=BLOCKS,
)
def test_the_branches_lie_side_by_side(build, shape):
    assert build()(torch.randn(2, 2, 5, 5)).shape == (2, *shape)


def test_the_order_of_the_branches_is_1_3_5_pool():
    torch.manual_seed(0)
    block, x = Inception(2, (2, 3, 2, 1), reduced=(2, 2)), torch.randn(1, 2, 6, 6)
    y = block(x)
    kernels = [block.branch1[0], block.branch2[1][0], block.branch3[1][0]]
    assert [k.kernel_size[0] for k in kernels] == [1, 3, 5]
    torch.testing.assert_close(y[:, :2], block.branch1[0](x).relu())
    pooled = F.max_pool2d(x, 3, stride=1, padding=1)
    torch.testing.assert_close(y[:, 7:], block.branch4[1][0](pooled).relu())


def test_a_reduction_lets_the_channels_through_its_pooling():
    block, x = InceptionReduction(2, (3, 2), reduced=(2, 2)), torch.randn(1, 2, 6, 6)
    assert torch.equal(block(x)[:, 5:], F.max_pool2d(x, 3, stride=2, padding=1))


def test_reducing_channels_first_saves_most_multiply_adds():
    """Block 3a of GoogLeNet, beside its four branches without the 1x1 convolutions."""
    block = Inception(192, (64, 128, 32, 32), reduced=(96, 16))
    naive = nn.ModuleList(
        [conv_relu(192, 64, 1), conv_relu(192, 128, 3), conv_relu(192, 32, 5)]
    )
    shape = (192, 28, 28)
    full = sum(multiply_adds(branch, shape) for branch in naive)
    assert multiply_adds(block, shape) < 0.5 * full
