import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import gradcheck

from headway.nn import (
    BasicBlock,
    PreActivationBlock,
    PreActivationBottleneck,
    ShortcutA,
    ShortcutProjection,
    initialize_,
)

BLOCKS = [PreActivationBlock, PreActivationBottleneck]


def ready(block):
    """Return the block in float64 with running statistics as after some training."""
    for norm in (part for part in block.modules() if isinstance(part, nn.BatchNorm2d)):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2.0)
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias)
    return block.double().eval()


def images(*shape):
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
def test_a_branch_of_zero_leaves_the_input_exactly(block, mode):
    made = block(8, 8).train(mode)
    made.silence_()
    x = torch.randn(2, 8, 4, 4)  # of any sign: nothing follows the sum
    assert torch.equal(made(x), x)


@pytest.mark.parametrize("shortcut", [ShortcutA, ShortcutProjection])
def test_a_basic_block_is_the_equation_of_the_paper(shortcut):
    torch.manual_seed(0)
    block, x = (
        ready(PreActivationBlock(4, 8, stride=2, shortcut=shortcut)),
        images(2, 4, 6, 6),
    )

    def activated(norm, value):
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        shift = norm.bias - scale * norm.running_mean
        return (value * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)).clamp(min=0)

    first = activated(block.norm1, x)
    hidden = F.conv2d(first, block.conv1.weight, stride=2, padding=1)
    branch = F.conv2d(activated(block.norm2, hidden), block.conv2.weight, padding=1)
    around = x if shortcut is ShortcutA else first  # a projection shares norm and ReLU
    torch.testing.assert_close(block(x), block.shortcut(around) + branch)


def test_a_bottleneck_works_on_a_quarter_of_its_channels():
    block = PreActivationBottleneck(16, 64, stride=2)
    shapes = [tuple(conv.weight.shape) for conv in (block.conv1, block.conv2, block.conv3)]
    assert shapes == [(16, 16, 1, 1), (16, 16, 3, 3), (64, 16, 1, 1)]
    assert block.conv1.stride == (2, 2)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("shortcut", [ShortcutA, ShortcutProjection])
def test_the_gradient_is_that_of_finite_differences(block, shortcut):
    torch.manual_seed(0)
    assert gradcheck(ready(block(4, 8, stride=2, shortcut=shortcut)), (images(2, 4, 3, 3),))


@pytest.mark.parametrize("block", BLOCKS)
def test_branch_and_skip_are_the_parts_of_the_sum(block):
    made, x = ready(block(4, 8, stride=2, shortcut=ShortcutProjection)), images(2, 4, 6, 6)
    torch.testing.assert_close(made.skip(x) + made.branch(x), made(x))


def test_pre_activation_blocks_add_up_without_anything_between():
    torch.manual_seed(0)
    blocks = nn.Sequential(
        *[ready(initialize_(PreActivationBlock(4, 4))) for _ in range(5)]
    )
    x = images(2, 4, 5, 5)
    values, total = x, x
    for block in blocks:
        total = total + block.branch(values)
        values = block(values)
    torch.testing.assert_close(values, total)


def test_post_activation_blocks_do_not_add_up():
    torch.manual_seed(0)
    block = ready(BasicBlock(4, 4))
    x = images(2, 4, 5, 5)
    assert not torch.allclose(block(x), x + block.branch(x))


def test_dropout_stands_between_the_convolutions():
    torch.manual_seed(0)
    block = PreActivationBlock(4, 4, drop_prob=0.5)
    for norm in (block.norm1, block.norm2):
        norm.eval()
    x = torch.randn(2, 4, 5, 5)
    assert not torch.equal(block(x), block(x))
    assert torch.equal(block.eval()(x), block(x))


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_that_stochastic_depth_leaves_out_is_its_shortcut(block):
    made = block(4, 8, stride=2, shortcut=ShortcutProjection)
    for norm in (part for part in made.modules() if isinstance(part, nn.BatchNorm2d)):
        norm.eval()
    made.depth.drop_prob = 1.0
    x = torch.randn(2, 4, 6, 6)
    assert torch.equal(made(x), made.skip(x))


def test_a_projection_between_equal_shapes_is_the_identity():
    x = torch.randn(2, 4, 3, 3)
    assert ShortcutProjection(4, 4)(x) is x


def test_a_bottleneck_of_a_width_that_has_no_quarter_is_refused():
    with pytest.raises(ValueError, match=r"positive multiple of 4.*got 6"):
        PreActivationBottleneck(4, 6)
